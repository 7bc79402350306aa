import { ContentReader } from "./content-reader.ts";
import { decide, type Verdict } from "./decide.ts";
import { ModuleError, PeerError } from "./errors.ts";
import { Exchange } from "./exchange.ts";
import { BodyDecoder } from "./http/body-decoder.ts";
import { HttpRequest, RequestInfo } from "./http/request.ts";
import { RequestBody } from "./http/request-body.ts";
import {
  type ComposedResponse,
  composeResponse,
  headText,
  type ResponseFacts,
  type ResponseLike,
  switchText,
} from "./http/response.ts";
import type { FieldsLike } from "./http/response-fields.ts";
import type { ResponseTrailers } from "./http/trailers.ts";
import { HttpReader } from "./http-reader.ts";
import type { Registration } from "./registry.ts";
import { Switching } from "./switching.ts";
import type { AnswerOptions, Task, TaskHost } from "./task.ts";
import { isWhole } from "./whole-response.ts";

/** The HTTP/1.1 track: what becomes of each request, and how it is said. */
export class HttpTrack extends HttpReader implements TaskHost {
  advertised = false;

  next(): void {
    this.expectNext();
    if (this.context.draining) {
      this.closing();
    }
    this.goOn();
  }

  refuse(error: PeerError, method = "GET"): void {
    this.context.observer.refused(error, this.connection);
    const composed = composeResponse(
      { status: error.status, headers: textPlain, body: `${error.code}: ${error.message}\n` },
      { method, minorVersion: 1, trails: false, close: true, advertise: "", required: "" },
    );
    this.sendHead(composed);
    this.connection.linger();
  }

  protected unreadable(error: PeerError, method?: string): void {
    this.refuse(error, method);
  }

  respond(collected: readonly Buffer[] = [], awaitsContinue: boolean = this.parser.expectContinue): void {
    if (this.contentReader === undefined && this.connection.phase === "head") {
      this.#respondAtOnce();
    } else {
      this.#exchange(this.#requestWith(collected), this.#facts(), awaitsContinue).start(this.context.respond);
    }
  }

  answer(response: ResponseLike, options: AnswerOptions = {}): void {
    this.#exchange(this.#requestWith([]), this.#facts(options), this.parser.expectContinue).settle(response);
  }

  sendContinue(): void {
    this.connection.writeLatin1("HTTP/1.1 100 Continue\r\n\r\n");
  }

  sendHead(composed: ComposedResponse): void {
    const head = headText(composed, this.context.clock.date(), this.parser.minorVersion);
    this.connection.writeLatin1(head);
    if (typeof composed.body === "string") {
      this.connection.writeLatin1(composed.body);
    }
  }

  sendTrailers({ lines }: ResponseTrailers): void {
    this.connection.writeLatin1(`0\r\n${lines}\r\n`);
  }

  sendSwitch({ upgrade }: Registration, headers: FieldsLike | undefined): void {
    this.connection.writeLatin1(switchText(upgrade, headers));
  }

  protected begin(): void {
    const head = this.parser;
    if (head.contentLength !== 0) {
      if (!BodyDecoder.fits(head.contentLength, this.context.limits.maxBodyBytes)) {
        this.unreadable(new PeerError("ERR_TURNOUT_CONTENT_TOO_LARGE"), head.method);
        return;
      }
      this.contentReader = new ContentReader(this.connection, head.contentLength, this);
    }
    if (!head.wantsUpgrade) {
      this.respond();
      return;
    }
    let verdict: Verdict;
    try {
      verdict = decide(head, this.context.registry, this.context.negotiate, this.context.draining, () =>
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
        this.task = switching;
        switching.start();
      }
    }
  }

  requestInfo(): RequestInfo {
    return new RequestInfo(this.parser, this.connection);
  }

  fault(error: ModuleError): void {
    this.context.observer.fault(error, this.connection);
    // Bytes behind the head may be the other protocol's: they are not parsed as HTTP.
    this.answer({ status: 500, body: "500 Internal Server Error\n" }, { close: this.holdsBytes });
  }

  /**
   * A request without content, as most are, whose answer is there at once and whole, as many are: since nothing can happen
   * meanwhile, nothing has to be kept for it (bench/wire: a sixth of what a request costs).
   */
  #respondAtOnce(): void {
    const request = new HttpRequest(this.parser, this.connection, RequestBody.empty);
    this.task = busy;
    let response: ResponseLike | PromiseLike<ResponseLike>;
    let composed: ComposedResponse | undefined;
    try {
      response = this.context.respond(request);
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
    this.context.observer.answered(request, composed.status);
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
    const { advertise, draining, limits, registry } = this.context;
    const head = this.parser;
    return {
      method: head.method,
      minorVersion: head.minorVersion,
      trails: head.minorVersion > 0,
      close: close || draining || !head.keepAlive || this.requests >= limits.maxRequests,
      required: required ?? registry.advertisement,
      advertise: advertise && !this.advertised && !head.hasUpgradeField ? registry.advertisement : "",
    };
  }

  #exchange(request: HttpRequest, facts: ResponseFacts, awaitsContinue = false): Exchange {
    const exchange = new Exchange(this, request, facts, awaitsContinue && this.contentReader !== undefined);
    this.task = exchange;
    return exchange;
  }

  /** The request with its content, of which `collected` has been read already. */
  #requestWith(collected: readonly Buffer[]): HttpRequest {
    const demand = (): void => (this.task as Exchange).demand();
    const body = this.contentReader === undefined ? RequestBody.empty : new RequestBody(demand);
    for (const bytes of collected) {
      body.content(bytes);
    }
    return new HttpRequest(this.parser, this.connection, body);
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

const textPlain = { "Content-Type": "text/plain; charset=utf-8" };
