import type { Row, Suite } from "./suite.ts";
import { connectionsWarmUpMs, usual } from "./workload.ts";

const kib = 1024;
const webSocket = { ...usual, speaks: "websocket" } as const;

const exchanges: Readonly<Record<string, Row>> = {
  handshakes: {
    ...webSocket,
    title: "new connection and handshake, 32 at a time",
    does: "connections",
    warmUpMs: connectionsWarmUpMs,
    connections: 32,
    short: true,
  },
  "echo-32": { ...webSocket, title: "echo of 32 B, 64 connections", short: true },
  "echo-32x16": { ...webSocket, title: "echo of 32 B, 16 in flight, 64 connections", inFlight: 16, short: true },
  "echo-1k": { ...webSocket, title: "echo of 1 KiB, 64 connections", message: { kind: "text", bytes: kib } },
  "echo-64k": {
    ...webSocket,
    title: "echo of 64 KiB, 8 connections",
    message: { kind: "binary", bytes: 64 * kib },
    connections: 8,
    short: true,
  },
  "echo-1m": {
    ...webSocket,
    title: "echo of 1 MiB, 2 connections",
    message: { kind: "binary", bytes: kib * kib },
    connections: 2,
    short: true,
  },
  broadcast: {
    ...webSocket,
    title: "broadcast of 1 KiB to 1,000 sockets",
    does: "broadcast",
    connections: 1000,
    message: { kind: "text", bytes: kib },
    short: true,
  },
};

const everyone = {
  "node:net": { server: "node:net" },
  turnout: { server: "turnout", modules: ["websocket"] },
  ws: { server: "ws" },
  "ws+bufferutil": { server: "ws+bufferutil" },
  "uWebSockets.js": { server: "uWebSockets.js" },
} as const;

export const websocket: Suite = {
  name: "websocket",
  tables: [
    { title: "handshakes or messages", rows: exchanges, contenders: everyone },
    {
      title: "permessage-deflate, messages",
      rows: {
        "deflate-1k": {
          ...webSocket,
          title: "echo of 1 KiB of JSON, 64 connections",
          message: { kind: "json", bytes: kib },
          deflate: true,
          short: true,
        },
        "deflate-64k": {
          ...webSocket,
          title: "echo of 64 KiB of JSON, 8 connections",
          message: { kind: "json", bytes: 64 * kib },
          connections: 8,
          deflate: true,
        },
      },
      contenders: { ws: everyone.ws, turnout: everyone.turnout },
    },
    {
      title: "resident memory",
      rows: {
        "idle-sockets": {
          ...webSocket,
          title: "idle sockets",
          does: "idle",
          connections: 10_000,
          tells: "memory",
          short: true,
        },
      },
      contenders: everyone,
    },
  ],
};
