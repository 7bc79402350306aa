import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type Answered, isReceiptOf, receiptOf } from "./answered.ts";
import type { Connection } from "./connection.ts";
import { TransportDuplex } from "./duplex-view.ts";
import { TransportError, UsageError } from "./errors.ts";
import { HeldBytes } from "./held-bytes.ts";
import type { OriginalRequest, Peer } from "./http/request.ts";
import { ModuleRunner } from "./module-runner.ts";
import type { Registration } from "./registry.ts";
import type { StreamRequest } from "./stream-request.ts";
import { isThenable } from "./thenable.ts";
import type { Track } from "./track.ts";
import type { Transport } from "./transport.ts";

/** The track on which a module speaks: its transport, and the watch over its promise to answer. */
export class SwitchedTrack extends ModuleRunner implements Track, Transport<unknown> {
  onEnd: (() => unknown) | undefined;
  onDrain: (() => unknown) | undefined;
  onClose: ((error: Error | undefined) => unknown) | undefined;
  readonly state: unknown;
  #onData: ((chunk: Buffer) => unknown) | undefined;
  /** Bytes that came while nobody could take them; idle connections have none, and are many. */
  #held: HeldBytes | undefined;
  /** `takeOver` has returned; its promise may be pending. */
  #started = false;
  /** What comes goes straight to `onData`. */
  #flowing = false;
  #paused = false;
  #answered = false;
  /** The receipt has been seen. */
  #settled = false;
  #finished: "no" | "yes" | "told" = "no";
  #mirrors: boolean;
  #ended = false;
  #handedOver = false;
  #drainAsked: "no" | "yes" | "told" = "no";
  #failure: Error | undefined;

  constructor(
    connection: Connection,
    registration: Pick<Registration, "module" | "token">,
    state: unknown,
    request: OriginalRequest | undefined,
  ) {
    super(connection, registration, request);
    this.#mirrors = this.module.halfClose === "mirror";
    this.state = state;
  }

  /** `early` are the bytes that came behind the request, `finished` whether the client ended behind them. */
  start(early: HeldBytes, finished: boolean): void {
    this.#held = early.length > 0 ? early : undefined;
    this.#finished = finished ? "yes" : "no";
    let receipt: Answered | PromiseLike<Answered>;
    try {
      receipt = this.takeOver(this);
    } catch (cause) {
      this.fail("takeOver threw", cause);
      return;
    }
    if (isThenable(receipt)) {
      receipt.then(
        (settled) =>
          this.connection.turn(() => {
            this.#settle(settled);
            this.#deliver();
          }),
        (cause: unknown) => {
          // Upon a connection that is gone, giving up is the right thing to do.
          if (!this.destroyed) {
            this.fail("takeOver threw", cause);
          }
        },
      );
    } else {
      this.#settle(receipt);
    }
    this.#started = true;
    this.#tellDrain();
    this.#deliver();
  }

  /** The connection begins with `early`, the protocol's own opening bytes: there is nothing to answer. */
  open(early: HeldBytes): void {
    this.#held = early.length > 0 ? early : undefined;
    this.#answered = this.#settled = true;
    this.call("open", () => this.module.open(this));
    this.#started = true;
    this.#deliver();
  }

  // ---- Track: what the connection tells ----

  received(chunk: Buffer): void {
    if (this.#flowing) {
      this.call("onData", this.#onData, chunk);
      return;
    }
    this.#held ??= new HeldBytes();
    this.#held.push(chunk);
    this.#deliver();
  }

  finished(): void {
    this.#finished = "yes";
    this.#deliver();
  }

  drained(): void {
    this.call("onDrain", this.onDrain);
  }

  expired(): void {
    if (!this.#settled) {
      this.unanswered("no receipt came in time");
    } else if (!this.connection.dismiss()) {
      this.connection.destroy(new TransportError("ERR_TURNOUT_CLOSE_TIMEOUT", "the peer did not close in time"));
    }
  }

  closing(): void {
    if (this.#drainAsked === "no") {
      this.#drainAsked = "yes";
      this.#tellDrain();
    }
  }

  closed(error: TransportError | undefined): void {
    const failure = this.#failure ?? error;
    this.#ended = true;
    this.destroyed = true;
    this.#flowing = false;
    this.#held = undefined;
    this.request?.abandon(() => failure ?? new TransportError("ERR_TURNOUT_RESET", "the connection is closed"));
    this.call("onClose", this.onClose, failure);
    this.call("onClose", () => this.module.onClose(this, failure));
    this.#onData = this.onEnd = this.onDrain = this.onClose = undefined;
  }

  // ---- Transport: what the module uses ----

  get onData(): ((chunk: Buffer) => unknown) | undefined {
    return this.#onData;
  }

  set onData(callback: ((chunk: Buffer) => unknown) | undefined) {
    this.#onData = callback;
    this.#flowing = false;
    if (callback !== undefined && this.#started) {
      this.#deliverLater();
    }
  }

  get peer(): Peer {
    return this.connection.peer;
  }

  get secure(): boolean {
    return this.connection.secure;
  }

  get alpn(): readonly string[] {
    return this.connection.context.registry.alpn;
  }

  get bufferedBytes(): number {
    return this.connection.bufferedBytes;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get socket(): Socket | undefined {
    const { stream } = this.connection;
    return stream instanceof Socket ? stream : undefined;
  }

  answer(bytes: string | Uint8Array): Answered {
    if (this.#ended && !this.connection.closed) {
      throw new UsageError("ERR_TURNOUT_STATE", "the transport has been ended without an answer");
    }
    const receipt = this.answeredByHandshake();
    this.write(bytes);
    return receipt;
  }

  answeredByHandshake(): Answered {
    if (this.#answered) {
      throw new UsageError("ERR_TURNOUT_STATE", "the original request has been answered already");
    }
    this.#answered = true;
    return receiptOf(this);
  }

  write(bytes: string | Uint8Array): boolean {
    if (this.#ended) {
      return false;
    }
    if (typeof bytes !== "string") {
      if (!(bytes instanceof Uint8Array)) {
        throw new UsageError("ERR_TURNOUT_RESPONSE", "only text and bytes can be written");
      }
      return bytes.length === 0 ? this.connection.hasRoom : this.connection.writeBytes(bytes);
    }
    // As many bytes as characters: ASCII, which stays text.
    return Buffer.byteLength(bytes) === bytes.length
      ? this.connection.writeLatin1(bytes)
      : this.connection.writeBytes(Buffer.from(bytes));
  }

  end(bytes?: string | Uint8Array): void {
    if (this.#ended) {
      return;
    }
    if (bytes !== undefined) {
      this.write(bytes);
    }
    this.#ended = true;
    this.connection.end();
    this.#timeClose();
    this.#deliverLater();
  }

  destroy(error?: Error): void {
    this.#failure ??= error;
    this.#ended = true;
    this.destroyed = true;
    this.#flowing = false;
    this.connection.destroy();
  }

  pause(): void {
    this.#paused = true;
    this.#flowing = false;
    this.connection.pause();
  }

  resume(): void {
    if (this.#paused) {
      this.#paused = false;
      this.#deliverLater();
    }
  }

  dispatch(request: StreamRequest): Answered {
    this.#answered = true;
    this.connection.context.serveStream(request, this.connection);
    return receiptOf(this);
  }

  serve(stream: Duplex): Answered {
    this.#answered = true;
    this.connection.context.serve(stream, this.connection);
    return receiptOf(this);
  }

  handOver(): Duplex {
    this.#flowing = false;
    this.#ended = this.#handedOver = true;
    process.nextTick(() => this.#tellDrain());
    return this.connection.handOver(this.#held?.takeAll() ?? Buffer.alloc(0));
  }

  duplex(): Duplex {
    // The view's own half-close does what the core's would: but only after what is still in its buffers.
    const view = new TransportDuplex(this, this.module.halfClose === "manual");
    this.#mirrors = false;
    return view;
  }

  // ---- between the two ----

  #settle(receipt: unknown): void {
    if (this.destroyed || this.#settled) {
      return;
    }
    if (!isReceiptOf(this, receipt)) {
      this.unanswered("takeOver returned no receipt of its own transport");
      return;
    }
    this.#settled = true;
    this.request?.compact();
    this.connection.deadline = Number.POSITIVE_INFINITY;
    this.#timeClose();
    this.#mirror();
    this.#tellDrain();
  }

  /** Never from within the module's own call: it may not be ready. */
  #deliverLater(): void {
    process.nextTick(() => {
      if (!this.destroyed) {
        this.connection.turn(() => this.#deliver());
      }
    });
  }

  /** Gives what is held to whoever can take it, and then the end. */
  #deliver(): void {
    if (this.#handedOver) {
      return;
    }
    while (this.#held !== undefined && this.#onData !== undefined && !this.#paused && !this.destroyed) {
      const chunk = this.#held.shift()!;
      if (this.#held.length === 0) {
        this.#held = undefined;
      }
      this.call("onData", this.#onData, chunk);
    }
    if (this.destroyed || this.#paused) {
      return;
    }
    if (this.#onData === undefined && (this.#ended || (this.#settled && this.#finished !== "no"))) {
      this.#held = undefined; // nobody reads, and nobody will
    }
    if (this.#held !== undefined && this.#held.length >= this.connection.context.limits.maxEarlyBytes) {
      this.connection.pause();
      return;
    }
    this.connection.resume();
    if (this.#held === undefined) {
      this.#flowing = this.#onData !== undefined;
      if (this.#finished === "yes") {
        this.#finished = "told";
        this.call("onEnd", this.onEnd);
        this.#mirror();
      }
    }
  }

  /** Half-close: our side ends behind the client's, but not before the request is answered. */
  #mirror(): void {
    if (this.#mirrors && this.#settled && this.#finished === "told") {
      this.end();
    }
  }

  /** Both protocols' rules let a side that has ended wait for the other; a mirrored one does not wait for ever. */
  #timeClose(): void {
    if (this.#ended && this.#settled && this.module.halfClose === "mirror" && !this.#handedOver) {
      const { clock, timeouts } = this.connection.context;
      this.connection.deadline = clock.in(timeouts.closeMs);
    }
  }

  #tellDrain(): void {
    const isReady = this.#settled || this.#handedOver || (this.#started && this.module.drainsUnanswered);
    if (this.#drainAsked === "yes" && isReady && !this.destroyed) {
      this.#drainAsked = "told";
      this.call("drain", () => this.module.drain(this, this.connection.context.graceMs()));
    }
  }
}
