import { BodyPump, cancelBody } from "./body-pump.ts";
import type { Connection } from "./connection.ts";
import { ModuleError, PeerError, TransportError, UsageError } from "./errors.ts";
import type { Fields } from "./http/fields.ts";
import type { HttpRequest } from "./http/request.ts";
import { type ComposedResponse, composeResponse, type ResponseFacts, type ResponseLike } from "./http/response.ts";
import type { Respond } from "./options.ts";
import type { Task, TaskHost } from "./task.ts";
import { isThenable } from "./thenable.ts";

/** One request, and the application's answer. */
export class Exchange implements Task {
  readonly #track: TaskHost;
  readonly #connection: Connection;
  readonly #request: HttpRequest;
  readonly #facts: ResponseFacts;
  /** The client waits for a 100 before it sends its content. */
  #awaitsContinue: boolean;
  #state: "pending" | "answering" | "over" = "pending";
  #closeAfter = false;
  #discarded = 0;
  #pump: BodyPump | undefined;

  constructor(track: TaskHost, request: HttpRequest, facts: ResponseFacts, awaitsContinue: boolean) {
    this.#track = track;
    this.#connection = track.connection;
    this.#request = request;
    this.#facts = facts;
    this.#awaitsContinue = awaitsContinue;
    this.#connection.become("responding", Number.POSITIVE_INFINITY);
  }

  /** Has the application answer. */
  start(respond: Respond): void {
    let response: ResponseLike | PromiseLike<ResponseLike>;
    try {
      response = respond(this.#request);
    } catch (cause) {
      this.fail(cause);
      return;
    }
    this.settle(response);
  }

  /** The application has answered, or has promised to. */
  settle(response: ResponseLike | PromiseLike<ResponseLike>): void {
    if (isThenable(response)) {
      response.then(
        (settled) => this.#connection.turn(() => this.#answer(settled)),
        (cause: unknown) => this.#connection.turn(() => this.fail(cause)),
      );
    } else {
      this.#answer(response);
    }
  }

  /** The application wants content: the client may be waiting to be told so (RFC 9110 section 10.1.1). */
  demand(): void {
    if (this.#awaitsContinue && this.#state === "pending") {
      this.#awaitsContinue = false;
      this.#track.sendContinue();
    }
    this.#track.goOn();
  }

  /** While the client waits for its 100, nothing is late. */
  get wantsContent(): boolean {
    return this.#connection.phase === "discarding" || (!this.#awaitsContinue && this.#request.body.hasRoom);
  }

  content(bytes: Buffer): void {
    if (this.#connection.phase !== "discarding") {
      this.#request.body.content(bytes);
      return;
    }
    this.#discarded += bytes.length;
    if (this.#discarded > this.#connection.context.limits.maxDiscardBytes) {
      this.#connection.linger();
    }
  }

  contentComplete(trailers: Fields): void {
    if (this.#connection.phase === "discarding") {
      this.#track.next();
    } else {
      this.#request.body.complete(trailers);
    }
  }

  contentFailed(error: PeerError): void {
    this.#request.body.fail(error);
    if (this.#state === "pending") {
      this.#over(error);
      this.#track.refuse(error, this.#request.method);
    } else if (this.#connection.phase === "discarding") {
      this.#connection.linger();
    } else {
      this.#closeAfter = true; // the answer under way is right all the same; nothing can follow it
    }
  }

  drained(): void {
    this.#pump?.drained();
  }

  /** Only content has a deadline here, and the track watches it: how long an answer takes is the application's to say. */
  expired(): void {}

  closed(error: TransportError | undefined): void {
    this.#over(error ?? new TransportError("ERR_TURNOUT_RESET", "the connection closed before the answer was out"));
  }

  #answer(response: ResponseLike): void {
    if (this.#state !== "pending") {
      cancelBody(response?.body);
      return;
    }
    let composed: ComposedResponse;
    let pump: BodyPump | undefined;
    try {
      composed = composeResponse(response, { ...this.#facts, close: this.#hasToClose(response.body) });
      const { body } = composed;
      if (body !== undefined && typeof body !== "string" && !(body instanceof Uint8Array)) {
        pump = new BodyPump(this.#track, body);
      }
    } catch (cause) {
      this.fail(cause);
      return;
    }
    this.#state = "answering";
    this.#closeAfter ||= composed.close;
    this.#track.advertised ||= composed.upgrade !== "";
    this.#connection.context.observer.answered(this.#request, response.status ?? 200);
    try {
      this.#send(composed, pump);
    } catch (cause) {
      pump?.stop();
      this.fail(cause); // such as a field that HTTP/2 allows once only
      return;
    }
    if (composed.body === undefined) {
      cancelBody(response.body);
    }
  }

  #send(composed: ComposedResponse, pump: BodyPump | undefined): void {
    const { body } = composed;
    this.#track.sendHead(composed);
    if (pump === undefined) {
      if (body instanceof Uint8Array) {
        this.#connection.writeBytes(body);
      }
      this.#finish();
      return;
    }
    this.#pump = pump;
    pump.run(composed).then(
      () => this.#connection.turn(() => this.#finish()),
      (cause: unknown) => {
        this.#pump = undefined;
        this.fail(cause);
      },
    );
  }

  /** Whether more on this connection is out of the question, as far as that is known before the answer. */
  #hasToClose(body: ResponseLike["body"]): boolean {
    const { context } = this.#connection;
    if (this.#facts.close || this.#closeAfter || context.draining) {
      return true;
    }
    const unread = this.#track.contentLeft;
    if (unread === 0) {
      return false;
    }
    // Content that may or may not come leaves nowhere to go on from; nor does what is too long to skip, unless somebody
    // reads it: the application, or a stream that is made of it.
    const isRead = this.#request.body.isTaken || (typeof body === "object" && !(body instanceof Uint8Array));
    return this.#awaitsContinue || (!isRead && Number.isFinite(unread) && unread > context.limits.maxDiscardBytes);
  }

  #finish(): void {
    if (this.#state !== "answering") {
      return;
    }
    this.#state = "over";
    this.#pump = undefined;
    const unread = this.#track.contentLeft > 0;
    if (unread) {
      this.#request.body.fail(new UsageError("ERR_TURNOUT_STATE", "the request has been answered without it"));
    }
    if (this.#closeAfter) {
      this.#connection.linger();
    } else if (unread) {
      this.#connection.become("discarding", this.#connection.context.timeouts.bodyMs);
      this.#track.goOn();
    } else {
      this.#track.next();
    }
  }

  /** There is no answer, or not the whole of it. */
  fail(cause: unknown): void {
    if (this.#state === "over") {
      return;
    }
    const { observer } = this.#connection.context;
    const answering = this.#state === "answering";
    if (cause instanceof PeerError && !answering) {
      this.#over(cause);
      this.#track.refuse(cause, this.#request.method);
      return;
    }
    const error = new ModuleError("ERR_TURNOUT_RESPOND", "respond", "the request was not answered", { cause });
    observer.fault(error, this.#connection);
    if (answering) {
      const broken = new TransportError("ERR_TURNOUT_RESET", "the answer broke off", { cause });
      this.#over(broken);
      this.#connection.destroy(broken);
    } else {
      this.#answer({ status: 500, body: "500 Internal Server Error\n" });
    }
  }

  #over(reason: Error): void {
    if (this.#state !== "over") {
      this.#state = "over";
      this.#request.abandon(() => reason);
      this.#request.body.fail(reason);
      this.#pump?.stop();
    }
  }
}
