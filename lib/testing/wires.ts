import { once } from "node:events";
import { type AddressInfo, connect as connectTcp, createServer as createNetServer, type Socket } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { selfSigned } from "../certificate.ts";
import type { Server } from "../server.ts";
import { resetSocket } from "./client.ts";

/** Something that bytes travel over. */
export type Wire = "memory" | "TCP" | "TLS";

/** Ways to a server, over one kind of wire. */
export interface WireEnd {
  /** A new connection to the server; the client's side of it. */
  connect(): Promise<Duplex>;
  /** Breaks a connection without a word. */
  reset(stream: Duplex): void;
  close(): Promise<void>;
}

/** Opens a wire to `server`, which need not listen. */
export async function openWire(wire: Wire, server: Server): Promise<WireEnd> {
  if (wire === "memory") {
    return memory(server);
  }
  const certificate = wire === "TLS" ? selfSigned() : undefined;
  const accept = (socket: Socket): void => server.accept(socket);
  const listener =
    certificate === undefined
      ? createNetServer({ allowHalfOpen: true, noDelay: true }, accept)
      : createTlsServer({ ...certificate, allowHalfOpen: true }, accept);
  // The handshake of a client that has given up: nobody is left to tell.
  listener.on("tlsClientError", () => {});
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const sockets = new Map<Duplex, Socket>();
  return {
    connect: async () => {
      const socket = connectTcp({ host: "127.0.0.1", port, allowHalfOpen: true, noDelay: true });
      await once(socket, "connect");
      const stream = certificate === undefined ? socket : await secure(socket, certificate.cert);
      sockets.set(stream, socket);
      return stream;
    },
    reset: (stream) => {
      resetSocket(sockets.get(stream)!);
    },
    close: async () => {
      listener.close();
      await once(listener, "close");
    },
  };
}

/** TLS over a socket that stays in our hands: one that a TLSSocket owns can no longer be reset. */
async function secure(socket: Socket, ca: string): Promise<Duplex> {
  const [inner, outer] = duplexPair();
  socket.on("error", () => {});
  socket.pipe(outer).pipe(socket);
  const stream = connectTls({ socket: inner, ca });
  stream.allowHalfOpen = true;
  socket.once("close", () => stream.destroy());
  await once(stream, "secureConnect");
  return stream;
}

function memory(server: Server): WireEnd {
  const ends = new Map<Duplex, Duplex>();
  return {
    connect: async () => {
      const [client, served] = duplexPair();
      ends.set(client, served);
      served.once("close", () => {
        if (!served.writableFinished) {
          client.destroy(new Error("reset"));
        }
      });
      server.accept(served);
      return client;
    },
    reset: (stream) => {
      ends.get(stream)?.destroy(new Error("reset"));
      stream.destroy();
    },
    close: async () => {},
  };
}
