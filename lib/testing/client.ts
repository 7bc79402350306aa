import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** The longest that one wait may take before it fails. */
const patienceMs = 10_000;

/** Waits for something that has to happen soon: rejects when it does not. */
export async function soon<T>(happens: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), patienceMs);
  });
  try {
    return await Promise.race([happens, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** A client that sends bytes as they are and waits for what comes: nothing sleeps, and every wait has an end. */
export class Client {
  readonly stream: Duplex;
  #chunks: Buffer[] = [];
  #length = 0;
  #ended = false;
  #closed = false;
  #failure: Error | undefined;
  #wake: () => void = () => {};

  constructor(stream: Duplex) {
    this.stream = stream;
    stream.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      this.#wake();
    });
    stream.on("end", () => {
      this.#ended = true;
      this.#wake();
    });
    stream.on("error", (error) => {
      this.#failure = error;
      this.#wake();
    });
    stream.on("close", () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** What has come and was not taken. */
  get pending(): Buffer {
    if (this.#chunks.length > 1) {
      this.#chunks = [Buffer.concat(this.#chunks, this.#length)];
    }
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  /** Text is latin1. */
  send(bytes: string | Uint8Array): this {
    this.stream.write(raw(bytes));
    return this;
  }

  /** Sends, and waits until the system has taken it: what is sent next is a segment of its own. */
  async sendSegment(bytes: string | Uint8Array): Promise<void> {
    if (this.#closed) {
      return;
    }
    await new Promise<void>((resolve) => {
      const sent = (): void => {
        this.stream.off("close", sent); // a stream that is destroyed may forget its write
        resolve();
      };
      this.stream.on("close", sent);
      this.stream.write(raw(bytes), sent);
    });
    // Two turns, so that a server in this process has read it in between.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Finishes sending. */
  end(): this {
    this.stream.end();
    return this;
  }

  /** RST at once. The stream has to be a TCP socket. */
  reset(): void {
    resetSocket(this.stream as Socket);
  }

  /** Takes exactly `length` bytes. */
  async take(length: number): Promise<Buffer> {
    await this.#until(() => this.#length >= length, `${length} bytes`);
    return this.#cut(length);
  }

  /** Takes everything up to and with `mark` (latin1). */
  async takeUntil(mark: string): Promise<Buffer> {
    await this.#until(() => this.pending.includes(mark, 0, "latin1"), JSON.stringify(mark));
    return this.#cut(this.pending.indexOf(mark, 0, "latin1") + mark.length);
  }

  /** Takes all that comes until the server has finished. Rejects where the connection failed instead. */
  async rest(): Promise<Buffer> {
    await this.#until(() => this.#ended || this.#closed, "the end");
    if (!this.#ended && this.#failure !== undefined) {
      throw this.#failure;
    }
    return this.#cut(this.#length);
  }

  /** Waits until the connection is gone, in whichever way; gives what had come. */
  async gone(): Promise<Buffer> {
    await this.#until(() => this.#ended || this.#closed, "the end, or a reset");
    return this.#cut(this.#length);
  }

  #cut(length: number): Buffer {
    const all = this.pending;
    this.#chunks = length < all.length ? [all.subarray(length)] : [];
    this.#length -= length;
    return all.subarray(0, length);
  }

  async #until(condition: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!condition()) {
      const left = deadline - Date.now();
      if (left <= 0 || this.#closed) {
        const state = this.#closed ? "closed" : this.#ended ? "ended" : "open";
        const pending = JSON.stringify(this.pending.toString("latin1"));
        throw new Error(`waited in vain for ${what} (${state}); pending: ${pending}`, { cause: this.#failure });
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

/** A socket's own `resetAndDestroy` ends it first, and behind a FIN nobody notices the RST: the end is left out here. */
export function resetSocket(socket: Socket): void {
  socket._final = (finished) => finished();
  socket.resetAndDestroy();
}

function raw(bytes: string | Uint8Array): Uint8Array {
  return typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
}
