import type { Connection } from "./connection.ts";
import { TransportError } from "./errors.ts";
import type { Track } from "./track.ts";

/** Nobody speaks any more. */
export class Lingering implements Track {
  /** What was spoken until now. */
  readonly spoken: readonly string[];
  readonly #connection: Connection;
  #left: number;

  constructor(connection: Connection, spoken: readonly string[]) {
    this.#connection = connection;
    this.spoken = spoken;
    this.#left = connection.context.limits.maxDiscardBytes;
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
