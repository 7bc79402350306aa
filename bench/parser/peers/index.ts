import type { Level, Peer } from "../peer.ts";
import { httpParserJs, llhttp } from "./binding.ts";
import { llhttpWasm } from "./llhttp-wasm.ts";
import { turnout } from "./turnout.ts";

export interface PeerProgram {
  readonly make: (level: Level) => Peer;
  /** What it loads of bench/node_modules. */
  readonly peer?: string;
}

/** The others are compared with the first. */
export const peers: Readonly<Record<string, PeerProgram>> = {
  "Node's llhttp": { make: llhttp },
  turnout: { make: turnout },
  "http-parser-js": { make: httpParserJs, peer: "http-parser-js" },
  "llhttp in WebAssembly": { make: llhttpWasm, peer: "undici/lib/llhttp/llhttp_simd-wasm.js" },
};
