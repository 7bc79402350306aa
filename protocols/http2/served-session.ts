import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import type { Duplex } from "node:stream";
import { OpenStreams } from "./open-streams.ts";

/** How long the server waits, when it closes, for the first request of a connection that has just begun. */
const firstRequestMs = 500;

/** In milliseconds. */
export interface SessionTimeouts {
  /** How long it may be without a stream, or with streams and unable to send. */
  readonly idleMs: number;
  /** How long a short answer may wait for the client to take it. */
  readonly stallMs: number;
  /** How long the client may take to close behind our GOAWAY. */
  readonly closeMs: number;
}

/** node:http2 at work on one connection: knows its streams, and ends it when it has none for too long. */
export class ServedSession {
  readonly #session: ServerHttp2Session;
  readonly #socket: Duplex & Partial<Pick<Socket, "bytesRead" | "bytesWritten">>;
  readonly #timeouts: SessionTimeouts;
  readonly #destroy: () => void;
  readonly #streams: OpenStreams;
  /** One function for all streams: a closure each is what a short answer would notice. */
  readonly #streamClosed: (this: ServerHttp2Stream) => void;
  /** Whether there has been a stream, and whether the first one is the last. */
  #begun = false;
  #closing = false;
  #idleSince: number = performance.now();
  #timer: NodeJS.Timeout | undefined;
  /** The connection is closed, and nothing is to be expected of it. */
  #gone = false;
  /** Bytes that had been read and written when it was probed. */
  #movedBefore = -1;

  constructor(session: ServerHttp2Session, socket: Duplex, timeouts: SessionTimeouts, destroy: () => void) {
    this.#session = session;
    this.#socket = socket;
    this.#timeouts = timeouts;
    this.#destroy = destroy;
    this.#streams = new OpenStreams(timeouts.stallMs);
    const closed = (stream: ServerHttp2Stream): void => this.#closed(stream);
    this.#streamClosed = function () {
      closed(this);
    };
    session.on("error", () => session.destroy());
    session.on("goaway", () => this.#expectEnd());
    this.#lookIn(timeouts.idleMs);
  }

  /** A stream has begun. */
  opened(stream: ServerHttp2Stream): void {
    this.#streams.add(stream);
    this.#begun = true;
    stream.on("close", this.#streamClosed);
    if (this.#closing) {
      this.#end();
    }
  }

  /**
   * GOAWAY; what is under way is answered, and then the client has to close its side, too. The first request is waited for: it
   * is under way as a rule, and behind an Upgrade it has been made already.
   */
  close(): void {
    if (this.#begun) {
      this.#end();
      return;
    }
    this.#closing = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(), firstRequestMs);
    this.#timer.unref();
  }

  destroy(): void {
    this.#gone = true;
    clearTimeout(this.#timer);
    this.#streams.forget();
    this.#session.destroy();
  }

  #closed(stream: ServerHttp2Stream): void {
    this.#streams.delete(stream);
    if (this.#streams.size === 0) {
      this.#idleSince = performance.now();
      this.#expectEnd();
    }
  }

  /** The time of the session's own timer would be set anew with each frame; this one looks in, and comes again. */
  #lookIn(inMs: number): void {
    if (inMs === Number.POSITIVE_INFINITY) {
      return;
    }
    this.#timer = setTimeout(() => {
      const leftMs = this.#idleSince + this.#timeouts.idleMs - performance.now();
      if (this.#streams.size > 0) {
        this.#probe();
      } else if (leftMs > 0) {
        this.#lookIn(leftMs);
      } else {
        this.#end();
      }
    }, Math.ceil(inMs));
    this.#timer.unref();
  }

  /**
   * Where nghttp2 has given a connection up (RFC 9113 section 5.4.1), Node 20 neither closes it nor hears of its end, and its
   * streams stay for ever. Nothing says so, but that whatever is sent does not leave any more.
   */
  #probe(): void {
    const { bytesRead, bytesWritten } = this.#socket;
    const moved = bytesRead! + bytesWritten!; // of what is no socket: NaN, which equals nothing
    if (moved === this.#movedBefore || this.#session.destroyed) {
      this.#destroy();
      return;
    }
    this.#movedBefore = moved;
    if (this.#session.closed) {
      this.#session.goaway(); // once more: a session that is closing sends no PING
    } else {
      this.#session.ping(ignore);
    }
    this.#lookIn(this.#timeouts.idleMs);
  }

  #end(): void {
    this.#closing = false;
    this.#session.close();
    this.#expectEnd();
  }

  #expectEnd(): void {
    if (this.#session.closed && this.#streams.size === 0 && !this.#gone) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(this.#destroy, this.#timeouts.closeMs).unref(); // node:http2 would wait for ever
    }
  }
}

/** Whether and how a PING is answered is not what matters. */
function ignore(): void {}
