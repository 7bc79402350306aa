import { isUtf8 } from "node:buffer";
import { type Transport, UsageError } from "turnout";
import { abnormalClosure, type CloseStatus } from "./close-frame.ts";
import { ClosingHandshake, type ClosingOwner } from "./closing-handshake.ts";
import type { Deflate } from "./deflate.ts";
import { faultError, type WebSocketFault } from "./faults.ts";
import { FrameReceiver, type FrameSink } from "./frame-receiver.ts";
import { finBit, opcodes } from "./frame-rules.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Inbox, type InboxOwner, type Message } from "./inbox.ts";
import type { WebSocketHandlers, WebSocketLimits, WebSocketTimeouts } from "./options.ts";
import { Outbox, type OutboxOwner } from "./outbox.ts";
import type { ServerWebSocket } from "./socket.ts";
import { isThenable } from "./thenable.ts";

/** What all sessions of a module share. */
export interface Shared {
  readonly handlers: WebSocketHandlers<never>;
  readonly limits: WebSocketLimits;
  readonly timeouts: WebSocketTimeouts;
  /** Bytes of a message below which it is not compressed. */
  readonly thresholdBytes: number;
  /** Milliseconds, as old as one tick at most. */
  readonly now: number;
}

const maxControlPayload = 125;

/**
 * One WebSocket at work: what is received goes to the inbox, what is sent to the outbox, the closing handshake and
 * the heartbeat are watched. It reads no further while the inbox or the outbox has no room, or a message is inflated.
 */
export class Session implements FrameSink, InboxOwner, OutboxOwner, ClosingOwner {
  readonly #shared: Shared;
  readonly #transport: Transport<unknown>;
  readonly #deflate: Deflate | undefined;
  readonly #receiver: FrameReceiver;
  readonly #inbox: Inbox = new Inbox(this);
  readonly #outbox: Outbox;
  #socket: ServerWebSocket<never> | undefined;
  #reading = true;
  #inflating = false;
  #drainOwed = false;
  #error: Error | undefined;
  readonly #heartbeat: Heartbeat;
  readonly #closing: ClosingHandshake;

  constructor(shared: Shared, transport: Transport<unknown>, deflate: Deflate | undefined) {
    this.#shared = shared;
    this.#transport = transport;
    this.#deflate = deflate;
    this.#receiver = new FrameReceiver(this, shared.limits, deflate !== undefined);
    this.#outbox = new Outbox(transport, this);
    this.#closing = new ClosingHandshake(transport, this.#outbox, shared.timeouts.closeMs, this);
    this.#heartbeat = new Heartbeat(shared.timeouts, shared.now);
  }

  // ---- the application's side ----

  start(socket: ServerWebSocket<never>): void {
    this.#socket = socket;
    this.#call(() => this.#inbox.hold(this.#shared.handlers.open?.(socket)));
  }

  get socket(): ServerWebSocket<never> {
    return this.#socket!;
  }

  get open(): boolean {
    return this.#closing.open;
  }

  /** Undefined where `permessage-deflate` was not agreed on. */
  get deflate(): Deflate | undefined {
    return this.#deflate;
  }

  get bufferedBytes(): number {
    return this.#outbox.bufferedBytes;
  }

  send(data: string | Uint8Array, compress: boolean): boolean {
    if (typeof data !== "string" && !(data instanceof Uint8Array)) {
      throw new UsageError("ERR_TURNOUT_RESPONSE", "a message is text, or bytes in a Uint8Array");
    }
    if (!this.open || this.#isHopeless()) {
      return false;
    }
    const deflate = this.#deflate;
    if (compress && deflate !== undefined && data.length >= this.#shared.thresholdBytes) {
      this.#outbox.compressed(data, (message) => deflate.compress(message, () => !this.#closing.closed));
    } else {
      this.#outbox.message(data);
    }
    return this.#hasRoomToSend();
  }

  /** Sends a frame that others get, too. */
  sendFrame(frame: Buffer | Promise<Buffer>, bytes: number): void {
    if (Buffer.isBuffer(frame)) {
      this.#outbox.frame(frame);
    } else {
      this.#outbox.promised(bytes, frame);
    }
    this.#hasRoomToSend();
  }

  sendPing(payload: Buffer): void {
    if (payload.length > maxControlPayload) {
      throw new UsageError("ERR_TURNOUT_OPTION", `a Ping has ${maxControlPayload} bytes at most`);
    }
    if (this.open) {
      this.#outbox.control(finBit | opcodes.ping, payload);
    }
  }

  close(code: number, reason: string): void {
    this.#closing.start(code, reason);
  }

  terminate(): void {
    this.#transport.destroy();
  }

  iterate(): AsyncIterator<Message, undefined> {
    return this.#inbox.iterate();
  }

  // ---- the transport's side ----

  received(chunk: Buffer): void {
    this.#heartbeat.heard();
    this.#outbox.gather();
    this.#receiver.receive(chunk);
    this.#outbox.release();
    this.#pauseUnlessRoom();
  }

  clientEnded(): void {
    this.#closing.clientEnded(abnormalClosure);
  }

  roomAgain(): void {
    this.#outbox.drained();
  }

  // ---- FrameSink: what is received ----

  message(message: Message): void {
    if (this.open) {
      this.#heartbeat.spoken();
      this.#inbox.deliver(message);
      if (!this.#mayRead) {
        this.#receiver.stop();
      }
    }
  }

  compressed(payload: Buffer, isText: boolean): void {
    if (!this.open) {
      return;
    }
    const result = this.#deflate!.inflate(payload, () => !this.#closing.closed);
    if (!isThenable(result)) {
      this.#inflated(result, isText);
      return;
    }
    this.#inflating = true;
    this.#receiver.stop();
    result.then(
      (settled) => {
        this.#inflating = false;
        this.#inflated(settled, isText);
        this.#proceed();
      },
      (cause: unknown) => this.crashed(cause),
    );
  }

  ping(payload: Buffer): void {
    if (this.open) {
      this.#outbox.pong(payload);
    }
  }

  pong(payload: Buffer): void {
    if (this.open) {
      this.#call(() => this.#shared.handlers.pong?.(this.#socket!, payload));
    }
  }

  closed(status: CloseStatus): void {
    this.#transport.onData = undefined;
    this.#closing.clientEnded(status);
  }

  /** The client broke a rule, or is too slow for what it is sent. */
  violated(fault: WebSocketFault): void {
    const error = faultError(fault);
    this.#error ??= error;
    this.#transport.report(error);
    if (fault === "ERR_TURNOUT_WEBSOCKET_NO_PONG") {
      this.#transport.destroy(error);
    } else {
      this.#closing.fail(error.status, error.message, fault !== "ERR_TURNOUT_WEBSOCKET_TOO_SLOW");
    }
  }

  // ---- InboxOwner and OutboxOwner ----

  get handles(): boolean {
    return this.#shared.handlers.message !== undefined;
  }

  handle(message: Message): unknown {
    return this.#shared.handlers.message!(this.#socket!, message);
  }

  emptied(): void {
    this.#proceed();
    if (this.idle) {
      this.#closing.idle();
    }
  }

  drained(): void {
    if (this.#closing.closed) {
      return;
    }
    if (this.#drainOwed && this.open) {
      this.#drainOwed = false;
      this.#call(() => this.#shared.handlers.drain?.(this.#socket!));
    }
    this.#proceed();
  }

  /** The application's code threw: the fault is the server's, and so is the code, 1011. */
  crashed(cause: unknown): void {
    this.#transport.report(cause);
    if (this.open) {
      this.#closing.fail(1011, "internal error");
    }
  }

  // ---- ClosingOwner, time and the end ----

  get now(): number {
    return this.#shared.now;
  }

  get idle(): boolean {
    return this.#inbox.idle;
  }

  closing(reads: boolean): void {
    this.#inbox.end();
    if (!reads) {
      this.#receiver.finish();
      this.#transport.onData = undefined; // whatever comes is dropped, until the client ends
    }
    this.#proceed();
  }

  tick(): void {
    if (this.#closing.checkDeadline() || !this.open) {
      return;
    }
    const silence = this.#reading ? this.#heartbeat.ask(this.now) : this.#heartbeat.excuse(this.now);
    if (silence === "ping") {
      this.sendPing(Buffer.alloc(0));
    } else if (silence === "dead") {
      this.violated("ERR_TURNOUT_WEBSOCKET_NO_PONG");
    } else if (silence === "idle") {
      this.close(1001, "idle");
    }
  }

  /** The connection is closed. */
  gone(error: Error | undefined): void {
    const { code, reason } = this.#closing.gone();
    this.#outbox.clear();
    this.#inbox.end();
    this.#call(() => this.#shared.handlers.close?.(this.#socket!, code, reason, this.#error ?? error));
  }

  #inflated(result: Buffer | WebSocketFault, isText: boolean): void {
    if (typeof result === "string") {
      this.violated(result);
    } else if (isText && !isUtf8(result)) {
      this.violated("ERR_TURNOUT_WEBSOCKET_UTF8");
    } else {
      this.message(isText ? result.toString("utf8") : result);
    }
  }

  get #mayRead(): boolean {
    return !this.#inflating && (!this.open || (this.#inbox.hasRoom && !this.#outbox.full));
  }

  #pauseUnlessRoom(): void {
    if (this.#reading && !this.#mayRead) {
      this.#reading = false;
      this.#transport.pause();
    }
  }

  /** Reads on, if there is room for it again. */
  #proceed(): void {
    if (this.#receiver.running || !this.#mayRead) {
      return;
    }
    this.#outbox.gather();
    this.#receiver.resume();
    this.#outbox.release();
    if (!this.#reading && this.#mayRead) {
      this.#reading = true;
      this.#transport.resume();
    }
    this.#pauseUnlessRoom();
  }

  /** More is waiting than is to be held for a client. */
  #isHopeless(): boolean {
    if (!this.#outbox.full || this.#outbox.bufferedBytes <= this.#shared.limits.maxBufferedBytes) {
      return false;
    }
    this.violated("ERR_TURNOUT_WEBSOCKET_TOO_SLOW");
    return true;
  }

  #hasRoomToSend(): boolean {
    this.#drainOwed ||= this.#outbox.full;
    return !this.#outbox.full;
  }

  /** Calls the application. What it throws, now or later, is a fault. */
  #call(application: () => unknown): void {
    try {
      const work = application();
      if (isThenable(work)) {
        work.then(undefined, (cause: unknown) => this.crashed(cause));
      }
    } catch (cause) {
      this.crashed(cause);
    }
  }
}
