import { expect } from "chai";
import type { ModuleError, ResponseLike } from "turnout";
import { codeOf } from "./failures.ts";

/** An answer with trailers, and what it was asked for. */
export interface Trailing {
  readonly response: ResponseLike;
  /** `piece` for each piece of the content that was asked for, `trailers` for the fields. */
  readonly asked: readonly string[];
}

/** An answer of a stream of `pieces` with `trailers` behind it. */
export function trailing(
  pieces: readonly string[],
  trailers: NonNullable<ResponseLike["trailers"]> = () => ({ "X-Sum": "7" }),
  more: ResponseLike = {},
): Trailing {
  const asked: string[] = [];
  return {
    asked,
    response: {
      ...more,
      body: (function* () {
        for (const piece of pieces) {
          asked.push("piece");
          yield piece;
        }
      })(),
      trailers: () => {
        asked.push("trailers");
        return trailers();
      },
    },
  };
}

/** Trailers that cannot be sent. */
export const brokenTrailers: Readonly<Record<string, NonNullable<ResponseLike["trailers"]>>> = {
  "RFC 9110 section 6.5.1: framing": () => ({ "Content-Length": "5" }),
  "RFC 9110 section 6.5.1: routing": async () => ({ Host: "h" }),
  "RFC 9110 section 6.5.1: the connection": () => ({ Connection: "close" }),
  "RFC 9110 section 6.5.1: content format": () => [["content-type", "text/plain"]],
  "RFC 9112 section 11.1: a line end in a value": () => ({ "X-Sum": "1\r\n\r\nHTTP/1.1 200 OK" }),
  "RFC 9113 section 8.1: a pseudo-field": () => ({ ":status": "200" }),
};

/** The application has answered with what cannot be sent, and that is all that was reported. */
export function expectRefusedTrailers(faults: readonly ModuleError[]): void {
  expect(faults.map(codeOf)).to.deep.equal(["ERR_TURNOUT_RESPOND"]);
  expect(codeOf(faults[0]!.cause)).to.equal("ERR_TURNOUT_RESPONSE");
}
