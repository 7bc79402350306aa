import { PeerError, UsageError } from "../errors.ts";
import { Fields } from "./fields.ts";

/** Bytes that wait for the application before the server stops reading. */
const highWaterBytes = 65_536;

/**
 * A request's content on its way to the application: an async iterable of `Buffer`s, read once. Nothing is read from
 * the client faster than the application takes it.
 */
export class RequestBody implements AsyncIterable<Buffer> {
  #chunks: Buffer[] = [];
  #buffered = 0;
  #state: "open" | "complete" | "failed" = "open";
  #failure: Error | undefined;
  #trailers: Fields = Fields.empty;
  #taken = false;
  #wake: (() => void) | undefined;
  readonly #demand: () => void;

  /** `demand` is called whenever the application wants more than has come. */
  constructor(demand: () => void) {
    this.#demand = demand;
  }

  /** The body without content. */
  static readonly empty: RequestBody = (() => {
    const body = new RequestBody(() => {});
    body.#state = "complete";
    return body;
  })();

  /** The trailer section's fields; empty until the content has been read to its end. */
  get trailers(): Fields {
    return this.#trailers;
  }

  /** The whole content. Rejects with a `PeerError` (413) beyond `maxBytes`; let it pass, and it is the answer. */
  async bytes(maxBytes: number = Number.POSITIVE_INFINITY): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of this) {
      length += chunk.length;
      if (length > maxBytes) {
        throw new PeerError("ERR_TURNOUT_CONTENT_TOO_LARGE");
      }
      chunks.push(chunk);
    }
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    if (this.#taken && this !== RequestBody.empty) {
      throw new UsageError("ERR_TURNOUT_STATE", "a request's content can be read once");
    }
    this.#taken = true;
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#buffered -= chunk.length;
        yield chunk;
      } else if (this.#failure !== undefined) {
        throw this.#failure;
      } else if (this.#state === "complete") {
        return;
      } else {
        await this.#more();
      }
    }
  }

  async #more(): Promise<void> {
    const arrived = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#demand();
    await arrived;
  }

  /** @internal Whether there is room for more. */
  get hasRoom(): boolean {
    return this.#buffered < highWaterBytes;
  }

  /** @internal Whether the application reads, or has read, the content. */
  get isTaken(): boolean {
    return this.#taken;
  }

  /** @internal */
  content(bytes: Buffer): void {
    this.#chunks.push(bytes);
    this.#buffered += bytes.length;
    this.#wakeUp();
  }

  /** @internal */
  complete(trailers: Fields): void {
    this.#trailers = trailers;
    this.#state = "complete";
    this.#wakeUp();
  }

  /** @internal No more will come; what has come can still be read. */
  fail(error: Error): void {
    if (this.#state === "open") {
      this.#state = "failed";
      this.#failure = error;
      this.#wakeUp();
    }
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
