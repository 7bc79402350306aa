import { type EventEmitter, once } from "node:events";
import type { IncomingMessage } from "node:http";
import { patiently } from "./patiently.ts";

/** What the tests use of a client of npm's `ws`, which brings no types. */
export interface WsClient extends EventEmitter {
  readonly extensions: string;
  readonly protocol: string;
  send(data: string | Uint8Array, options?: { readonly fin?: boolean; readonly compress?: boolean }): void;
  ping(payload?: string): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
}

export interface WsOptions {
  readonly protocols?: readonly string[];
  readonly origin?: string;
  readonly rejectUnauthorized?: boolean;
  readonly maxPayload?: number;
  readonly perMessageDeflate?:
    | boolean
    | {
        readonly threshold?: number;
        readonly serverNoContextTakeover?: boolean;
        readonly clientNoContextTakeover?: boolean;
        readonly serverMaxWindowBits?: number;
        readonly clientMaxWindowBits?: number;
      };
}

export type WsConstructor = new (url: string, protocols: readonly string[], options: object) => WsClient;

/** Runs `test` with an open client. It is gone afterwards, also when the test fails. */
export async function talking(
  WebSocket: WsConstructor,
  url: string,
  options: WsOptions,
  test: (talk: WsTalk) => Promise<void>,
): Promise<void> {
  const talk = new WsTalk(WebSocket, url, options);
  try {
    await patiently(async () => {
      await talk.opened;
      await test(talk);
    });
  } finally {
    talk.client.terminate();
  }
}

/** A client of npm's `ws`, and what it has seen. */
export class WsTalk {
  readonly client: WsClient;
  readonly messages: (string | Buffer)[] = [];
  /** The payloads of pings, and of pongs. */
  readonly pings: string[] = [];
  readonly pongs: string[] = [];
  /** Rejects where it is refused, or the handshake is not to its liking. */
  readonly opened: Promise<unknown>;
  /** How it ended. */
  readonly ended: Promise<{ readonly code: number; readonly reason: string }>;
  #handshake: IncomingMessage | undefined;

  constructor(WebSocket: WsConstructor, url: string, { protocols = [], ...options }: WsOptions = {}) {
    this.client = new WebSocket(url, protocols, options);
    this.opened = once(this.client, "open");
    this.opened.catch(() => {}); // told to those who wait for it
    this.client.on("error", () => {}); // the close event comes as well
    this.client.once("upgrade", (response: IncomingMessage) => {
      this.#handshake = response;
    });
    this.client.on("message", (data: Buffer, binary: boolean) => {
      this.messages.push(binary ? data : data.toString());
    });
    this.client.on("ping", (payload: Buffer) => this.pings.push(payload.toString()));
    this.client.on("pong", (payload: Buffer) => this.pongs.push(payload.toString()));
    this.ended = new Promise((resolve) => {
      this.client.once("close", (code: number, reason: Buffer) => resolve({ code, reason: reason.toString() }));
    });
  }

  /** The response to the handshake. */
  get handshake(): IncomingMessage {
    return this.#handshake!;
  }

  /** Waits until it has `count` messages, or rejects when it ends before. */
  async received(count: number): Promise<void> {
    const over = this.ended.then(({ code }) => {
      throw new Error(`it ended with ${code} after ${this.messages.length} messages`);
    });
    over.catch(() => {});
    while (this.messages.length < count) {
      await Promise.race([once(this.client, "message"), over]);
    }
  }
}
