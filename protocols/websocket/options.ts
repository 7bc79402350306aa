import { type Decision, type FieldsLike, type Offer, UsageError } from "turnout";
import type { Message } from "./inbox.ts";
import type { OriginPolicy } from "./opening-handshake.ts";
import type { ServerWebSocket } from "./socket.ts";

/** What `accept` is asked: the offer, and what of it is WebSocket's own. */
export interface WebSocketOffer extends Offer {
  /** The subprotocols that the client offers, in its order of preference. */
  readonly subprotocols: readonly string[];
}

/** What goes with the decision to open a socket. */
export interface AdmitOptions {
  /** One of the offered subprotocols; `""` for none. Default: the first offered one that the options list. */
  readonly subprotocol?: string;
  /** Further fields of the 101. */
  readonly headers?: FieldsLike;
  /** False: `permessage-deflate` is declined on this connection. Default true. */
  readonly compress?: boolean;
}

/** The decision to open a socket; made by {@link admit}. */
export type Admission<State> = Extract<Decision<State>, { do: "switch" }> & Omit<AdmitOptions, "headers">;

/** Open a socket. `state` is its `state`. The core's `switchTo`, `decline` and `reject` do as well. */
export function admit(): Admission<undefined>;
/** Open a socket with a `state`. Further fields, a subprotocol and whether to compress are in `options`. */
export function admit<State>(state: State, options?: AdmitOptions): Admission<State>;
export function admit(state?: unknown, { headers, ...options }: AdmitOptions = {}): Admission<unknown> {
  return { do: "switch", state, headers, ...options };
}

/** Sizes and counts that bound what one client can make the server hold. */
export interface WebSocketLimits {
  /** Bytes of a message, inflated. Default 16 MiB; beyond it 1009, as soon as it shows. */
  readonly maxMessageBytes: number;
  /** Frames of one message. Default 131,072; beyond it 1008. */
  readonly maxFragments: number;
  /** Bytes waiting to be sent from which on a client is slow: `broadcast` passes it over, or closes it. Default 1 MiB. */
  readonly slowBytes: number;
  /** Bytes waiting to be sent beyond which a client that is sent more is given up. Default 16 MiB. */
  readonly maxBufferedBytes: number;
}

/** In milliseconds. `Infinity` switches one off. */
export interface WebSocketTimeouts {
  /** Silence of the client after which it is sent a Ping. Default 30,000. */
  readonly pingMs: number;
  /** From a Ping to any sign of life. Default 20,000; then the connection is destroyed. */
  readonly pongMs: number;
  /** Without a message from the client. Default `Infinity`; then 1001. */
  readonly idleMs: number;
  /** From our Close frame to the client's, and then to its end of the connection. Default 2,000; then destroyed. */
  readonly closeMs: number;
  /**
   * Over how long the 1001s are spread when the server closes; a millisecond a socket at most, and half of the grace
   * period. Default 2,000.
   */
  readonly drainWindowMs: number;
}

/** `permessage-deflate` (RFC 7692). */
export interface DeflateOptions {
  /** Bytes of a message below which it is sent as it is. Default 1,024. */
  readonly thresholdBytes: number;
  /**
   * Let each side compress with what it has sent before in view, where the client allows it. Smaller messages, for up to
   * 64 KiB a connection and more work. Default false.
   */
  readonly contextTakeover: boolean;
  /** From 1, fast, to 9, small. Default 3. */
  readonly level: number;
  /** Messages that are compressed or inflated at one time. Default 4, as many as libuv has threads. */
  readonly concurrency: number;
}

/** What the application does with its sockets. What is thrown here closes the socket with 1011, and is a fault. */
export interface WebSocketHandlers<State> {
  /** Open. No message is read before it has returned and its promise, if it is one, is settled. */
  open?(socket: ServerWebSocket<State>): unknown;
  /** A message. Where a promise is returned, the next one waits until it is settled. */
  message?(socket: ServerWebSocket<State>, message: Message): unknown;
  /** A Pong frame: what was sent with `ping`, or unasked. */
  pong?(socket: ServerWebSocket<State>, payload: Buffer): unknown;
  /** After `send` gave false: there is room again. */
  drain?(socket: ServerWebSocket<State>): unknown;
  /**
   * Closed; called once. The code and the reason are of the Close frame that came first, the client's or ours; 1005 where
   * it had none, 1006 where there was none. `error` is there when the client broke a rule or the connection failed.
   */
  close?(socket: ServerWebSocket<State>, code: number, reason: string, error: Error | undefined): unknown;
}

/** What a `WebSocketProtocol` is made with: its policy, and what is done with its sockets. */
export interface WebSocketOptions<State> extends WebSocketHandlers<State> {
  /** Decides before the 101, and makes the socket's state. Default: take it. */
  accept?(offer: WebSocketOffer): Decision<State> | Admission<State> | Promise<Decision<State> | Admission<State>>;
  /**
   * Which pages may connect; others get 403. `"same-origin"`: those from the host that they connect to. A list has
   * origins (`https://example.com`). Clients that are no browsers send no Origin, and are let in. Default `"same-origin"`.
   */
  readonly origin?: OriginPolicy;
  /** Subprotocols that are spoken. The client's order decides. Default none. */
  readonly subprotocols?: readonly string[];
  /** Each with its default. */
  readonly limits?: Partial<WebSocketLimits>;
  /** In milliseconds, each with its default; `Infinity` switches one off. */
  readonly timeouts?: Partial<WebSocketTimeouts>;
  /** Default false. */
  readonly perMessageDeflate?: boolean | Partial<DeflateOptions>;
}

const defaultLimits: WebSocketLimits = {
  maxMessageBytes: 16 * 1024 * 1024,
  maxFragments: 131_072,
  slowBytes: 1024 * 1024,
  maxBufferedBytes: 16 * 1024 * 1024,
};

const defaultTimeouts: WebSocketTimeouts = {
  pingMs: 30_000,
  pongMs: 20_000,
  idleMs: Number.POSITIVE_INFINITY,
  closeMs: 2_000,
  drainWindowMs: 2_000,
};

const defaultDeflate: DeflateOptions = { thresholdBytes: 1_024, contextTakeover: false, level: 3, concurrency: 4 };

export function resolveLimits(given: Partial<WebSocketLimits> = {}): WebSocketLimits {
  return resolve("limits", defaultLimits, given);
}

export function resolveTimeouts(given: Partial<WebSocketTimeouts> = {}): WebSocketTimeouts {
  return resolve("timeouts", defaultTimeouts, given);
}

/** Undefined: switched off. */
export function resolveDeflate(given: boolean | Partial<DeflateOptions> = false): DeflateOptions | undefined {
  if (given === false) {
    return undefined;
  }
  const options = resolve("perMessageDeflate", defaultDeflate, given === true ? {} : given);
  if (!Number.isInteger(options.level) || options.level < 1 || options.level > 9) {
    throw new UsageError("ERR_TURNOUT_OPTION", "perMessageDeflate.level is a whole number from 1 to 9");
  }
  if (options.concurrency < 1) {
    throw new UsageError("ERR_TURNOUT_OPTION", "perMessageDeflate.concurrency is at least 1");
  }
  return options;
}

function resolve<T extends object>(group: string, defaults: T, given: Partial<T>): T {
  const resolved = { ...defaults };
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, name)) {
      throw new UsageError("ERR_TURNOUT_OPTION", `${group}.${name} is not an option`);
    }
    if (value === undefined) {
      continue;
    }
    const kind = typeof defaults[name as keyof T];
    if (typeof value !== kind || (kind === "number" && !((value as number) >= 0))) {
      throw new UsageError("ERR_TURNOUT_OPTION", `${group}.${name} has to be a ${kind} that makes sense`);
    }
    resolved[name as keyof T] = value as T[keyof T];
  }
  return resolved;
}
