import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { DelegatedTrack } from "./delegated-track.ts";
import { hasContent, headBytesOf, isWholeHead, withoutOffer } from "./node-request.ts";
import { PendingAnswers } from "./pending-answers.ts";

/** Who is to get a request that offers to switch. */
type Addressee = "modules" | "listeners" | "application";

/** From node 22.21 and 24.9 on, which the types do not know: whether a request is an `upgrade` event, or an ordinary one. */
type Asking = HttpServer & { shouldUpgradeCallback?(request: IncomingMessage): boolean };

type Listener = (...args: unknown[]) => void;

const adopted = new WeakMap<HttpServer, AdoptedServer>();

/** Without a listener for `upgrade`, node:http would neither tell nor let go of the connection. */
function ignore(): void {}

/**
 * An http.Server of the application's, as far as connections from elsewhere are served by it. Its events are looked at
 * before its listeners get them, so that an `upgrade` which is a module's reaches nobody else: among listeners, none can keep an event from the
 * next. Its listeners, its options and its other connections stay what they are.
 */
export class AdoptedServer {
  readonly #http: HttpServer;
  readonly #emit: (name: string, ...args: unknown[]) => boolean;
  readonly #listen: Listener;
  readonly #tracks: WeakMap<Duplex, DelegatedTrack> = new WeakMap();
  readonly #answers: WeakMap<Duplex, PendingAnswers> = new WeakMap();

  /** The one for this http.Server. */
  static of(http: HttpServer): AdoptedServer {
    let one = adopted.get(http);
    if (one === undefined) {
      one = new AdoptedServer(http);
      adopted.set(http, one);
    }
    return one;
  }

  private constructor(http: Asking) {
    this.#http = http;
    this.#emit = http.emit.bind(http);
    this.#listen = this.#own("connection", "connectionListener") ?? ((stream) => this.#emit("connection", stream));
    // An http.Server begins to watch over its timeouts when it begins to listen, which this one may never do.
    this.#own("listening", "setupConnectionsTracking")?.call(http);
    http.on("upgrade", ignore);
    http.emit = (name: string, ...args: unknown[]) => this.#takes(name, args) || this.#emit(name, ...args);
    const { shouldUpgradeCallback } = http;
    if (shouldUpgradeCallback !== undefined) {
      http.shouldUpgradeCallback = (request) => {
        const isListeners = this.#addressee(request) === "listeners";
        const isTold = isListeners ? shouldUpgradeCallback.call(http, request) : this.#canTakeBack(request);
        if (!isTold) {
          this.#tracks.get(request.socket)?.overlooked();
        }
        return isTold;
      };
    }
  }

  /** Whether the application listens to `upgrade` itself. */
  get hasListeners(): boolean {
    return this.#http.listeners("upgrade").some((listener) => listener !== ignore);
  }

  answersOn(stream: Duplex): PendingAnswers {
    let answers = this.#answers.get(stream);
    if (answers === undefined) {
      answers = new PendingAnswers();
      this.#answers.set(stream, answers);
    }
    return answers;
  }

  trackOn(stream: Duplex): DelegatedTrack | undefined {
    return this.#tracks.get(stream);
  }

  /** A connection from elsewhere: the http.Server reads on, and `track` hears of it. */
  serve(stream: Duplex, track: DelegatedTrack): void {
    const isNew = !this.#tracks.has(stream);
    this.#tracks.set(stream, track);
    if (isNew) {
      this.#emit("connection", stream);
    } else {
      this.#listen.call(this.#http, stream); // its other listeners know it
    }
  }

  /** Closes the connections on which no request is under way. */
  closeIdle(): void {
    this.#http.closeIdleConnections();
  }

  /** What the http.Server does itself upon one of its events. */
  #own(event: string, name: string): Listener | undefined {
    return (this.#http.listeners(event) as Listener[]).find((listener) => listener.name === name);
  }

  /** Looks at an event before its listeners get it. True: they do not. */
  #takes(name: string, args: unknown[]): boolean {
    switch (name) {
      case "request":
      case "checkContinue":
      case "checkExpectation": {
        const [request, response] = args as [IncomingMessage, ServerResponse];
        const track = this.#tracks.get(request.socket);
        if (track === undefined) {
          this.answersOn(request.socket).add(response, () => {});
        } else {
          track.answering(request, response);
        }
        return false;
      }
      case "upgrade":
        return this.#takesUpgrade(...(args as [IncomingMessage, Duplex, Buffer]));
      default:
        return false;
    }
  }

  #takesUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): boolean {
    if (this.#addressee(request) === "listeners") {
      return false;
    }
    const bytes = isWholeHead(request, this.#http) ? Buffer.concat([headBytesOf(request), head]) : undefined;
    const track = this.#tracks.get(stream);
    if (track === undefined) {
      this.#readAgain(stream, bytes);
    } else {
      track.takeBack(bytes);
    }
    return true;
  }

  /** A connection that is none of ours: without the listener that is, it would have been an ordinary request. */
  #readAgain(stream: Duplex, bytes: Buffer | undefined): void {
    stream.on("error", ignore); // nobody else listens meanwhile
    this.answersOn(stream).whenOut(() => {
      setImmediate(() => {
        if (bytes === undefined || !stream.writable) {
          stream.destroy();
          return;
        }
        stream.pause();
        stream.unshift(withoutOffer(bytes, false));
        this.#listen.call(this.#http, stream);
        stream.resume();
      });
    });
  }

  /**
   * Whether a request that offers to switch can be put together again. Of its content, node:http may have read some: from
   * node 26 on it reads all of it first. Where it cannot, it is an ordinary request.
   */
  #canTakeBack(request: IncomingMessage): boolean {
    return this.#tracks.has(request.socket) && !hasContent(request) && isWholeHead(request, this.#http);
  }

  #addressee(request: IncomingMessage): Addressee {
    const track = this.#tracks.get(request.socket);
    if (track?.wants(request)) {
      return "modules";
    }
    return this.hasListeners && track?.passes(request) !== false ? "listeners" : "application";
  }
}
