import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Client } from "turnout/testing";

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

/** A client of HTTP/1.1 that sends bytes as they are, and reads strictly; text is latin1 in both directions. */
export class RawClient {
  readonly #client: Client;

  constructor(stream: Duplex) {
    this.#client = new Client(stream);
  }

  static async connect(port: number, host = "127.0.0.1"): Promise<RawClient> {
    const socket = connect({ port, host, allowHalfOpen: true, noDelay: true });
    await once(socket, "connect");
    return new RawClient(socket);
  }

  get stream(): Duplex {
    return this.#client.stream;
  }

  /** The socket, where the client is on one. */
  get socket(): Socket {
    return this.stream as Socket;
  }

  /** What has come and was not taken. */
  get pending(): string {
    return this.#client.pending.toString("latin1");
  }

  send(bytes: string | Uint8Array): this {
    this.#client.send(bytes);
    return this;
  }

  /** Sends, and waits until the system has taken it: what is sent next is in a segment of its own. */
  sendSegment(bytes: string | Uint8Array): Promise<void> {
    return this.#client.sendSegment(bytes);
  }

  /** FIN, behind `bytes`. */
  end(bytes = ""): this {
    this.#client.send(bytes).end();
    return this;
  }

  /** RST. */
  reset(): void {
    this.#client.reset();
  }

  /** Takes exactly `length` bytes. */
  async take(length: number): Promise<string> {
    return (await this.#client.take(length)).toString("latin1");
  }

  /** Takes everything up to and with `mark`. */
  async takeUntil(mark: string): Promise<string> {
    return (await this.#client.takeUntil(mark)).toString("latin1");
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
    return (await this.#client.rest()).toString("latin1");
  }

  /** Waits until the connection is gone, in whichever way; gives what had come. */
  async gone(): Promise<string> {
    return (await this.#client.gone()).toString("latin1");
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
