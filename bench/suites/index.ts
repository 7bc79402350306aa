import { http2Suite } from "./http2.ts";
import type { Suite } from "./suite.ts";
import { tls } from "./tls.ts";
import { websocket } from "./websocket.ts";
import { wire } from "./wire.ts";

export const suites: readonly Suite[] = [wire, websocket, http2Suite, tls];
