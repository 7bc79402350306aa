import { uWebSocketsBinary } from "../peers.ts";
import type { Workload } from "../workloads.ts";

/** Starts a server for a workload, on a free port of 127.0.0.1, and gives the port. */
export type Serve = (workload: Workload) => Promise<number>;

export interface Contender {
  /** Loads nothing of the others: each is alone in its process. */
  readonly serve: Serve;
  /** What it loads of bench/node_modules. */
  readonly peers: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export type ContenderName = "node:net" | "turnout" | "ws" | "ws+bufferutil" | "uWebSockets.js";

const serveWithWs: Serve = async (workload) => (await import("./ws.ts")).serve(workload);

export const contenders: Readonly<Record<ContenderName, Contender>> = {
  "node:net": {
    serve: async (workload) => (await import("./node-net.ts")).serve(workload),
    peers: [],
    env: {},
  },
  turnout: {
    serve: async (workload) => (await import("./turnout.ts")).serve(workload),
    peers: [],
    env: {},
  },
  ws: { serve: serveWithWs, peers: ["ws"], env: { WS_NO_BUFFER_UTIL: "1" } },
  "ws+bufferutil": { serve: serveWithWs, peers: ["ws", "bufferutil"], env: {} },
  "uWebSockets.js": {
    serve: async (workload) => (await import("./u-web-sockets.ts")).serve(workload),
    peers: [uWebSocketsBinary],
    env: {},
  },
};
