import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** What a server does with a connection. */
export type Behaviour = (socket: Socket) => void;

/** Says the same to everything that comes in one piece. */
function saying(text: string): Behaviour {
  return (socket) => socket.on("data", () => socket.write(text, "latin1"));
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/** Says `piece` over and over, as fast as it is taken. */
function endlessly(first: string, piece: string): Behaviour {
  return (socket) => {
    socket.once("data", () => {
      const more = (): void => {
        while (socket.writable && socket.write(piece)) {
          // until it is held back
        }
      };
      socket.on("drain", more);
      socket.write(first);
      more();
    });
  };
}

export type BadServer =
  | "switchesAlways"
  | "hangs"
  | "closesAtOnce"
  | "closesUnanswered"
  | "resets"
  | "answersTwice"
  | "garbage"
  | "endlessHead"
  | "endlessContent"
  | "endlessChunks"
  | "endlessInterim"
  | "neverCloses"
  | "waitsForContent";

/** Servers that nobody should run. */
export const badServers: Readonly<Record<BadServer, Behaviour>> = {
  switchesAlways: saying("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
  hangs: (socket) => socket.resume(),
  closesAtOnce: (socket) => socket.resume().end(),
  closesUnanswered: (socket) => socket.once("data", () => socket.end()),
  resets: (socket) => socket.once("data", () => socket.resetAndDestroy()),
  answersTwice: saying(ok + ok),
  garbage: saying("\x1b[31m\x07220 ESMTP\r\n"),
  endlessHead: endlessly("HTTP/1.1 200 OK\r\n", "X: y\r\n".repeat(1_000)),
  endlessContent: endlessly("HTTP/1.1 200 OK\r\n\r\n", "z".repeat(10_000)),
  endlessChunks: endlessly("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nz\r\n".repeat(1_000)),
  endlessInterim: endlessly("", "HTTP/1.1 102 Processing\r\n\r\n".repeat(1_000)),
  neverCloses: saying(ok),
  waitsForContent: (socket) => {
    let said = "";
    socket.on("data", (chunk) => {
      said += chunk;
      if (said.endsWith("hello")) {
        socket.end(ok);
      }
    });
  },
};

/** Runs `test` with a server on a port of its own, and ends all of its connections behind it. */
export async function behaving(behaviour: Behaviour, test: (port: number) => Promise<void>): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("end", () => socket.end());
    behaviour(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await test((server.address() as AddressInfo).port);
  } finally {
    for (const socket of sockets) {
      socket.destroy();
    }
    server.close();
    await once(server, "close");
  }
}
