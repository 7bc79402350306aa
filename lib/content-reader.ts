import type { Connection } from "./connection.ts";
import { PeerError } from "./errors.ts";
import type { HeldBytes } from "./held-bytes.ts";
import { BodyDecoder, type ContentSink } from "./http/body-decoder.ts";
import { Fields } from "./http/fields.ts";

/**
 * Reads the content of one request from what is held, as long as it is wanted, and sees to it that it comes in time: each
 * piece within `bodyMs` of the last, and all at a pace that a dripping client does not keep.
 */
export class ContentReader {
  readonly #connection: Connection;
  readonly #decoder: BodyDecoder;
  /** When it began; later by as long as nobody wanted it, which the client cannot help. */
  #since: number;
  #unwantedSince: number | undefined;
  #complete = false;

  /** `length` in bytes; -1 when it is chunked. */
  constructor(connection: Connection, length: number, sink: ContentSink) {
    this.#connection = connection;
    this.#decoder = new BodyDecoder(length, connection.context.limits, sink);
    this.#since = connection.context.clock.now;
  }

  /** Bytes that are still to come; `Infinity` when it is chunked. */
  get remaining(): number {
    return this.#decoder.remaining;
  }

  get complete(): boolean {
    return this.#complete;
  }

  get trailers(): Fields {
    const { trailers } = this.#decoder;
    return trailers.length === 0 ? Fields.empty : Fields.from(trailers);
  }

  /**
   * Reads what can be read of the first chunk that is held. False: nothing could be. `finished`: no more will come. Throws a
   * `PeerError`.
   */
  read(held: HeldBytes, wanted: boolean, finished: boolean): boolean {
    const { clock } = this.#connection.context;
    if (!wanted) {
      this.#unwantedSince ??= clock.now;
      if (this.#connection.phase === "responding") {
        this.#connection.deadline = Number.POSITIVE_INFINITY; // the application takes its time; a module may not
      }
      return false;
    }
    if (this.#unwantedSince !== undefined) {
      this.#since += clock.now - this.#unwantedSince;
      this.#unwantedSince = undefined;
    }
    const chunk = held.first;
    if (chunk === undefined) {
      if (finished) {
        throw new PeerError("ERR_TURNOUT_CONTENT_INCOMPLETE");
      }
      this.#connection.deadline = this.#deadline();
      return false;
    }
    const end = this.#decoder.read(chunk, held.at);
    held.take(end);
    this.#complete = end !== -1;
    return true;
  }

  #deadline(): number {
    const { clock, timeouts, limits } = this.#connection.context;
    const pace = limits.minBodyBytesPerSecond;
    const paceMs = pace === 0 ? Number.POSITIVE_INFINITY : (this.#decoder.received / pace) * 1000;
    return Math.min(clock.in(timeouts.bodyMs), this.#since + timeouts.bodyMs + paceMs);
  }
}
