import { Readable } from "node:stream";
import type { Connection } from "./connection.ts";
import { UsageError } from "./errors.ts";
import type { ComposedResponse } from "./http/response.ts";

export type Pieces = Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>;
export type PieceIterator = Iterator<Uint8Array | string> | AsyncIterator<Uint8Array | string>;

/** Sends the content of one response piece by piece, no faster than the client takes it. */
export class BodyPump {
  readonly #connection: Connection;
  readonly #source: Pieces;
  readonly #pieces: PieceIterator;
  #wake: (() => void) | undefined;
  #stopped = false;

  /** Throws what the source throws when it is asked to begin. */
  constructor(connection: Connection, pieces: Pieces) {
    this.#connection = connection;
    this.#source = pieces;
    this.#pieces = iterate(pieces);
  }

  /**
   * Resolves when all is written, or the pump was stopped. Rejects with what the stream threw, and where it is shorter
   * or longer than the length that the head gave.
   */
  async run(framing: ComposedResponse["framing"]): Promise<void> {
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
      if (typeof framing === "number" && sent > framing) {
        this.stop();
        throw new UsageError("ERR_TURNOUT_RESPONSE", `the body is longer than its Content-Length ${framing}`);
      }
      // A chunk of length 0 would end the content (RFC 9112 section 7.1).
      if (bytes.length > 0 && !this.#write(bytes, framing === "chunked")) {
        await this.#room();
      }
    }
    if (framing === "chunked") {
      this.#connection.writeLatin1("0\r\n\r\n");
    } else if (typeof framing === "number" && sent < framing) {
      throw new UsageError("ERR_TURNOUT_RESPONSE", `the body is shorter than its Content-Length ${framing}`);
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
