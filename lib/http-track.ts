import type { Connection } from "./connection.ts";
import { ContentReader } from "./content-reader.ts";
import type { ServerContext } from "./context.ts";
import { decide, type Verdict } from "./decide.ts";
import { ModuleError, PeerError, type TransportError } from "./errors.ts";
import { Exchange } from "./exchange.ts";
import { HeldBytes } from "./held-bytes.ts";
import { BodyDecoder, type ContentSink } from "./http/body-decoder.ts";
import { HttpRequest, RequestInfo } from "./http/request.ts";
import { RequestBody } from "./http/request-body.ts";
import { RequestHeadParser } from "./http/request-head.ts";
import {
  type ComposedResponse,
  composeResponse,
  headText,
  type ResponseFacts,
  type ResponseLike,
  switchText,
} from "./http/response.ts";
import type { FieldsLike } from "./http/response-fields.ts";
import { hasten } from "./newcomer.ts";
import type { Registration } from "./registry.ts";
import { Switching } from "./switching.ts";
import type { AnswerOptions, Task, TaskHost } from "./task.ts";
import type { Track } from "./track.ts";
import { isWhole } from "./whole-response.ts";

/**
 * The HTTP/1.1 track: reads one head after the other, and has one task at a time for what was read. What comes while
 * the task cannot take it is held: the next request, or the first bytes of another protocol.
 */
export class HttpTrack implements Track, TaskHost, ContentSink {
  readonly connection: Connection;
  readonly #context: ServerContext;
  readonly #parser: RequestHeadParser;
  #task: Task | undefined;
  #content: ContentReader | undefined;
  readonly #held: HeldBytes = new HeldBytes();
  #headTimed = true;
  #finished = false;
  #running = false;
  #requests = 0;
  advertised = false;

  constructor(connection: Connection) {
    this.connection = connection;
    this.#context = connection.context;
    this.#parser = new RequestHeadParser(connection.context.limits);
    connection.become("head", connection.context.timeouts.headMs);
  }

  received(chunk: Buffer): void {
    this.#held.push(chunk);
    this.goOn();
  }

  finished(): void {
    this.#finished = true;
    this.goOn();
  }

  drained(): void {
    this.#task?.drained();
    this.goOn();
  }

  expired(): void {
    if (this.#content !== undefined && this.#task?.wantsContent) {
      this.#contentFailed(new PeerError("ERR_TURNOUT_BODY_TIMEOUT"));
    } else if (this.#task !== undefined) {
      this.#task.expired();
    } else if (this.#parser.begun) {
      this.refuse(new PeerError("ERR_TURNOUT_HEAD_TIMEOUT"));
    } else {
      this.connection.linger();
    }
  }

  closing(): void {
    if (this.#task !== undefined || this.#parser.begun || this.#held.length > 0) {
      return;
    }
    if (this.#requests === 0) {
      hasten(this.connection);
    } else {
      this.connection.linger();
    }
  }

  closed(error: TransportError | undefined): void {
    this.#task?.closed(error);
  }

  get spoken(): readonly string[] {
    return onlyHttp;
  }

  /** Heads that were read. */
  get requests(): number {
    return this.#requests;
  }

  get contentLeft(): number {
    return this.#content === undefined ? 0 : this.#content.remaining;
  }

  goOn(): void {
    if (this.#running) {
      return;
    }
    this.#running = true;
    while (this.connection.track === this && this.#step()) {
      // each step takes what it can
    }
    this.#running = false;
    if (this.connection.track === this) {
      if (this.#held.length > 0 && this.#held.length >= this.#context.limits.maxEarlyBytes) {
        this.connection.pause();
      } else {
        this.connection.resume();
      }
    }
  }

  next(): void {
    this.#task = undefined;
    this.#headTimed = false;
    this.connection.become("head", this.#context.timeouts.keepAliveMs);
    if (this.#held.length === 0) {
      this.#parser.release(); // an idle connection keeps no bytes
    }
    if (this.#context.draining) {
      this.closing();
    }
    this.goOn();
  }

  refuse(error: PeerError, method = "GET"): void {
    this.#context.observer.refused(error, this.connection);
    const composed = composeResponse(
      { status: error.status, headers: textPlain, body: `${error.code}: ${error.message}\n` },
      { method, minorVersion: 1, close: true, advertise: "", required: "" },
    );
    this.sendHead(composed);
    this.connection.linger();
  }

  respond(collected: readonly Buffer[] = [], awaitsContinue: boolean = this.#parser.expectContinue): void {
    if (this.#content === undefined && this.connection.phase === "head") {
      this.#respondAtOnce();
    } else {
      this.#exchange(this.#requestWith(collected), this.#facts(), awaitsContinue).start(this.#context.respond);
    }
  }

  answer(response: ResponseLike, options: AnswerOptions = {}): void {
    this.#exchange(this.#requestWith([]), this.#facts(options), this.#parser.expectContinue).settle(response);
  }

  sendContinue(): void {
    this.connection.writeLatin1("HTTP/1.1 100 Continue\r\n\r\n");
  }

  sendHead(composed: ComposedResponse): void {
    const head = headText(composed, this.#context.clock.date(), this.#parser.minorVersion);
    this.connection.writeLatin1(head);
    if (typeof composed.body === "string") {
      this.connection.writeLatin1(composed.body);
    }
  }

  sendSwitch({ upgrade }: Registration, headers: FieldsLike | undefined): void {
    this.connection.writeLatin1(switchText(upgrade, headers));
  }

  get head(): RequestHeadParser {
    return this.#parser;
  }

  get holdsBytes(): boolean {
    return this.#held.length > 0;
  }

  leave(): { early: HeldBytes; finished: boolean } {
    return { early: this.#held, finished: this.#finished };
  }

  /** ContentSink: the decoder found content. */
  content(bytes: Buffer): void {
    this.#task?.content(bytes);
  }

  /** Takes one thing from what is held. False: nothing can be taken now. */
  #step(): boolean {
    if (this.#content !== undefined) {
      return this.#readContent(this.#content);
    }
    return this.#task === undefined && this.connection.hasRoom && this.#readHead();
  }

  #readHead(): boolean {
    const chunk = this.#held.first;
    if (chunk === undefined) {
      if (this.#finished) {
        this.connection.linger(); // a head that was cut off gets no answer: nobody would act on it
      }
      return false;
    }
    let end: number;
    try {
      end = this.#parser.read(chunk, this.#held.at);
    } catch (error) {
      this.refuse(asPeerError(error));
      return false;
    }
    this.#held.take(end);
    if (end !== -1) {
      this.#begin();
    } else if (this.#parser.begun && !this.#headTimed) {
      this.#headTimed = true;
      this.connection.become("head", this.#context.timeouts.headMs);
    }
    return true;
  }

  /** A head is whole: what becomes of its request? */
  #begin(): void {
    const head = this.#parser;
    this.#requests++;
    if (head.contentLength !== 0) {
      if (!BodyDecoder.fits(head.contentLength, this.#context.limits.maxBodyBytes)) {
        this.refuse(new PeerError("ERR_TURNOUT_CONTENT_TOO_LARGE"), head.method);
        return;
      }
      this.#content = new ContentReader(this.connection, head.contentLength, this);
    }
    if (!head.wantsUpgrade) {
      this.respond();
      return;
    }
    let verdict: Verdict;
    try {
      verdict = decide(head, this.#context.registry, this.#context.negotiate, this.#context.draining, () =>
        this.requestInfo(),
      );
    } catch (cause) {
      this.fault(new ModuleError("ERR_TURNOUT_MODULE", "negotiate", "no protocol was chosen", { cause }));
      return;
    }
    this.#act(verdict);
  }

  #act(verdict: Verdict): void {
    switch (verdict.do) {
      case "respond":
        this.respond();
        break;
      case "refuse":
        this.answer({ status: verdict.status, body: "the server is closing\n" }, { close: true });
        break;
      case "consider": {
        const switching = new Switching(this, verdict.candidates);
        this.#task = switching;
        switching.start();
      }
    }
  }

  requestInfo(): RequestInfo {
    return new RequestInfo(this.#parser, this.connection);
  }

  fault(error: ModuleError): void {
    this.#context.observer.fault(error, this.connection);
    // Bytes behind the head may be the other protocol's: they are not parsed as HTTP.
    this.answer({ status: 500, body: "500 Internal Server Error\n" }, { close: this.holdsBytes });
  }

  /**
   * A request without content, as most are, whose answer is there at once and whole, as many are: since nothing can happen
   * meanwhile, nothing has to be kept for it (bench/wire: a sixth of what a request costs).
   */
  #respondAtOnce(): void {
    const request = new HttpRequest(this.#parser, this.connection, RequestBody.empty);
    this.#task = busy;
    let response: ResponseLike | PromiseLike<ResponseLike>;
    let composed: ComposedResponse | undefined;
    try {
      response = this.#context.respond(request);
      composed = isWhole(response) ? composeResponse(response, this.#facts()) : undefined;
    } catch (cause) {
      this.#exchange(request, this.#facts()).fail(cause);
      return;
    }
    if (composed === undefined) {
      this.#exchange(request, this.#facts()).settle(response);
      return;
    }
    this.advertised ||= composed.upgrade !== "";
    this.#context.observer.answered(request, composed.status);
    this.sendHead(composed);
    if (composed.body instanceof Uint8Array) {
      this.connection.writeBytes(composed.body);
    }
    if (composed.close) {
      this.connection.linger();
    } else {
      this.next();
    }
  }

  /** What the answer depends on. */
  #facts({ close = false, required }: AnswerOptions = {}): ResponseFacts {
    const { advertise, draining, limits, registry } = this.#context;
    const head = this.#parser;
    return {
      method: head.method,
      minorVersion: head.minorVersion,
      close: close || draining || !head.keepAlive || this.#requests >= limits.maxRequests,
      required: required ?? registry.advertisement,
      advertise: advertise && !this.advertised && !head.hasUpgradeField ? registry.advertisement : "",
    };
  }

  #exchange(request: HttpRequest, facts: ResponseFacts, awaitsContinue = false): Exchange {
    const exchange = new Exchange(this, request, facts, awaitsContinue && this.#content !== undefined);
    this.#task = exchange;
    return exchange;
  }

  /** The request with its content, of which `collected` has been read already. */
  #requestWith(collected: readonly Buffer[]): HttpRequest {
    const demand = (): void => (this.#task as Exchange).demand();
    const body = this.#content === undefined ? RequestBody.empty : new RequestBody(demand);
    for (const bytes of collected) {
      body.content(bytes);
    }
    return new HttpRequest(this.#parser, this.connection, body);
  }

  #readContent(content: ContentReader): boolean {
    let went: boolean;
    try {
      went = content.read(this.#held, this.#task?.wantsContent === true, this.#finished);
    } catch (error) {
      this.#contentFailed(asPeerError(error));
      return false;
    }
    if (content.complete) {
      this.#content = undefined;
      this.connection.deadline = Number.POSITIVE_INFINITY;
      this.#task?.contentComplete(content.trailers);
    }
    return went;
  }

  #contentFailed(error: PeerError): void {
    this.#content = undefined;
    this.#task?.contentFailed(error);
  }
}

/** While the application is answering. */
const busy: Task = {
  wantsContent: false,
  content() {},
  contentComplete() {},
  contentFailed() {},
  drained() {},
  expired() {},
  closed() {},
};

const onlyHttp: readonly string[] = ["HTTP/1.1"];
const textPlain = { "Content-Type": "text/plain; charset=utf-8" };

/** Bytes can only ever be the peer's fault: anything else is a defect of ours, and has to be heard of. */
function asPeerError(error: unknown): PeerError {
  if (error instanceof PeerError) {
    return error;
  }
  throw error;
}
