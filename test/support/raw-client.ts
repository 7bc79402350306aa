import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** What a client sees of one response. */
export interface SeenResponse {
  readonly status: number;
  /** Status line and field lines, without the empty line. */
  readonly head: string;
  readonly body: string;
  /** The field's values, in order. */
  all(name: string): string[];
  /** The only value of a field; undefined where there is none. Throws where there are several. */
  field(name: string): string | undefined;
}

/** What a response has to be an answer to: HEAD has no content. */
type RequestMethod = "GET" | "HEAD";

const patienceMs = 10_000;

/** A client that sends bytes as they are, and waits for what comes: no sleeping, a deadline on every wait. */
export class RawClient {
  readonly stream: Duplex;
  #received: Buffer = Buffer.alloc(0);
  #ended = false;
  #closed = false;
  #failure: Error | undefined;
  #wake: () => void = () => {};

  constructor(stream: Duplex) {
    this.stream = stream;
    stream.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
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

  static async connect(port: number, host = "127.0.0.1"): Promise<RawClient> {
    const socket = connect({ port, host, allowHalfOpen: true, noDelay: true });
    await once(socket, "connect");
    return new RawClient(socket);
  }

  /** The socket, where the client is on one. */
  get socket(): Socket {
    return this.stream as Socket;
  }

  /** What has come and was not taken. */
  get pending(): string {
    return this.#received.toString("latin1");
  }

  send(bytes: string | Uint8Array): this {
    this.stream.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    return this;
  }

  /** Sends, and waits until the system has taken it: what is sent next is in a segment of its own. */
  async sendSegment(bytes: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => {
      this.stream.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes, () => resolve());
    });
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** FIN. */
  end(bytes?: string): this {
    this.stream.end(bytes === undefined ? undefined : Buffer.from(bytes, "latin1"));
    return this;
  }

  /** RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Takes exactly `length` bytes. */
  async take(length: number): Promise<string> {
    await this.#until(() => this.#received.length >= length, `${length} bytes`);
    return this.#cut(length);
  }

  /** Takes everything up to and with `mark`. */
  async takeUntil(mark: string): Promise<string> {
    await this.#until(() => this.#received.includes(mark, 0, "latin1"), JSON.stringify(mark));
    return this.#cut(this.#received.indexOf(mark, 0, "latin1") + mark.length);
  }

  /** Takes one response; an interim one, too. */
  async response(method: RequestMethod = "GET"): Promise<SeenResponse> {
    const head = (await this.takeUntil("\r\n\r\n")).slice(0, -4);
    const seen = new Head(head);
    const bodiless = method === "HEAD" || seen.status < 200 || seen.status === 204 || seen.status === 304;
    const body = bodiless ? "" : await this.#body(seen);
    return Object.assign(seen, { body });
  }

  /** Takes all that comes until the server has finished. Rejects where the connection was reset instead. */
  async rest(): Promise<string> {
    await this.#until(() => this.#ended || this.#closed, "the end");
    if (!this.#ended && this.#failure !== undefined) {
      throw this.#failure;
    }
    return this.#cut(this.#received.length);
  }

  /** Waits until the connection is gone, in whichever way; gives what had come. */
  async gone(): Promise<string> {
    await this.#until(() => this.#ended || this.#closed, "the end, or a reset");
    return this.#cut(this.#received.length);
  }

  async #body(head: Head): Promise<string> {
    if (head.field("transfer-encoding") === "chunked") {
      let body = "";
      for (;;) {
        const size = Number.parseInt(await this.takeUntil("\r\n"), 16);
        const data = await this.take(size + 2);
        if (size === 0) {
          return body;
        }
        body += data.slice(0, -2);
      }
    }
    const length = head.field("content-length");
    return length === undefined ? this.rest() : this.take(Number(length));
  }

  #cut(length: number): string {
    const taken = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return taken.toString("latin1");
  }

  async #until(condition: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!condition()) {
      const left = deadline - Date.now();
      if (left <= 0 || (this.#closed && !condition())) {
        const state = this.#closed ? "closed" : this.#ended ? "ended" : "open";
        throw new Error(`waited in vain for ${what} (${state}); pending: ${JSON.stringify(this.pending)}`, {
          cause: this.#failure,
        });
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

class Head {
  readonly status: number;
  readonly head: string;

  constructor(head: string) {
    this.head = head;
    this.status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
    if (Number.isNaN(this.status)) {
      throw new Error(`no HTTP/1.1 response: ${JSON.stringify(head)}`);
    }
  }

  all(name: string): string[] {
    const prefix = `${name.toLowerCase()}:`;
    return this.head
      .split("\r\n")
      .slice(1)
      .filter((line) => line.toLowerCase().startsWith(prefix))
      .map((line) => line.slice(prefix.length).trim());
  }

  field(name: string): string | undefined {
    const values = this.all(name);
    if (values.length > 1) {
      throw new Error(`${name} comes ${values.length} times: ${this.head}`);
    }
    return values[0];
  }
}
