import { Readable } from "node:stream";
import type { Connection } from "./connection.ts";
import { UsageError } from "./errors.ts";
import type { ComposedResponse } from "./http/response.ts";
import { responseTrailers } from "./http/trailers.ts";
import type { TaskHost } from "./task.ts";

export type Pieces = Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>;
export type PieceIterator = Iterator<Uint8Array | string> | AsyncIterator<Uint8Array | string>;

/** Sends the content of one response piece by piece, no faster than the client takes it, and the fields behind it. */
export class BodyPump {
  readonly #track: TaskHost;
  readonly #connection: Connection;
  readonly #source: Pieces;
  readonly #pieces: PieceIterator;
  #wake: (() => void) | undefined;
  #stopped = false;

  /** Throws what the source throws when it is asked to begin. */
  constructor(track: TaskHost, pieces: Pieces) {
    this.#track = track;
    this.#connection = track.connection;
    this.#source = pieces;
    this.#pieces = iterate(pieces);
  }

  /**
   * Resolves when all is written, or the pump was stopped. Rejects with what the stream or the trailers threw, where the
   * stream is shorter or longer than its Content-Length, and where the trailers cannot be sent.
   */
  async run({ framing, fields: { contentLength = -1 }, trailers }: ComposedResponse): Promise<void> {
    let sent = 0;
    for (;;) {
      const { value, done } = await this.#pieces.next();
      if (this.#stopped) {
        return;
      }
      if (done) {
        break;
      }
      const bytes = typeof value === "string" ? Buffer.from(value) : value;
      if (!(bytes instanceof Uint8Array)) {
        throw new UsageError("ERR_TURNOUT_RESPONSE", "a piece of a body has to be a string or a Uint8Array");
      }
      sent += bytes.length;
      if (contentLength >= 0 && sent > contentLength) {
        this.stop();
        throw new UsageError("ERR_TURNOUT_RESPONSE", `the body is longer than its Content-Length ${contentLength}`);
      }
      // A chunk of length 0 would end the content (RFC 9112 section 7.1).
      if (bytes.length > 0 && !this.#write(bytes, framing === "chunked")) {
        await this.#room();
      }
    }
    if (sent < contentLength) {
      throw new UsageError("ERR_TURNOUT_RESPONSE", `the body is shorter than its Content-Length ${contentLength}`);
    }
    if (trailers !== undefined) {
      this.#track.sendTrailers(responseTrailers(await trailers()));
    } else if (framing === "chunked") {
      this.#connection.writeLatin1("0\r\n\r\n");
    }
  }

  /** There is room again. */
  drained(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Nobody will read the rest: the source is told, so that it can free what it holds. */
  stop(): void {
    this.#stopped = true;
    if (this.#source instanceof Readable) {
      this.#source.destroy(); // its iterator would hear of it only when the next piece has come
    }
    forget(() => this.#pieces.return?.());
    this.drained();
  }

  #write(bytes: Uint8Array, chunked: boolean): boolean {
    if (!chunked) {
      return this.#connection.writeBytes(bytes);
    }
    this.#connection.writeLatin1(`${bytes.length.toString(16)}\r\n`);
    this.#connection.writeBytes(bytes);
    return this.#connection.writeLatin1("\r\n");
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/**
 * Nobody will read this body, since the answer has none: the source is told, so that it can free what it holds. Streams
 * are told themselves; an iterator over one that has not begun would not pass it on.
 */
export function cancelBody(body: unknown): void {
  if (body instanceof Readable) {
    body.destroy();
  } else if (body instanceof ReadableStream) {
    forget(() => body.cancel());
  } else if (typeof body === "object" && body !== null && !(body instanceof Uint8Array)) {
    forget(() => iterate(body as Pieces).return?.());
  }
}

/** Throws a `UsageError` for what cannot be iterated. */
export function iterate(pieces: Pieces): PieceIterator {
  const iterable = Object(pieces) as Partial<Iterable<string> & AsyncIterable<string>>;
  const iterator = iterable[Symbol.asyncIterator]?.() ?? iterable[Symbol.iterator]?.();
  if (iterator === undefined) {
    throw new UsageError("ERR_TURNOUT_RESPONSE", "a body has to be text, bytes, or an iterable of them");
  }
  return iterator;
}

/** The answer is over: nobody is left to hear how the source takes it. */
function forget(tell: () => unknown): void {
  new Promise((resolve) => resolve(tell())).catch(() => {});
}
