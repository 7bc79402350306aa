import type { Suite } from "./suite.ts";
import { connectionsWarmUpMs, usual } from "./workload.ts";

const ceiling = { "node:net": { server: "node:net" } } as const;
const turnout = { turnout: { server: "turnout", modules: ["bench/1"] } } as const;
const ordinary = {
  ...ceiling,
  ...turnout,
  "node:http": { server: "node:http" },
  "uWebSockets.js": { server: "uWebSockets.js" },
} as const;

export const wire: Suite = {
  name: "wire",
  tables: [
    {
      title: "HTTP/1.1",
      rows: {
        "keep-alive": { ...usual, title: "GET, keep-alive, 64 connections", short: true },
        pipelined: { ...usual, title: "GET, 16 pipelined, 64 connections", inFlight: 16, short: true },
        reconnecting: {
          ...usual,
          title: "new connection, GET, 32 at a time",
          does: "connections",
          warmUpMs: connectionsWarmUpMs,
          connections: 32,
        },
      },
      contenders: ordinary,
    },
    {
      title: "HTTP/1.1, load by wrk",
      rows: {
        "wrk-keep-alive": { ...usual, title: "GET, keep-alive, 64 connections", client: "wrk", short: true },
        "wrk-pipelined": { ...usual, title: "GET, 16 pipelined, 64 connections", client: "wrk", inFlight: 16 },
      },
      contenders: ordinary,
    },
    {
      title: "switching",
      rows: {
        upgrade: {
          ...usual,
          title: "new connection, Upgrade, first answer, 32 at a time",
          speaks: "bench/1",
          does: "connections",
          warmUpMs: connectionsWarmUpMs,
          connections: 32,
          short: true,
        },
        "switched-32": { ...usual, title: "switched, echo of 32 B, 64 connections", speaks: "bench/1", short: true },
        "switched-64k": {
          ...usual,
          title: "switched, echo of 64 KiB, 8 connections",
          speaks: "bench/1",
          connections: 8,
          message: { kind: "binary", bytes: 65_536 },
        },
      },
      contenders: { ...ceiling, ...turnout, "node:http": { server: "node:http" } },
    },
    {
      title: "resident memory",
      rows: {
        idle: {
          ...usual,
          title: "idle connections, after one GET",
          does: "idle",
          connections: 10_000,
          tells: "memory",
          short: true,
        },
      },
      contenders: ordinary,
    },
  ],
};
