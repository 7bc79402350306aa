import type { Answered } from "../answered.ts";
import type { OriginalRequest } from "../http/request.ts";
import { type Decision, type Offer, ProtocolModule } from "../protocol-module.ts";
import type { Transport } from "../transport.ts";

/** A module of which every call is counted, and which can be held up or made to fail. */
export class WatchedModule extends ProtocolModule<unknown> {
  readonly inner: ProtocolModule<unknown>;
  readonly tokens: readonly string[];
  override readonly methods: readonly string[] | "*";
  override readonly maxBody: number;
  override readonly halfClose: "mirror" | "manual";
  override readonly hopFields: readonly string[];
  override readonly above: readonly string[];
  override readonly drainsUnanswered: boolean;
  /** Awaited before the module is asked. */
  gate: Promise<void> | undefined;
  /** Thrown when the module has taken over. */
  failure: Error | undefined;
  /** Resolves when the module is asked for the first time. */
  readonly asked: Promise<void>;
  taken = 0;
  drained = 0;
  readonly closed: (Error | undefined)[] = [];
  #onClosed: () => void = () => {};
  #onAsked: () => void = () => {};

  constructor(inner: ProtocolModule<unknown>) {
    super();
    this.inner = inner;
    this.tokens = inner.tokens;
    this.methods = inner.methods;
    this.maxBody = inner.maxBody;
    this.halfClose = inner.halfClose;
    this.hopFields = inner.hopFields;
    this.above = inner.above;
    this.drainsUnanswered = inner.drainsUnanswered;
    this.asked = new Promise((resolve) => {
      this.#onAsked = resolve;
    });
  }

  override accept(offer: Offer): Decision<unknown> | Promise<Decision<unknown>> {
    this.#onAsked();
    return this.gate === undefined ? this.inner.accept(offer) : this.gate.then(() => this.inner.accept(offer));
  }

  takeOver(request: OriginalRequest, transport: Transport, state: unknown): Answered | Promise<Answered> {
    this.taken++;
    const receipt = this.inner.takeOver(request, transport, state);
    if (this.failure !== undefined) {
      throw this.failure;
    }
    return receipt;
  }

  override drain(transport: Transport, graceMs: number): void {
    this.drained++;
    this.inner.drain(transport, graceMs);
  }

  override onClose(transport: Transport, error: Error | undefined): void {
    this.closed.push(error);
    this.inner.onClose(transport, error);
    this.#onClosed();
  }

  /** Resolves once as many connections are closed as were taken over. */
  async allClosed(): Promise<void> {
    while (this.closed.length < this.taken) {
      await new Promise<void>((resolve) => {
        this.#onClosed = resolve;
      });
    }
  }
}
