import { type AddressInfo, createServer, type Socket } from "node:net";
import { clientFrame, serverFrame, switchingHead, trigger } from "../frames.ts";
import { onTheWire, type Workload } from "../workloads.ts";

interface CannedSocket extends Socket {
  /** Bytes of frames that have not come whole; undefined before the handshake. */
  unanswered?: number | undefined;
}

/**
 * The ceiling: canned bytes, nothing parsed, unmasked or hashed. It knows how long the clients' frames are, and answers as many
 * as have come.
 */
export function serve(workload: Workload): Promise<number> {
  const broadcasts = workload.kind === "broadcast";
  const sockets = new Set<Socket>();
  const frameBytes = clientFrame(broadcasts ? trigger : onTheWire(workload)).length;
  const respond = broadcasts ? toAll(sockets, workload) : echo(workload);

  function onData(this: CannedSocket, chunk: Buffer): void {
    if (this.unanswered === undefined) {
      this.unanswered = 0;
      this.write(switchingHead, "latin1");
      return;
    }
    this.unanswered += chunk.length;
    const frames = Math.floor(this.unanswered / frameBytes);
    if (frames > 0) {
      this.unanswered -= frames * frameBytes;
      respond(this, frames);
    }
  }

  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("data", onData);
    socket.on("error", ignore);
    if (broadcasts) {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    }
  });
  return new Promise((resolve) => {
    server.listen({ port: 0, host: "127.0.0.1" }, () => resolve((server.address() as AddressInfo).port));
  });
}

/** Answers so many frames of a client. */
type Respond = (socket: Socket, frames: number) => void;

function echo({ message, inFlight }: Workload): Respond {
  const answer = serverFrame(message);
  const answers = Buffer.concat(Array<Buffer>(inFlight).fill(answer));
  return (socket, frames) => {
    socket.write(answers.subarray(0, frames * answer.length));
  };
}

function toAll(sockets: ReadonlySet<Socket>, { message }: Workload): Respond {
  const answer = serverFrame(message);
  return () => {
    for (const socket of sockets) {
      socket.write(answer);
    }
  };
}

function ignore(): void {}
