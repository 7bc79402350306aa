import { once } from "node:events";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { Random } from "../support/random.ts";
import { RawClient, type SeenResponse } from "../support/raw-client.ts";

/** Bytes of the answer to `/large`. */
export const largeBytes: number = 1 << 20;

/** The server that new connections go to. */
export interface Target {
  readonly port: number;
  /** It has been told to close, or is about to be. */
  draining: boolean;
  /** Connections that are being made; when there are none any more, it may be told to close. */
  opening: number;
}

/**
 * What became of a request. `"told"`: the server said, in its protocol's way, that there will be no answer (a 1001, a
 * GOAWAY, `Connection: close`, a 408 to what never ended, an end where one was due). `"cut"`: the client broke off.
 */
export type Outcome = "answered" | "told" | "cut";

/** One client's work on one connection, of which all that it sends is accounted for. */
export class Conversation {
  readonly target: Target;
  readonly random: Random;
  readonly outcomes: Outcome[] = [];
  sent = 0;
  readonly #streams: Duplex[] = [];

  constructor(target: Target, random: Random) {
    this.target = target;
    this.random = random;
  }

  /** A connection, on which `first` leaves as soon as it is there. Where that has requests in it, they are counted. */
  open(first: string | Uint8Array, requests = 1): Promise<RawClient> {
    return this.opening(async () => {
      const client = await RawClient.connect(this.target.port);
      this.#streams.push(client.stream);
      this.send(client, first, requests);
      return client;
    });
  }

  /** The same, within TLS. */
  openTls(first: string): Promise<RawClient> {
    return this.opening(async () => {
      const stream = connectTls({ port: this.target.port, host: "127.0.0.1", rejectUnauthorized: false });
      this.#streams.push(stream);
      await once(stream, "secureConnect");
      const client = new RawClient(stream);
      this.send(client, first);
      return client;
    });
  }

  /** Does something during which the server must not be told to close. */
  async opening<T>(work: () => Promise<T>): Promise<T> {
    this.target.opening++;
    try {
      return await work();
    } finally {
      this.target.opening--;
    }
  }

  send(client: RawClient, bytes: string | Uint8Array, requests = 1): void {
    this.sent += requests;
    client.send(bytes);
  }

  note(outcome: Outcome, count = 1): void {
    for (let noted = 0; noted < count; noted++) {
      this.outcomes.push(outcome);
    }
  }

  /** All that was sent and has no outcome yet. */
  noteRest(outcome: Outcome): void {
    this.note(outcome, this.sent - this.outcomes.length);
  }

  /**
   * The next answer. Undefined where the server is closing, and ended the connection without a byte of it: that is allowed
   * on a connection that has been used before, or by a client that takes its time.
   */
  async answer(client: RawClient): Promise<SeenResponse | undefined> {
    try {
      return await client.response();
    } catch (error) {
      if (this.target.draining && client.pending === "") {
        return undefined;
      }
      throw error;
    }
  }

  /** How often something is done on one connection: mostly a few times, and now and then for seconds. */
  times(): number {
    return 1 + this.random.below(this.random.oneIn(4) ? 400 : 10);
  }

  /** Waits a little, as a client would that has other things to do. */
  think(longestMs = 20): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.random.below(longestMs)));
  }

  close(): void {
    for (const stream of this.#streams) {
      stream.on("error", () => {}).destroy();
    }
  }
}

/** Throws where it is not so. */
export function expect(holds: boolean, what: () => string): asserts holds {
  if (!holds) {
    throw new Error(what());
  }
}
