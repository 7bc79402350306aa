import type { Case } from "./case.ts";
import { framingCases } from "./framing-cases.ts";
import { h2cCases } from "./h2c-cases.ts";
import { offerCases } from "./offer-cases.ts";
import { webSocketCases } from "./websocket-cases.ts";

/** Everything that is asked, under the heading that it is shown under. */
export const families: readonly { readonly heading: string; readonly cases: readonly Case[] }[] = [
  { heading: "Offers", cases: offerCases },
  { heading: "Framing", cases: framingCases },
  { heading: "HTTP/2", cases: h2cCases },
  { heading: "WebSocket", cases: webSocketCases },
];

export const allCases: readonly Case[] = families.flatMap(({ cases }) => cases);
