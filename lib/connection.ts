import { performance } from "node:perf_hooks";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import type { Timed } from "./clock.ts";
import { awaitRoom, letGo, listen, takeUp } from "./connection-events.ts";
import type { ServerContext } from "./context.ts";
import { TransportError } from "./errors.ts";
import type { Peer, RequestOrigin } from "./http/request.ts";
import { Lingering } from "./lingering.ts";
import { Output } from "./output.ts";
import { peerOf } from "./peer.ts";
import { follows, type Phase } from "./phase.ts";
import { isPlainSocket, reset } from "./plain-socket.ts";
import { silent, type Track } from "./track.ts";

/** What a connection that is a stream of another one has of that. */
export interface OuterConnection extends RequestOrigin {
  /** Ends the stream at once; `complete`: what was to be said has been said. */
  reset(complete: boolean): void;
}

/**
 * How long a stream may stay open behind its answer, for the client to finish. Not no time at all: some clients take an
 * answer that comes together with the stream's end by force for none.
 */
const innerCloseMs = 100;

/** Bytes gathered or waiting beyond which `write` asks for patience. */
const highWaterBytes = 65_536;

/** Sockets and streams of HTTP/2 have a timer. */
type Timeable = Duplex & { setTimeout?(ms: number): unknown };

/**
 * The owner of one stream from its first byte to its close: the only one that listens to it, writes to it and ends it.
 * What comes is forwarded to whoever speaks now; what is written in one turn of the event loop leaves in one write.
 */
export class Connection implements Timed {
  readonly context: ServerContext;
  readonly stream: Duplex;
  /** The client's connection: what one carries has its carrier's. */
  readonly id: number;
  /** A point of `performance.now()`; whole, since that costs an idle connection a word, and a fraction three. */
  readonly openedAt: number = Math.trunc(performance.now());
  /** The connection that this one is a stream of, or that carries it. */
  beneath: Connection | undefined;
  /** A point of the clock's `now`; `Infinity` for none. */
  deadline: number = Number.POSITIVE_INFINITY;
  /** The clock's. */
  place = -1;
  #phase: Phase = "head";
  #track: Track = silent;
  readonly #output: Output = new Output();
  #inTurn = false;
  #flushScheduled = false;
  /** In the stream's buffer; until that has refused once, its events are not listened to. */
  #room: "always" | "again" | "none" = "always";
  #drainOwed = false;
  #paused = false;
  #peerEnded = false;
  #failure: TransportError | undefined;
  /** Whether a client would say that this is a connection: not a stream of another one, nor what carries another one. */
  counts: boolean;
  /** Who is at the other end of a proxy that has said so. */
  announced: Peer | undefined;
  /** The connection that this one is a stream of, where it is one. */
  readonly #outer: OuterConnection | undefined;

  constructor(stream: Duplex, context: ServerContext, id: number, outer?: OuterConnection) {
    this.stream = stream;
    this.context = context;
    this.id = id;
    this.#outer = outer;
    this.counts = outer === undefined;
    listen(this, stream);
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Enters a phase; `deadlineMs` is how long it may last. */
  become(phase: Phase, deadlineMs: number): void {
    if (phase !== this.#phase) {
      if (!follows[this.#phase].includes(phase)) {
        throw new Error(`a connection cannot go from ${this.#phase} to ${phase}`);
      }
      this.#phase = phase;
    }
    this.deadline = this.context.clock.in(deadlineMs);
  }

  /** From here on `track` speaks. */
  speak(track: Track): void {
    this.#track = track;
  }

  get track(): Track {
    return this.#track;
  }

  get closed(): boolean {
    return this.#phase === "closed";
  }

  get isStream(): boolean {
    return this.#outer !== undefined;
  }

  get peer(): Peer {
    return this.announced ?? this.#outer?.peer ?? peerOf(this.stream);
  }

  get secure(): boolean {
    return this.stream instanceof TLSSocket || (this.#outer?.secure ?? false);
  }

  /** Bytes written and not yet taken by the system. */
  get bufferedBytes(): number {
    return this.#output.length + this.stream.writableLength;
  }

  /** False while what is waiting to be sent is over the mark; `drain` is told afterwards. */
  get hasRoom(): boolean {
    if (this.#room !== "none" && this.#output.length < highWaterBytes) {
      return true;
    }
    this.#drainOwed = true;
    return false;
  }

  /** Writes text of which every character is one byte. */
  writeLatin1(text: string): boolean {
    this.#output.latin1(text);
    return this.#written();
  }

  writeBytes(bytes: Uint8Array): boolean {
    this.#output.bytes(bytes);
    return this.#written();
  }

  /** Ends our side, after what was written. */
  end(): void {
    this.#flush();
    const { stream } = this;
    if (this.#peerEnded && stream.writableLength === 0 && isPlainSocket(stream)) {
      stream.destroy(); // both sides have ended: closing says so as well, without a system call of its own
    } else {
      stream.end();
    }
  }

  /** Ends our side and drops what still comes: closing at once would reset the connection under our last bytes. */
  linger(): void {
    const { closeMs } = this.context.timeouts;
    this.become("lingering", this.#outer === undefined ? closeMs : Math.min(closeMs, innerCloseMs));
    this.#track = new Lingering(this, this.#track.spoken);
    this.resume();
    this.end();
  }

  /**
   * The time for the peer's end is over. True: the peer is still taking what was sent before, and stays; or it is a stream,
   * which can be ended without harm.
   */
  dismiss(): boolean {
    if (this.bufferedBytes > 0) {
      this.deadline = this.context.clock.in(this.context.timeouts.closeMs); // whether it takes anything is the stall timer's
      return true;
    }
    this.#outer?.reset(true);
    return this.#outer !== undefined;
  }

  /** All has been said, and what the peer still sends is not wanted (RFC 9113 section 8.1). */
  stopReceiving(): void {
    if (this.#outer === undefined) {
      this.destroy();
    } else {
      this.#outer.reset(true);
    }
  }

  /** Ends both sides at once. What this turn has written still leaves, if the system takes it. */
  destroy(error?: TransportError): void {
    this.#failure ??= error;
    this.#flush();
    if (this.#outer === undefined) {
      this.stream.destroy();
    } else {
      this.#outer.reset(false);
    }
  }

  /**
   * Gives the stream to somebody else, with `held` as the first bytes that are read from it. What remains here is to hear
   * of its errors and its close, and to destroy it.
   */
  handOver(held: Buffer): Duplex {
    this.#flush();
    this.untime();
    this.deadline = Number.POSITIVE_INFINITY;
    letGo(this.stream, held);
    return this.stream;
  }

  /** Has the stream back from whoever it was given to, who has let go of it. */
  takeBack(): void {
    this.untime();
    this.#paused = false;
    this.#room = "always";
    takeUp(this.stream);
  }

  /** The stream's own timer is switched off. */
  untime(): void {
    (this.stream as Timeable).setTimeout?.(0);
  }

  pause(): void {
    if (!this.#paused) {
      this.#paused = true;
      this.stream.pause();
    }
  }

  resume(): void {
    if (this.#paused) {
      this.#paused = false;
      this.stream.resume();
    }
  }

  /** Runs `work` as one turn: what it writes leaves together. */
  turn(work: () => void): void {
    const outermost = !this.#inTurn;
    this.#inTurn = true;
    work();
    if (outermost) {
      this.#inTurn = false;
      this.#flush();
    }
  }

  expire(): void {
    this.deadline = Number.POSITIVE_INFINITY;
    this.#track.expired();
  }

  /** The stream's events. */

  receive(chunk: Buffer): void {
    this.#inTurn = true;
    this.#track.received(chunk);
    this.#inTurn = false;
    this.#flush();
  }

  ended(): void {
    if (this.#failure !== undefined) {
      return; // a stream that is reset tells of an end, too
    }
    this.#peerEnded = true;
    this.turn(() => this.#track.finished());
  }

  drained(): void {
    this.#room = "again";
    this.untime();
    this.#tellDrain();
  }

  failed(cause: Error): void {
    this.#failure ??= new TransportError("ERR_TURNOUT_RESET", "the connection failed", { cause });
    if (!this.stream.destroyed) {
      // An error of TLS leaves the stream open, and does not survive its end within its own call.
      setImmediate(() => this.stream.destroy());
    }
  }

  stalled(): void {
    this.#failure ??= new TransportError("ERR_TURNOUT_STALLED", "the peer took nothing for too long");
    reset(this);
    this.destroy();
  }

  gone(): void {
    if (this.#phase !== "closed") {
      this.#phase = "closed";
      this.deadline = Number.POSITIVE_INFINITY;
      this.#output.clear();
      this.#track.closed(this.#failure);
      this.context.observer.closed(this, this.#failure);
    }
  }

  #written(): boolean {
    if (!this.#inTurn && !this.#flushScheduled) {
      this.#flushScheduled = true;
      process.nextTick(flushLater, this);
    }
    return this.hasRoom;
  }

  /** @internal */
  flushScheduled(): void {
    this.#flushScheduled = false;
    this.#flush();
  }

  #flush(): void {
    if (this.#output.length === 0) {
      return;
    }
    if (!this.stream.writable) {
      this.#output.clear();
    } else if (!this.#output.flushTo(this.stream)) {
      if (this.#room === "always") {
        awaitRoom(this.stream);
      }
      this.#room = "none";
      const { stallMs } = this.context.timeouts;
      if (Number.isFinite(stallMs)) {
        // The built-in timer knows how much of a write in flight the system has taken; a slow peer is not a stalled one.
        (this.stream as Timeable).setTimeout?.(stallMs);
      }
    } else if (this.#drainOwed) {
      process.nextTick(drainLater, this);
    }
  }

  /** @internal */
  tellDrainUnlessBlocked(): void {
    if (this.#room !== "none") {
      this.#tellDrain();
    }
  }

  #tellDrain(): void {
    if (this.#drainOwed && !this.closed) {
      this.#drainOwed = false;
      this.turn(() => this.#track.drained());
    }
  }
}

function flushLater(connection: Connection): void {
  connection.flushScheduled();
}

function drainLater(connection: Connection): void {
  connection.tellDrainUnlessBlocked();
}
