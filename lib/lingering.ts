import type { Connection, Track } from "./connection.ts";
import { TransportError } from "./errors.ts";

/** Nobody speaks any more. */
export class Lingering implements Track {
  readonly #connection: Connection;
  #left: number;

  constructor(connection: Connection, maxBytes: number) {
    this.#connection = connection;
    this.#left = maxBytes;
  }

  received(chunk: Buffer): void {
    this.#left -= chunk.length;
    if (this.#left < 0) {
      this.#connection.stopReceiving();
    }
  }

  // Both sides have ended then: the stream closes by itself.
  finished(): void {}

  drained(): void {}

  expired(): void {
    if (this.#connection.dismiss()) {
      return;
    }
    this.#connection.destroy(new TransportError("ERR_TURNOUT_CLOSE_TIMEOUT", "the peer did not close in time"));
  }

  closing(): void {}

  closed(): void {}
}
