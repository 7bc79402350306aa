import type { WebSocketTimeouts } from "./options.ts";

/** Not a ping yet. As all times here, a small integer: other numbers cost 16 bytes each, on many connections. */
const never = -1;

/** What is to be done about a client's silence. */
export type Silence = "wait" | "ping" | "dead" | "idle";

/** How long a client has been silent. No timer: it is asked, a few times a second. */
export class Heartbeat {
  readonly #timeouts: WebSocketTimeouts;
  #heard = false;
  #heardAt: number;
  #spoken = false;
  #spokenAt: number;
  #pingedAt = never;

  constructor(timeouts: WebSocketTimeouts, now: number) {
    this.#timeouts = timeouts;
    this.#heardAt = this.#spokenAt = now;
  }

  /** Bytes came. Time is told by the next question: to ask for it each time would cost more than the rest. */
  heard(): void {
    this.#heard = true;
  }

  /** A message came. */
  spoken(): void {
    this.#spoken = true;
  }

  /** The client was not listened to: its silence counts from now on. */
  excuse(now: number): Silence {
    this.#heardAt = this.#spokenAt = now;
    this.#pingedAt = never;
    return "wait";
  }

  /** What to do now; `"ping"` is said once, and then a sign of life is waited for. */
  ask(now: number): Silence {
    const { pingMs, pongMs, idleMs } = this.#timeouts;
    if (this.#heard) {
      this.#heard = false;
      this.#heardAt = now;
      this.#pingedAt = never;
    }
    if (this.#spoken) {
      this.#spoken = false;
      this.#spokenAt = now;
    }
    if (now - this.#spokenAt >= idleMs) {
      return "idle";
    }
    if (this.#pingedAt !== never && now - this.#pingedAt >= pongMs) {
      return "dead";
    }
    if (this.#pingedAt === never && now - this.#heardAt >= pingMs) {
      this.#pingedAt = now;
      return "ping";
    }
    return "wait";
  }
}
