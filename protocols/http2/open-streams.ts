import { constants, type ServerHttp2Stream } from "node:http2";

/**
 * An answer of this size at most is given to its stream at once, and nobody watches over it. Of a longer one, a part may have
 * gone without a sign of it.
 */
const shortBytes = 16_384;

/** The streams of a session that have not been closed yet, and which of them wait in vain for the client to take their answer. */
export class OpenStreams {
  readonly #open: Set<ServerHttp2Stream> = new Set();
  readonly #stallMs: number;
  /** Bytes that waited when it was last looked. */
  #waiting: Map<ServerHttp2Stream, number> = new Map();
  #timer: NodeJS.Timeout | undefined;

  /** `stallMs`: how long a short answer of which nothing goes is kept, and up to twice as long. */
  constructor(stallMs: number) {
    this.#stallMs = stallMs;
  }

  get size(): number {
    return this.#open.size;
  }

  add(stream: ServerHttp2Stream): void {
    this.#open.add(stream);
    if (this.#timer === undefined && this.#stallMs !== Number.POSITIVE_INFINITY) {
      this.#lookIn();
    }
  }

  delete(stream: ServerHttp2Stream): void {
    this.#open.delete(stream);
  }

  /** The session is gone. */
  forget(): void {
    clearTimeout(this.#timer);
  }

  /** One timer for all streams, as long as there are any. */
  #lookIn(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#resetStalled();
      if (this.#open.size > 0) {
        this.#lookIn();
      }
    }, this.#stallMs);
    this.#timer.unref();
  }

  /**
   * Resets those with a short answer of which nothing has gone since the last look. The timer of a stream would not do: to
   * node:http2 all that the session sends is progress, answers to pings among it.
   */
  #resetStalled(): void {
    const before = this.#waiting;
    this.#waiting = new Map();
    for (const stream of this.#open) {
      const { writableEnded, writableLength: length } = stream;
      if (!writableEnded || length === 0 || length > shortBytes) {
        continue; // what is still being made has the server's own stallMs
      }
      if (before.get(stream) === length) {
        reset(stream);
      } else {
        this.#waiting.set(stream, length);
      }
    }
  }
}

/** Ends a stream of which not all has been said. */
export function reset(stream: ServerHttp2Stream): void {
  if (stream.writableEnded) {
    stream.close(constants.NGHTTP2_CANCEL);
  } else {
    stream.destroy(new Error("the stream is reset")); // close() would first end it, as if it were whole
  }
}
