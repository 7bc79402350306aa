import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { readAnswers } from "./answers.ts";
import { get, type Plan, type Seen } from "./case.ts";
import type { Target } from "./target.ts";

export interface Bounds {
  /** For a whole connection, in milliseconds. */
  readonly timeoutMs: number;
  /** Read from a connection at most. */
  readonly maxBytes: number;
}

/** Carries out a plan on a connection of its own. Never rejects: how a server fails is what one wants to know. */
export function exchange(target: Target, address: string, plan: Plan, bounds: Bounds): Promise<Seen> {
  return new Promise((resolve) => new Exchange(target, connect(target, address), plan, bounds, resolve));
}

/** Whether a connection can be opened at all, within TLS where that is asked for. */
export function canConnect(target: Target, address: string, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(target, address);
    const settle = (connected: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(connected);
    };
    const timer = setTimeout(() => settle(false), timeoutMs);
    socket.on(target.secure ? "secureConnect" : "connect", () => settle(true));
    socket.on("error", () => settle(false));
    socket.on("close", () => settle(false));
  });
}

function connect({ hostname, port, secure }: Target, host: string): Socket {
  if (!secure) {
    return connectTcp({ host, port, noDelay: true });
  }
  // Nothing is told to the server that would be a secret: whose certificate it shows does not matter.
  const servername = isIP(hostname) ? {} : { servername: hostname };
  return connectTls({ host, port, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"], ...servername });
}

class Exchange {
  readonly #target: Target;
  readonly #socket: Socket;
  readonly #plan: Plan;
  readonly #bounds: Bounds;
  readonly #done: (seen: Seen) => void;
  readonly #timers: NodeJS.Timeout[];
  readonly #sent: string[] = [];
  #received: Buffer = Buffer.alloc(0);
  #connected = false;
  #usedAgain = false;
  #over = false;
  readonly #awaits: { content: boolean; switch: boolean };

  constructor(target: Target, socket: Socket, plan: Plan, bounds: Bounds, done: (seen: Seen) => void) {
    this.#target = target;
    this.#socket = socket;
    this.#plan = plan;
    this.#bounds = bounds;
    this.#done = done;
    this.#awaits = { content: plan.content !== undefined, switch: plan.switched !== undefined };
    this.#timers = [
      setTimeout(() => this.#end(this.#connected ? "time" : "unreachable"), bounds.timeoutMs),
      setTimeout(() => this.#sendContent(), bounds.timeoutMs / 2),
    ];
    socket.on(target.secure ? "secureConnect" : "connect", () => {
      this.#connected = true;
      this.#send(plan.sends);
    });
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("end", () => this.#end(this.#connected ? "end" : "unreachable"));
    // What failed may have said something first, and that has been read by then.
    socket.on("error", () => {});
    socket.on("close", () => this.#end(this.#connected ? "reset" : "unreachable"));
  }

  #send(text: string): void {
    this.#sent.push(text);
    this.#socket.write(text, "latin1");
  }

  #read(chunk: Buffer): void {
    const { maxBytes } = this.#bounds;
    this.#received = Buffer.concat([this.#received, chunk]).subarray(0, maxBytes);
    const { answers, rest, garbled } = readAnswers(this.#received, false);
    if (answers.length > 0 && answers[0]!.status < 200) {
      this.#sendContent();
    }
    if (answers.at(-1)?.status === 101) {
      this.#readSwitched(rest);
    } else if (garbled) {
      this.#end("enough");
    } else {
      const finals = answers.filter(({ status }) => status >= 200);
      const last = finals.at(-1);
      if (finals.length >= this.#requests && last!.complete && !last!.closes && !this.#usedAgain) {
        this.#usedAgain = true;
        this.#send(get(this.#target, ["Connection: close"]));
      } else if (finals.length > this.#due) {
        this.#end("enough");
      }
    }
    if (this.#received.length === maxBytes) {
      this.#end("bytes");
    }
  }

  #readSwitched(rest: Buffer): void {
    if (this.#awaits.switch) {
      this.#awaits.switch = false;
      this.#send(this.#plan.switched!);
    }
    if (this.#plan.enough?.(rest) ?? true) {
      this.#end("enough");
    }
  }

  #sendContent(): void {
    if (this.#awaits.content && this.#connected) {
      this.#awaits.content = false;
      this.#send(this.#plan.content!);
    }
  }

  get #requests(): number {
    return this.#plan.requests ?? 1;
  }

  get #due(): number {
    return this.#requests + (this.#usedAgain ? 1 : 0);
  }

  #end(ended: Seen["ended"]): void {
    if (this.#over) {
      return;
    }
    this.#over = true;
    for (const timer of this.#timers) {
      clearTimeout(timer);
    }
    this.#socket.destroy();
    this.#done({
      ...readAnswers(this.#received, ended === "end" || ended === "reset"),
      sent: this.#sent,
      received: this.#received,
      due: this.#due,
      usedAgain: this.#usedAgain,
      ended,
    });
  }
}
