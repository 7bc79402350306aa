import type { Suite } from "./suite.ts";
import { connectionsWarmUpMs, usual } from "./workload.ts";

const http2 = { ...usual, speaks: "http2", connections: 16 } as const;
const byH2load = { ...http2, client: "h2load" } as const;
const native = { "node:http2": { server: "node:http2" } } as const;
const handedOver = { "node:http2, handed over": { server: "node:http2 handed over" } } as const;
const listener = { "node:http2, request listener": { server: "node:http2 requests" } } as const;
const ours = { server: "turnout", modules: ["http2"] } as const;
const upgraded = { "turnout (upgrade)": { ...ours, door: "upgrade" } } as const;

/** Of servers that know the upgrade there are few: Apache's httpd is one. */
const everyone = {
  ...native,
  turnout: ours,
  ...upgraded,
  "Apache httpd (upgrade)": { server: "apache", door: "upgrade" },
} as const;

export const http2Suite: Suite = {
  name: "http2",
  tables: [
    {
      title: "requests, by h2load",
      rows: {
        single: { ...byH2load, title: "GET, 16 connections" },
        streams: { ...byH2load, title: "GET, 16 connections, 10 streams each", inFlight: 10, short: true },
        wide: { ...byH2load, title: "GET, 1 connection, 100 streams", connections: 1, inFlight: 100 },
        post: {
          ...byH2load,
          title: "POST of 1 KiB, 16 connections, 10 streams each",
          inFlight: 10,
          contentBytes: 1024,
          short: true,
        },
      },
      contenders: { ...native, ...handedOver, turnout: ours, ...listener },
    },
    {
      title: "requests, by a client that can upgrade",
      rows: { doors: { ...http2, title: "GET, 16 connections, 10 streams each", inFlight: 10 } },
      contenders: { ...native, turnout: ours, ...upgraded },
    },
    {
      title: "connections",
      rows: {
        opening: {
          ...http2,
          title: "new connection, first answer, 32 at a time",
          does: "connections",
          warmUpMs: connectionsWarmUpMs,
          connections: 32,
          short: true,
        },
        first: {
          ...http2,
          title: "new connection, time to the first answer, one at a time",
          does: "connections",
          warmUpMs: connectionsWarmUpMs,
          connections: 1,
          tells: "time",
        },
      },
      contenders: everyone,
    },
    {
      title: "HTTP/1.1 beside it",
      rows: {
        beside: { ...usual, title: "GET, keep-alive, 64 connections", client: "h2load" },
        "beside-new": {
          ...usual,
          title: "new connection, GET, 32 at a time",
          does: "connections",
          warmUpMs: connectionsWarmUpMs,
          connections: 32,
        },
      },
      contenders: { "turnout without HTTP/2": { server: "turnout" }, "turnout with HTTP/2": ours },
    },
  ],
};
