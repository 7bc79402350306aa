import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import { performance } from "node:perf_hooks";

/** node:http2 at work on one connection: counts its streams, and ends it when it has none for too long. */
export class ServedSession {
  readonly #session: ServerHttp2Session;
  readonly #idleMs: number;
  readonly #closeMs: number;
  readonly #destroy: () => void;
  #streams = 0;
  #idleSince: number = performance.now();
  #timer: NodeJS.Timeout | undefined;

  /** `idleMs`: how long it may be without a stream. `closeMs`: how long the client may take to close behind our GOAWAY. */
  constructor(session: ServerHttp2Session, idleMs: number, closeMs: number, destroy: () => void) {
    this.#session = session;
    this.#idleMs = idleMs;
    this.#closeMs = closeMs;
    this.#destroy = destroy;
    session.on("error", () => session.destroy());
    session.on("goaway", () => this.#expectEnd());
    this.#lookIn(idleMs);
  }

  /** A stream has begun. */
  opened(stream: ServerHttp2Stream): void {
    this.#streams++;
    stream.on("close", this.#streamClosed);
  }

  /** GOAWAY; what is under way is answered, and then the client has to close its side, too. */
  close(): void {
    this.#session.close();
    this.#expectEnd();
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#session.destroy();
  }

  /** One function for all streams: a closure each is what a short answer would notice. */
  readonly #streamClosed = (): void => {
    this.#streams--;
    if (this.#streams === 0) {
      this.#idleSince = performance.now();
      this.#expectEnd();
    }
  };

  /** The time of the session's own timer would be set anew with each frame; this one looks in, and comes again. */
  #lookIn(inMs: number): void {
    if (inMs === Number.POSITIVE_INFINITY) {
      return;
    }
    this.#timer = setTimeout(() => {
      const leftMs = this.#streams > 0 ? this.#idleMs : this.#idleSince + this.#idleMs - performance.now();
      if (leftMs > 0) {
        this.#lookIn(leftMs);
      } else {
        this.close();
      }
    }, Math.ceil(inMs));
    this.#timer.unref();
  }

  #expectEnd(): void {
    if (this.#session.closed && this.#streams === 0) {
      setTimeout(this.#destroy, this.#closeMs).unref(); // node:http2 would wait for ever
    }
  }
}
