import { EventEmitter } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { performance } from "node:perf_hooks";
import type { Duplex } from "node:stream";
import { debuglog } from "node:util";
import { Adoption } from "./adoption.ts";
import { Clock } from "./clock.ts";
import { Connection, type OuterConnection } from "./connection.ts";
import { type ConnectionInfo, infoOf } from "./connection-info.ts";
import type { ServerContext } from "./context.ts";
import { Countdown } from "./countdown.ts";
import { type DrainReport, kindOf, reportOf } from "./drain-report.ts";
import { type ModuleError, PeerError, TransportError, UsageError } from "./errors.ts";
import type { RequestInfo } from "./http/request.ts";
import { Listeners, type ListenOptions } from "./listeners.ts";
import { isListed, layerOf, ServerObserver } from "./observer.ts";
import { httpTrackOn } from "./offer-track.ts";
import { Opening } from "./opening.ts";
import {
  type Limits,
  type Respond,
  resolveLimits,
  resolveTimeouts,
  type ServerOptions,
  type Timeouts,
} from "./options.ts";
import { TrustedProxies } from "./proxy/trusted-proxies.ts";
import { ProxyOpening } from "./proxy-opening.ts";
import { Registry } from "./registry.ts";
import type { ServerStats } from "./stats.ts";
import { answerStream } from "./stream-answer.ts";
import { faultOf, type StreamRequest } from "./stream-request.ts";
import { StreamTrack } from "./stream-track.ts";
import { TracedConnection } from "./traced-connection.ts";
import { traceable } from "./tracing.ts";
import type { Track } from "./track.ts";
import { traceWire } from "./wire-trace.ts";

const trace = debuglog("turnout");
if (trace.enabled) {
  traceWire((line) => trace("%s", line));
}

/** How a server closes. */
export interface CloseOptions {
  /** How long, in milliseconds, what is under way may take to end. Default: the option `timeouts.drainMs`. */
  readonly graceMs?: number;
  /** How long, in milliseconds, the server goes on as before, but for its readiness. Default 0. */
  readonly delayMs?: number;
}

/** The events of a {@link Server}. */
export interface ServerEvents {
  /** A request was answered over HTTP/1.1. */
  answered: [request: RequestInfo, status: number];
  /** A connection was switched. */
  switched: [request: RequestInfo, token: string];
  /** A connection began with the opening bytes of a protocol. */
  opened: [token: string];
  /** A peer broke a rule, and was told so. */
  refused: [error: PeerError];
  /** A module or the application failed. Without a listener the error goes to standard error. */
  fault: [error: ModuleError];
  /** A connection is closed; with the error, when it did not end in order. */
  closed: [error: TransportError | undefined];
}

/** One port on which connections start with HTTP/1.1, and may be switched to any protocol that a module speaks. */
export class Server extends EventEmitter<ServerEvents> implements AsyncDisposable {
  readonly #context: ServerContext & { retiring: boolean; draining: boolean };
  readonly #limits: Limits;
  readonly #timeouts: Timeouts;
  readonly #observer: ServerObserver = new ServerObserver(this, (connection) => this.#gone(connection));
  readonly #clock: Clock<Connection>;
  readonly #adoption: Adoption | undefined;
  readonly #proxies: TrustedProxies | undefined;
  readonly #listeners: Listeners = new Listeners((socket) => this.#take(socket));
  #lastId = 0;
  /** How many of the connections count. */
  #open = 0;
  #report: (report: Promise<DrainReport>) => void = () => {};
  readonly #closed: Promise<DrainReport> = new Promise((resolve) => {
    this.#report = resolve;
  });
  readonly #stop: Countdown = new Countdown(() => this.#stopListening());
  readonly #end: Countdown = new Countdown(() => {
    this.#stopListening();
    this.#destroyAll();
  });
  #settleClosed: (() => void) | undefined;

  constructor(options: ServerOptions = {}) {
    super();
    const limits = resolveLimits(options.limits);
    const timeouts = resolveTimeouts(options.timeouts);
    this.#limits = limits;
    this.#timeouts = timeouts;
    this.#adoption = options.http && new Adoption(options.http);
    if (this.#adoption !== undefined && options.advertise) {
      throw new UsageError("ERR_TURNOUT_OPTION", "advertise is not for an adopted server, whose answers are its own");
    }
    this.#proxies = options.proxy && new TrustedProxies(options.proxy);
    this.#clock = new Clock(Math.min(...Object.values(timeouts)));
    this.#context = {
      limits,
      timeouts,
      registry: new Registry(options.protocols ?? []),
      negotiate: options.negotiate ?? "client",
      respond: traceable(options.respond ?? this.#adoption?.respond ?? notFound),
      adopted: this.#adoption,
      advertise: options.advertise ?? false,
      clock: this.#clock,
      retiring: false,
      draining: false,
      observer: this.#observer,
      graceMs: () => this.#end.leftMs,
      serve: (stream, carrier) => {
        if (!stream.destroyed) {
          this.#uncount(carrier); // from here on it is the inner one that is a connection
          const inner = this.#adopt(stream, carrier.id);
          inner.beneath = carrier;
          inner.announced = carrier.announced;
          this.#begin(inner);
        }
      },
      serveStream: (request, outer) => this.#serveStream(request, outer),
    };
  }

  /**
   * Listens, with the options of `net.Server.listen` (`port`, `host`, `path`, `backlog`, `fd`, `signal`, ...); may be called
   * again, to listen elsewhere, too. Aborting `signal` closes the server. Gives the address: a string for a socket of UNIX.
   * Rejects with the system's error, such as `EADDRINUSE`.
   */
  async listen(options: ListenOptions = {}): Promise<AddressInfo | string> {
    if (this.draining) {
      throw new UsageError("ERR_TURNOUT_STATE", "the server is closed");
    }
    const address = await this.#listeners.add(options);
    options.signal?.addEventListener("abort", () => void this.close(), { once: true });
    return address;
  }

  /** Serves a stream that comes from elsewhere: another server, or one end of `stream.duplexPair()`. */
  accept(stream: Duplex): void {
    if (stream.destroyed) {
      return; // gone before it got here, and no event would ever tell
    }
    const connection = this.#adopt(stream, ++this.#lastId);
    this.#observer.accepted(connection);
    if (this.#context.draining) {
      connection.linger(); // too late: what is left to do here is to end
    } else if (this.#proxies?.includes(stream)) {
      this.#begin(connection, new ProxyOpening(connection, () => this.#begin(connection)));
    } else {
      this.#begin(connection);
    }
  }

  /** Where the server listens, of several places the first; undefined while it does not. */
  address(): AddressInfo | string | undefined {
    return this.#listeners.addresses[0];
  }

  /** Everywhere that the server listens, in the order in which it began. */
  addresses(): readonly (AddressInfo | string)[] {
    return this.#listeners.addresses;
  }

  /** What has happened, and what is open. Walks over the connections. */
  stats(): ServerStats {
    return this.#observer.tally.snapshot(this.#open, [...this.#clock.watched].map(layerOf));
  }

  /** The connections now, and the streams of HTTP/2 that were switched; the oldest first. */
  connections(): ConnectionInfo[] {
    const now = performance.now();
    return [...this.#clock.watched]
      .filter(isListed)
      .map((connection) => infoOf(connection, now))
      .sort((a, b) => a.id - b.id);
  }

  /**
   * Ends everything, in this order: `draining` is true, and health checks say so; for `delayMs` all goes on as before, so that
   * those who send traffic can hear of it; then the server stops listening, idle connections are closed, requests under way are
   * answered with `Connection: close`, and modules are asked to `drain`; after `graceMs` more, what is left is destroyed.
   * Resolves when all is closed. A further call can only shorten what is left of the two.
   */
  close({ graceMs = this.#timeouts.drainMs, delayMs = 0 }: CloseOptions = {}): Promise<DrainReport> {
    this.#context.retiring = true;
    this.#end.within(delayMs + graceMs); // first: modules that drain are told how much of it is left
    this.#stop.within(delayMs);
    return this.#closed;
  }

  /** Whether `close()` has been called: no new traffic is wanted, though during its `delayMs` all that comes is served. */
  get draining(): boolean {
    return this.#context.retiring;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Of the sockets that listen. */
  #take(socket: Socket): void {
    if (this.#open < this.#limits.maxConnections) {
      this.accept(socket);
    } else {
      socket.destroy();
    }
  }

  /** From the first byte on, over whatever stream. */
  #begin(connection: Connection, track: Track = this.#opening(connection)): void {
    connection.speak(track);
    if (this.#context.draining) {
      track.closing();
    }
  }

  #opening(connection: Connection): Track {
    const { detectors } = this.#context.registry;
    return detectors.length === 0 ? httpTrackOn(connection) : new Opening(connection, detectors);
  }

  #adopt(stream: Duplex, id: number, outer?: OuterConnection): Connection {
    const Kind = TracedConnection.wanted ? TracedConnection : Connection;
    const connection = new Kind(stream, this.#context, id, outer);
    this.#open += connection.counts ? 1 : 0;
    this.#clock.watch(connection);
    return connection;
  }

  #serveStream(request: StreamRequest, beneath: Connection): void {
    if (request.stream.destroyed || request.aborted) {
      return;
    }
    const fault = faultOf(request, this.#limits);
    if (fault !== undefined) {
      this.#openStream(request, beneath).refuse(new PeerError(fault));
    } else if (request.ended && request.protocol === undefined) {
      answerStream(request, beneath, this.#openStream);
    } else {
      this.#openStream(request, beneath).start();
    }
  }

  /** A stream as a connection of its own. */
  readonly #openStream = (request: StreamRequest, beneath: Connection): StreamTrack => {
    const { stream } = request;
    const { peer, secure } = beneath;
    const outer = { peer, secure, reset: (complete: boolean) => request.reset(complete) };
    const connection = this.#adopt(stream, ++this.#lastId, outer);
    connection.beneath = beneath;
    stream.on("aborted", () => connection.failed(new Error("the client has reset the stream")));
    const track = new StreamTrack(connection, request);
    connection.speak(track);
    return track;
  };

  #uncount(connection: Connection): void {
    this.#open -= connection.counts ? 1 : 0;
    connection.counts = false;
  }

  #stopListening(): void {
    if (!this.#context.draining) {
      this.#report(this.#drain());
    }
  }

  async #drain(): Promise<DrainReport> {
    const start = performance.now();
    this.#context.draining = true;
    const counted = [...this.#clock.watched].filter(({ counts }) => counts);
    const kinds = new Map(counted.map((connection) => [connection, kindOf(connection)]));
    const destroyed = new Set<Connection>();
    this.#onDestroyed = (connection) => destroyed.add(connection);
    const listenersClosed = this.#listeners.close();
    this.#context.adopted?.closeIdle();
    for (const connection of this.#clock.watched) {
      connection.turn(() => connection.track.closing());
    }
    if (this.#clock.watched.size > 0) {
      await new Promise<void>((resolve) => {
        this.#settleClosed = resolve;
      });
    }
    await listenersClosed;
    this.#end.stop();
    return reportOf(kinds, destroyed, performance.now() - start);
  }

  #gone(connection: Connection): void {
    this.#uncount(connection);
    this.#clock.unwatch(connection);
    if (this.#clock.watched.size === 0) {
      this.#settleClosed?.();
    }
  }

  #onDestroyed: (connection: Connection) => void = () => {};

  #destroyAll(): void {
    for (const connection of this.#clock.watched) {
      this.#onDestroyed(connection);
      connection.destroy(new TransportError("ERR_TURNOUT_DRAIN_TIMEOUT", "the server closed"));
    }
  }
}

const notFound: Respond = () => ({ status: 404, body: "404 Not Found\n" });

/** A server; it does not listen yet. Throws a `UsageError` for options that make no sense. */
export function createServer(options?: ServerOptions): Server {
  return new Server(options);
}
