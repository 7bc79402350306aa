import type { Transport } from "turnout";
import { ClientOpening, type Opened } from "./client-opening.ts";

/** How long the client's preface is waited for when the server closes: it is under way, as a rule. */
const drainedOpeningMs = 1_000;

/** A connection between the 101 and the client's preface. */
export class AwaitedOpening {
  readonly #transport: Transport;
  #late: NodeJS.Timeout;
  #closing = false;

  /** `opened` is called once with what came; `false`: it is not HTTP/2, or did not come within `prefaceMs`. */
  constructor(transport: Transport, prefaceMs: number, opened: (opened: Opened | false) => void) {
    this.#transport = transport;
    this.#late = setTimeout(opened, prefaceMs, false);
    const opening = new ClientOpening();
    transport.onEnd = () => transport.destroy();
    transport.onData = (chunk) => {
      const seen = opening.push(chunk);
      if (seen !== undefined) {
        this.destroy();
        opened(seen);
      }
    };
  }

  /** Whether the server is closing. */
  get closing(): boolean {
    return this.#closing;
  }

  /** The server is closing: the preface has to come soon. */
  close(): void {
    this.#closing = true;
    clearTimeout(this.#late);
    this.#late = setTimeout(() => this.#transport.destroy(), drainedOpeningMs);
  }

  /** Nothing is waited for any more. */
  destroy(): void {
    clearTimeout(this.#late);
  }
}
