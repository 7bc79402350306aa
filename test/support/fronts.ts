import { once } from "node:events";
import { type AddressInfo, createServer as createTcpServer, type Server as Listener, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { createServer, type ModuleError, type ServerOptions } from "turnout";
import { selfSigned } from "turnout/testing";
import { losingNothing } from "./lost-rejections.ts";
import { RawClient } from "./raw-client.ts";
import type { Serving } from "./serving.ts";

/** What listens in front of a server and hands it the connections, and how a client reaches it. */
export interface Front {
  listen(accept: (socket: Socket) => void): Listener;
  connect(port: number): Promise<RawClient>;
}

/** Plain TCP. */
export const tcpFront: Front = {
  listen: (accept) => createTcpServer({ allowHalfOpen: true, noDelay: true }, accept),
  connect: (port) => RawClient.connect(port),
};

/** TLS, with a certificate made for the occasion. */
export function tlsFront(): Front {
  const certificate = selfSigned();
  return {
    listen: (accept) => createTlsServer({ ...certificate, noDelay: true }, accept),
    connect: async (port) => {
      const options = { port, host: "127.0.0.1", ca: certificate.cert, allowHalfOpen: true };
      const stream = connectTls(options);
      stream.setNoDelay();
      await once(stream, "secureConnect");
      return new RawClient(stream);
    },
  };
}

/** A server whose side of every connection the test sees, too. */
export interface Fronted extends Serving {
  /** The server's sockets, in the order in which they came. */
  readonly sockets: readonly Socket[];
}

/** Runs `test` against a server behind a listener of the test's own, and closes everything afterwards. */
export function servingBehind(
  front: Front,
  options: ServerOptions,
  test: (fronted: Fronted) => Promise<void>,
): Promise<void> {
  return losingNothing(() => serveBehind(front, options, test));
}

async function serveBehind(
  front: Front,
  options: ServerOptions,
  test: (fronted: Fronted) => Promise<void>,
): Promise<void> {
  const server = createServer(options);
  const faults: ModuleError[] = [];
  const sockets: Socket[] = [];
  const clients: RawClient[] = [];
  server.on("fault", (error) => faults.push(error));
  const listener = front.listen((socket) => {
    sockets.push(socket);
    server.accept(socket);
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const connect = async (): Promise<RawClient> => {
    const accepted = once(listener, front === tcpFront ? "connection" : "secureConnection");
    const client = await front.connect(port);
    clients.push(client);
    await accepted;
    return client;
  };
  try {
    await test({ server, port, faults, sockets, connect });
  } finally {
    for (const { stream } of clients) {
      stream.destroy();
    }
    await server.close({ graceMs: 0 });
    await new Promise((resolve) => listener.close(resolve));
  }
}
