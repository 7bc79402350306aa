import { createServer } from "node:http";
import { compression, payloadOf } from "../suites/workload.ts";
import type { Order, Served } from "./index.ts";
import { listening } from "./listening.ts";
import { requirePeer } from "./peers.ts";

interface WsSocket {
  on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  send(data: Buffer | string, options?: { readonly binary: boolean }): void;
}

interface WsServer {
  readonly clients: ReadonlySet<WsSocket>;
  on(event: "connection", listener: (socket: WsSocket) => void): void;
}

interface Ws {
  readonly WebSocketServer: new (options: object) => WsServer;
}

/** Text is handed over as a buffer, and sent as one: ws makes no string of it. */
export function serve({ workload: { does, message, deflate } }: Order): Promise<Served> {
  const { WebSocketServer } = requirePeer("ws") as Ws;
  const http = createServer();
  const server = new WebSocketServer({
    server: http,
    perMessageDeflate: deflate && {
      threshold: compression.thresholdBytes,
      zlibDeflateOptions: { level: compression.level },
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
    },
  });
  const text = payloadOf(message).toString("latin1");
  server.on("connection", (socket) => {
    socket.on("error", () => {});
    socket.on("message", (data, isBinary) => {
      if (does === "broadcast") {
        for (const client of server.clients) {
          client.send(text);
        }
      } else {
        socket.send(data, { binary: isBinary });
      }
    });
  });
  return listening(http);
}
