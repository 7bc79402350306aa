import type { Suite } from "./suite.ts";
import { connectionsWarmUpMs, usual } from "./workload.ts";

const sixteenNew = { ...usual, does: "connections", warmUpMs: connectionsWarmUpMs, connections: 16 } as const;
const kept = { ...usual, title: "GET, keep-alive, 32 connections", connections: 32 } as const;

export const tls: Suite = {
  name: "tls",
  tables: [
    {
      title: "TLS 1.3",
      rows: {
        "tls-new": {
          ...sixteenNew,
          title: "new connection, handshake, GET, close, 16 at a time",
          secure: true,
          short: true,
        },
        "tls-keep-alive": { ...kept, secure: true, short: true },
      },
      contenders: {
        "node:tls": { server: "node:tls" },
        turnout: { server: "turnout", modules: ["tls"] },
        "node:https": { server: "node:https" },
      },
    },
    {
      title: "clear text",
      rows: {
        "clear-new": { ...sixteenNew, title: "new connection, GET, 16 at a time" },
        "clear-keep-alive": kept,
      },
      contenders: {
        "turnout alone": { server: "turnout" },
        "with TLS": { server: "turnout", modules: ["tls"] },
        "with TLS and HTTP/2": { server: "turnout", modules: ["tls", "http2"] },
      },
    },
  ],
};
