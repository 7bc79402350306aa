import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { givenCertificate } from "../machine/certificate.ts";
import { type Exchange, type Script, scriptOf } from "../suites/script.ts";
import type { Workload } from "../suites/workload.ts";
import type { Order, Served } from "./index.ts";
import { listening } from "./listening.ts";

/**
 * The ceiling: canned bytes, nothing parsed, unmasked or hashed. It knows how many bytes the clients' exchanges have, and answers
 * as many as have come.
 */
export function serve({ workload }: Order): Promise<Served> {
  const script = scriptOf(workload);
  return listening(workload.does === "broadcast" ? broadcasting(script) : answering(script, workload));
}

interface CannedSocket extends Socket {
  /** Bytes that have come and do not make a whole exchange; negative within the opening. */
  unanswered?: number;
}

function answering({ opening, unit }: Script, { secure, inFlight }: Workload): Server {
  const openingBytes = opening?.says.length ?? 0;
  const unitBytes = unit.says.length;
  const answers = new Answers(unit, inFlight);

  function onData(this: CannedSocket, chunk: Buffer): void {
    const before = this.unanswered ?? -openingBytes;
    let unanswered = before + chunk.length;
    if (before < 0 && unanswered >= 0) {
      this.write(opening!.answer);
    }
    const whole = Math.floor(unanswered / unitBytes);
    if (whole > 0) {
      unanswered -= whole * unitBytes;
      answers.write(this, whole);
    }
    this.unanswered = unanswered;
  }

  const onSocket = (socket: Socket): void => {
    socket.on("data", onData);
    socket.on("error", ignore);
  };
  return secure
    ? createTlsServer({ ...givenCertificate(), ALPNProtocols: ["http/1.1"], noDelay: true }, onSocket)
    : createServer({ noDelay: true }, onSocket);
}

/** Short answers are text, whose way into a socket is the shortest; long ones and binary ones are bytes. */
class Answers {
  readonly #one: number;
  readonly #all: Buffer;
  readonly #texts: readonly string[];

  constructor({ answer }: Exchange, inFlight: number) {
    this.#one = answer.length;
    this.#all = Buffer.concat(Array<Buffer>(inFlight).fill(answer));
    const text = answer.toString("latin1");
    this.#texts = answer.length > 1024 ? [] : Array.from({ length: inFlight + 1 }, (_, count) => text.repeat(count));
  }

  write(socket: Socket, count: number): void {
    const text = this.#texts[count];
    if (text !== undefined) {
      socket.write(text, "latin1");
    } else {
      socket.write(this.#all.subarray(0, count * this.#one));
    }
  }
}

function broadcasting({ opening, unit }: Script): Server {
  const sockets = new Set<Socket>();
  return createServer({ noDelay: true }, (socket) => {
    let isOpen = false;
    socket.on("data", () => {
      if (!isOpen) {
        isOpen = true;
        socket.write(opening!.answer);
        return;
      }
      for (const each of sockets) {
        each.write(unit.answer);
      }
    });
    socket.on("error", ignore);
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
}

function ignore(): void {}
