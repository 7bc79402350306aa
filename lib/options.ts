import type { Server as HttpServer } from "node:http";
import type { AdoptedHttp } from "./adoption.ts";
import { UsageError } from "./errors.ts";
import { headBytesCeiling } from "./http/head-scratch.ts";
import type { HttpRequest, RequestInfo } from "./http/request.ts";
import type { ResponseLike } from "./http/response.ts";
import type { ProtocolModule } from "./protocol-module.ts";
import type { ProxyOptions } from "./proxy/trusted-proxies.ts";

/** Sizes and counts that bound what one peer can make the server hold. */
export interface Limits {
  /** Bytes of a request head, request line and last empty line included. Default 16,384, at most 65,536; beyond it 431. */
  readonly maxHeadBytes: number;
  /** Bytes of a request target. Default 8,000, which RFC 9112 section 3 recommends; beyond it 414. */
  readonly maxTargetBytes: number;
  /** Field lines of a request head. Default 100; beyond it 431. */
  readonly maxFields: number;
  /** Bytes of a request's content. Default 16 MiB; beyond it 413. `Infinity` for no bound. */
  readonly maxBodyBytes: number;
  /** Bytes of one chunk-size line with its extensions. Default 1,024. */
  readonly maxChunkLineBytes: number;
  /** Bytes of a trailer section. Default 8,192; beyond it 431. */
  readonly maxTrailerBytes: number;
  /** Field lines of a trailer section. Default 32; beyond it 431. */
  readonly maxTrailers: number;
  /**
   * Bytes held for whoever speaks next, while nobody can take them. Default 65,536. From then on the server stops
   * reading (one more read may be under way), and TCP holds the client back; a reset goes unnoticed until it reads on.
   */
  readonly maxEarlyBytes: number;
  /** Bytes of content that nobody read which are discarded to keep a connection. Default 262,144; beyond it, closed. */
  readonly maxDiscardBytes: number;
  /** Requests on one connection; the last is answered with `Connection: close`. Default `Infinity`. */
  readonly maxRequests: number;
  /** Bytes of a PROXY header of version 2. Default 4,096; beyond it the connection is closed. Version 1 has 107 at most. */
  readonly maxProxyHeaderBytes: number;
  /** Connections at one time, of all sockets that listen; further ones are closed at once. Default `Infinity`. */
  readonly maxConnections: number;
  /** Average pace below which content is too slow, in bytes a second, after the first `bodyMs`. Default 100. */
  readonly minBodyBytesPerSecond: number;
}

/** How long each phase may last, in milliseconds. `Infinity` switches a deadline off. */
export interface Timeouts {
  /**
   * From the first byte of a head (of the first one: from the connection's start) to its last. Default 10,000; 408. For a
   * PROXY header, too; closed.
   */
  readonly headMs: number;
  /** Between two reads of content. Default 30,000; 408. */
  readonly bodyMs: number;
  /** For the `accept` of all modules asked about one request. Default 10,000; 503. */
  readonly acceptMs: number;
  /** From the 101 to the receipt for the answer. Default 10,000; the connection is destroyed. */
  readonly answerMs: number;
  /** Between an answer and the next head's first byte. Default 5,000; closed without a word. */
  readonly keepAliveMs: number;
  /** While the peer takes nothing of what is to be sent. Default 60,000; the connection is destroyed. */
  readonly stallMs: number;
  /** From our last byte to the peer's. Default 2,000; the connection is destroyed. */
  readonly closeMs: number;
  /** For everything on the port, from `close()` on. Default 5,000; what is left is destroyed. */
  readonly drainMs: number;
}

/**
 * Whose order decides between several offers that the server speaks (RFC 9110 section 7.8: the server MAY ignore the
 * client's). `"client"`: as offered. `"server"`: as registered. A function gets the request and the offers that could be
 * switched to, in the client's order, and gives those it wants in its order; a token that was not offered is an error
 * (`ERR_TURNOUT_NOT_OFFERED`, answered 500).
 */
export type Negotiate =
  | "client"
  | "server"
  | ((request: RequestInfo, offers: readonly string[]) => string | readonly string[] | undefined);

/** From a request to its response, over whichever protocol the request came. */
export type Respond = (request: HttpRequest) => ResponseLike | Promise<ResponseLike>;

/** What a server is made with. What is left out has its default. */
export interface ServerOptions {
  /** The protocols that this port can switch to. The order is the server's preference. Default none. */
  // biome-ignore lint/suspicious/noExplicitAny: each module has a State of its own, which only it sees
  readonly protocols?: readonly ProtocolModule<any>[];
  /**
   * Answers ordinary requests. Default: 404 to everything; with `http`, which has those over HTTP/1.1, that server answers the
   * others, too.
   */
  readonly respond?: Respond;
  /**
   * A server of node:http that need not listen, such as Express's or Fastify's: it answers ordinary requests over HTTP/1.1, by its own
   * listeners, limits and timeouts, in the place of `respond`. `close()` drains its connections, and does not close it.
   */
  readonly http?: HttpServer | AdoptedHttp;
  /** Which of several offers is taken. Default `"client"`: the first that can be, in the client's order. */
  readonly negotiate?: Negotiate;
  /** Name the protocols in the first ordinary answer on each connection (RFC 9110 section 7.8). Default false. */
  readonly advertise?: boolean;
  /** From whom a PROXY header comes, and what it says is believed. Default: from nobody. */
  readonly proxy?: ProxyOptions;
  /** Sizes and counts, each with its default. */
  readonly limits?: Partial<Limits>;
  /** Deadlines in milliseconds, each with its default; `Infinity` switches one off. */
  readonly timeouts?: Partial<Timeouts>;
}

const defaultLimits: Limits = {
  maxHeadBytes: 16_384,
  maxTargetBytes: 8_000,
  maxFields: 100,
  maxBodyBytes: 16 * 1024 * 1024,
  maxChunkLineBytes: 1_024,
  maxTrailerBytes: 8_192,
  maxTrailers: 32,
  maxEarlyBytes: 65_536,
  maxDiscardBytes: 262_144,
  maxRequests: Number.POSITIVE_INFINITY,
  maxProxyHeaderBytes: 4_096,
  maxConnections: Number.POSITIVE_INFINITY,
  minBodyBytesPerSecond: 100,
};

const defaultTimeouts: Timeouts = {
  headMs: 10_000,
  bodyMs: 30_000,
  acceptMs: 10_000,
  answerMs: 10_000,
  keepAliveMs: 5_000,
  stallMs: 60_000,
  closeMs: 2_000,
  drainMs: 5_000,
};

export function resolveLimits(given: Partial<Limits> = {}): Limits {
  const limits = resolve("limits", defaultLimits, given);
  if (limits.maxHeadBytes > headBytesCeiling) {
    throw new UsageError("ERR_TURNOUT_OPTION", `limits.maxHeadBytes is at most ${headBytesCeiling}`);
  }
  return limits;
}

export function resolveTimeouts(given: Partial<Timeouts> = {}): Timeouts {
  return resolve("timeouts", defaultTimeouts, given);
}

function resolve<T extends object>(group: string, defaults: T, given: Partial<T>): T {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, name)) {
      throw new UsageError("ERR_TURNOUT_OPTION", `${group}.${name} is not an option`);
    }
    if (value !== undefined && !(typeof value === "number" && value >= 0)) {
      throw new UsageError("ERR_TURNOUT_OPTION", `${group}.${name} has to be a number that is not negative`);
    }
  }
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return Object.freeze({ ...defaults, ...set });
}
