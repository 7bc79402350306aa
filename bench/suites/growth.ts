import type { Contender } from "./suite.ts";
import { connectionsWarmUpMs, usual, type Workload } from "./workload.ts";

/** A workload that grows, while one request stays the same, or grows by itself. */
export interface Growth {
  readonly title: string;
  /** What grows, in words. */
  readonly grows: string;
  /** Whether the axis has equal steps for equal factors; a cost that is proportional is a line on the other one. */
  readonly logarithmic: boolean;
  readonly sizes: readonly number[];
  readonly contenders: Readonly<Record<string, (size: number) => Contender>>;
  readonly workload: (size: number) => Workload;
}

const both: Growth["contenders"] = {
  turnout: () => ({ server: "turnout", modules: ["bench/1"] }),
  "node:http": () => ({ server: "node:http" }),
};

export const growths: readonly Growth[] = [
  {
    title: "more connections: flat is good",
    grows: "connections, one request in flight on each",
    logarithmic: true,
    sizes: [10, 100, 1000, 10_000],
    contenders: both,
    workload: (connections) => ({
      ...usual,
      title: "connections",
      connections,
      warmUpMs: connections > 1000 ? 1500 : 500,
    }),
  },
  {
    title: "deeper pipelines: falling is good",
    grows: "requests in flight on each of 64 connections",
    logarithmic: true,
    sizes: [1, 4, 16, 64],
    contenders: both,
    workload: (inFlight) => ({ ...usual, title: "pipelines", inFlight }),
  },
  {
    title: "longer heads: a straight line is good",
    grows: "bytes of a request's head",
    logarithmic: false,
    sizes: [40, 2048, 4096, 8192, 16_384],
    contenders: both,
    workload: (headBytes) => ({ ...usual, title: "heads", headBytes }),
  },
  {
    title: "more modules: flat is good",
    grows: "modules registered (new connection, Upgrade)",
    logarithmic: true,
    sizes: [1, 10, 100],
    contenders: { turnout: (idleModules) => ({ server: "turnout", modules: ["bench/1"], idleModules }) },
    workload: () => ({
      ...usual,
      title: "modules",
      speaks: "bench/1",
      does: "connections",
      connections: 32,
      warmUpMs: connectionsWarmUpMs,
    }),
  },
  {
    title: "longer messages: a straight line is good",
    grows: "bytes of a message that is echoed over a WebSocket",
    logarithmic: false,
    sizes: [32, 4096, 16_384, 65_536],
    contenders: { turnout: () => ({ server: "turnout", modules: ["websocket"] }), ws: () => ({ server: "ws" }) },
    workload: (bytes) => ({
      ...usual,
      title: "messages",
      speaks: "websocket",
      connections: 16,
      message: { kind: "binary", bytes },
    }),
  },
];
