import { type Transport, TransportError } from "turnout";
import { abnormalClosure, type CloseStatus, composeClose } from "./close-frame.ts";
import type { Outbox } from "./outbox.ts";

/** A small integer: other numbers cost 16 bytes each, on many connections. */
const never = -1;

/** Who is closing. */
export interface ClosingOwner {
  /** Milliseconds, as old as one tick at most. */
  readonly now: number;
  /** Whether the application is through with all that came. */
  readonly idle: boolean;
  /** Nothing more is sent. `reads`: the client's Close frame is waited for; otherwise whatever comes is dropped. */
  closing(reads: boolean): void;
}

/**
 * The end of a WebSocket (RFC 6455 section 7). Whoever begins: a Close frame each way, behind all that was sent before;
 * then the server ends the TCP connection first, and the client has to end its side in time.
 */
export class ClosingHandshake {
  readonly #transport: Transport<unknown>;
  readonly #outbox: Outbox;
  readonly #closeMs: number;
  readonly #owner: ClosingOwner;
  #phase: "open" | "closing" | "closed" = "open";
  /** The Close frame that came first, ours or the client's. */
  #status: CloseStatus | undefined;
  /** The client's, or its end without one. */
  #clients: CloseStatus | undefined;
  #deadline = never;
  /** The deadline waits for what is still on its way. */
  #patient = true;

  constructor(transport: Transport<unknown>, outbox: Outbox, closeMs: number, owner: ClosingOwner) {
    this.#transport = transport;
    this.#outbox = outbox;
    this.#closeMs = closeMs;
    this.#owner = owner;
  }

  /** Whether messages can be sent. */
  get open(): boolean {
    return this.#phase === "open";
  }

  get closed(): boolean {
    return this.#phase === "closed";
  }

  /** RFC 6455 section 7.1.2: Start the WebSocket Closing Handshake. Throws for what must not be sent. */
  start(code: number, reason: string): void {
    const payload = composeClose(code, reason);
    if (this.open) {
      this.#status ??= { code, reason };
      this.#send(payload, this.#clients !== undefined);
    }
  }

  /** RFC 6455 section 7.1.7: Fail the WebSocket Connection. */
  fail(code: number, reason: string, patient = true): void {
    this.#patient = patient;
    if (this.open) {
      this.#status ??= { code, reason: "" };
      this.#send(composeClose(code, reason), true);
    } else {
      this.#owner.closing(false);
      this.#end();
    }
  }

  /** The client has sent its Close frame, or has ended without one. */
  clientEnded(status: CloseStatus): void {
    if (this.#clients !== undefined) {
      return;
    }
    this.#clients = status;
    if (!this.open) {
      this.#end();
      return;
    }
    this.#status ??= status;
    if (this.#owner.idle) {
      this.#answer(status);
    } else {
      this.#expect(); // the application is still at work on a message, and its answer goes first
    }
  }

  /** The application is through with all that came. */
  idle(): void {
    if (this.#clients !== undefined && this.open) {
      this.#answer(this.#clients);
    }
  }

  /** True where a deadline was past, and something was done about it. */
  checkDeadline(): boolean {
    if (this.#deadline === never || this.#owner.now < this.#deadline) {
      return false;
    }
    if (this.open) {
      this.#answer(this.#clients!);
    } else if (this.#patient && this.#transport.bufferedBytes > 0) {
      this.#expect(); // it has not got our Close frame yet; whether it takes anything at all is the core's to watch
    } else if (this.#transport.ended) {
      this.#transport.destroy(new TransportError("ERR_TURNOUT_CLOSE_TIMEOUT", "the client did not close in time"));
    } else {
      this.#transport.end();
      this.#expect();
    }
    return true;
  }

  /** The connection is closed: gives how. */
  gone(): CloseStatus {
    this.#phase = "closed";
    return this.#status ?? abnormalClosure;
  }

  /** RFC 6455 section 5.5.1: the answer to a Close frame is one with the same code. */
  #answer(status: CloseStatus): void {
    if (status === abnormalClosure) {
      this.#phase = "closing";
      this.#owner.closing(false);
      this.#end();
    } else {
      this.#send(composeClose(status.code, ""), true);
    }
  }

  /** RFC 6455 section 7.1.1: the server is the first to close the TCP connection. */
  #send(payload: Buffer, ends: boolean): void {
    this.#phase = "closing";
    this.#outbox.close(payload);
    if (ends) {
      this.#end();
    } else {
      this.#outbox.whenReady(() => this.#expect());
    }
    this.#owner.closing(!ends);
  }

  /** Ends our side behind all that was sent; then the client has to end its own. */
  #end(): void {
    this.#outbox.whenReady(() => {
      this.#transport.end();
      this.#expect();
    });
  }

  #expect(): void {
    this.#deadline = this.#owner.now + this.#closeMs;
  }
}
