import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { requirePeer } from "../peers.ts";
import { compression, type Workload } from "../workloads.ts";

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
export function serve({ kind, message, deflate }: Workload): Promise<number> {
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
  const text = message.payload.toString("latin1");
  server.on("connection", (socket) => {
    socket.on("error", () => {});
    socket.on("message", (data, isBinary) => {
      if (kind === "broadcast") {
        for (const client of server.clients) {
          client.send(text);
        }
      } else {
        socket.send(data, { binary: isBinary });
      }
    });
  });
  return new Promise((resolve) => {
    http.listen({ port: 0, host: "127.0.0.1" }, () => resolve((http.address() as AddressInfo).port));
  });
}
