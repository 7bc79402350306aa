import type { ModuleName } from "../suites/suite.ts";
import type { Workload } from "../suites/workload.ts";
import { uWebSocketsBinary } from "./peers.ts";

/** What a server is started for. */
export interface Order {
  readonly workload: Workload;
  readonly modules: readonly ModuleName[];
  readonly idleModules: number;
}

export interface Served {
  /** Of 127.0.0.1. */
  readonly port: number;
  /** What the server has used of a processor, in milliseconds, where that is not what its process has. */
  readonly processorMs?: () => number;
}

export type Serve = (order: Order) => Promise<Served>;

/** A server in a process of its own, which loads nothing of the others. */
export interface ServerProgram {
  readonly serve: Serve;
  /** What it loads of bench/node_modules. */
  readonly peers?: readonly string[];
  /** What it needs of the system: a program, and the argument that asks for its version. */
  readonly program?: readonly [string, string];
  readonly env?: Readonly<Record<string, string>>;
}

export type ServerName =
  | "node:net"
  | "node:tls"
  | "turnout"
  | "node:http"
  | "node:https"
  | "node:http2"
  | "node:http2 handed over"
  | "node:http2 requests"
  | "ws"
  | "ws+bufferutil"
  | "uWebSockets.js"
  | "apache";

const ws: Serve = async (order) => (await import("./ws.ts")).serve(order);

export const servers: Readonly<Record<ServerName, ServerProgram>> = {
  "node:net": { serve: async (order) => (await import("./ceiling.ts")).serve(order) },
  "node:tls": { serve: async (order) => (await import("./ceiling.ts")).serve(order) },
  turnout: { serve: async (order) => (await import("./turnout.ts")).serve(order) },
  "node:http": { serve: async (order) => (await import("./node-http.ts")).serve(order) },
  "node:https": { serve: async (order) => (await import("./node-http.ts")).serve(order) },
  "node:http2": { serve: async () => (await import("./node-http2.ts")).serve() },
  "node:http2 handed over": { serve: async () => (await import("./node-http2.ts")).serveHandedOver() },
  "node:http2 requests": { serve: async () => (await import("./node-http2.ts")).serveRequests() },
  ws: { serve: ws, peers: ["ws"], env: { WS_NO_BUFFER_UTIL: "1" } },
  "ws+bufferutil": { serve: ws, peers: ["ws", "bufferutil"] },
  "uWebSockets.js": {
    serve: async (order) => (await import("./u-web-sockets.ts")).serve(order),
    peers: [uWebSocketsBinary],
  },
  apache: { serve: async () => (await import("./apache.ts")).serve(), program: ["apache2", "-v"] },
};
