import type { Connection, Track } from "./connection.ts";
import type { ServerContext } from "./context.ts";
import { decide, type Verdict } from "./decide.ts";
import { ModuleError, PeerError, type TransportError } from "./errors.ts";
import { Exchange } from "./exchange.ts";
import { HeldBytes } from "./held-bytes.ts";
import { BodyDecoder, type ContentSink } from "./http/body-decoder.ts";
import { Fields } from "./http/fields.ts";
import { HttpRequest, RequestInfo } from "./http/request.ts";
import { RequestBody } from "./http/request-body.ts";
import { RequestHeadParser } from "./http/request-head.ts";
import {
  type ComposedResponse,
  composeResponse,
  composeSwitchingProtocols,
  type FieldsLike,
  type ResponseLike,
} from "./http/response.ts";
import type { Respond } from "./options.ts";
import type { Registration } from "./registry.ts";
import { Switching } from "./switching.ts";
import type { AnswerOptions, Task, TaskHost } from "./task.ts";

/**
 * The HTTP/1.1 track: reads one head after the other, and has one task at a time for what was read. What comes while
 * the task cannot take it is held: the next request, or the first bytes of another protocol.
 */
export class HttpTrack implements Track, TaskHost, ContentSink {
  readonly connection: Connection;
  readonly #context: ServerContext;
  readonly #parser: RequestHeadParser;
  #task: Task | undefined;
  #decoder: BodyDecoder | undefined;
  readonly #held: HeldBytes = new HeldBytes();
  #headTimed = true;
  #finished = false;
  #running = false;
  #requests = 0;
  #contentSince = 0;
  /** Since when nobody has wanted the content that is there. */
  #unwantedSince: number | undefined;
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
    if (this.#decoder !== undefined && this.#task?.wantsContent) {
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
    if (this.#task === undefined && !this.#parser.begun && this.#held.length === 0) {
      this.connection.linger();
    }
  }

  closed(error: TransportError | undefined): void {
    this.#task?.closed(error);
  }

  get contentLeft(): number {
    return this.#decoder === undefined ? 0 : this.#decoder.remaining;
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
    this.#context.observer.refused(error);
    const composed = composeResponse(
      { status: error.status, headers: textPlain, body: `${error.code}: ${error.message}\n` },
      { method, minorVersion: 1, close: true, date: this.#context.clock.date(), advertise: "", required: "" },
    );
    this.connection.writeLatin1(composed.head + (composed.body ?? ""));
    this.connection.linger();
  }

  respond(collected: readonly Buffer[] = [], awaitsContinue: boolean = this.#parser.expectContinue): void {
    this.#exchange(this.#context.respond, collected, awaitsContinue, {});
  }

  answer(response: ResponseLike, options: AnswerOptions = {}): void {
    this.#exchange(() => response, [], this.#parser.expectContinue, options);
  }

  sendContinue(): void {
    this.connection.writeLatin1("HTTP/1.1 100 Continue\r\n\r\n");
  }

  sendHead({ head, body }: ComposedResponse): void {
    this.connection.writeLatin1(typeof body === "string" ? head + body : head);
  }

  sendSwitch({ upgrade }: Registration, headers: FieldsLike | undefined): void {
    this.connection.writeLatin1(composeSwitchingProtocols(upgrade, headers));
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
    if (this.#decoder !== undefined) {
      return this.#readContent(this.#decoder);
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
      this.#decoder = new BodyDecoder(head.contentLength, this.#context.limits, this);
      this.#contentSince = this.#context.clock.now;
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
    this.#context.observer.fault(error);
    // Bytes behind the head may be the other protocol's: they are not parsed as HTTP.
    this.answer({ status: 500, body: "500 Internal Server Error\n" }, { close: this.holdsBytes });
  }

  #exchange(
    respond: Respond,
    collected: readonly Buffer[],
    awaitsContinue: boolean,
    { close = false, required = this.#context.registry.advertisement }: AnswerOptions,
  ): void {
    const head = this.#parser;
    const advertises = this.#context.advertise && !this.advertised && !head.hasUpgradeField;
    let exchange: Exchange | undefined;
    const body = this.#decoder === undefined ? RequestBody.empty : new RequestBody(() => exchange?.demand());
    for (const bytes of collected) {
      body.content(bytes);
    }
    exchange = new Exchange(this, new HttpRequest(head, this.connection, body), respond, {
      close: close || !head.keepAlive || this.#requests >= this.#context.limits.maxRequests,
      required,
      awaitsContinue: awaitsContinue && this.#decoder !== undefined,
      advertise: advertises ? this.#context.registry.advertisement : "",
    });
    this.#task = exchange;
    exchange.start();
  }

  #readContent(decoder: BodyDecoder): boolean {
    if (this.#task === undefined || !this.#task.wantsContent) {
      this.#unwantedSince ??= this.#context.clock.now;
      if (this.connection.phase === "responding") {
        this.connection.deadline = Number.POSITIVE_INFINITY; // the application takes its time; a module may not
      }
      return false;
    }
    if (this.#unwantedSince !== undefined) {
      this.#contentSince += this.#context.clock.now - this.#unwantedSince; // the client could not help that
      this.#unwantedSince = undefined;
    }
    const chunk = this.#held.first;
    if (chunk === undefined) {
      if (this.#finished) {
        this.#contentFailed(new PeerError("ERR_TURNOUT_CONTENT_INCOMPLETE"));
      } else {
        this.#timeContent(decoder);
      }
      return false;
    }
    let end: number;
    try {
      end = decoder.read(chunk, this.#held.at);
    } catch (error) {
      this.#contentFailed(asPeerError(error));
      return false;
    }
    this.#held.take(end);
    if (end !== -1) {
      this.#decoder = undefined;
      this.connection.deadline = Number.POSITIVE_INFINITY;
      this.#task?.contentComplete(decoder.trailers.length === 0 ? Fields.empty : Fields.from(decoder.trailers));
    }
    return true;
  }

  #contentFailed(error: PeerError): void {
    this.#decoder = undefined;
    this.#task?.contentFailed(error);
  }

  /** Content has to come within `bodyMs` of the last, and at a pace that a dripping client does not keep. */
  #timeContent(decoder: BodyDecoder): void {
    const { clock, timeouts, limits } = this.#context;
    const pace = limits.minBodyBytesPerSecond;
    const paceMs = pace === 0 ? Number.POSITIVE_INFINITY : (decoder.received / pace) * 1000;
    this.connection.deadline = Math.min(clock.in(timeouts.bodyMs), this.#contentSince + timeouts.bodyMs + paceMs);
  }
}

const textPlain = { "Content-Type": "text/plain; charset=utf-8" };

/** Bytes can only ever be the peer's fault: anything else is a defect of ours, and has to be heard of. */
function asPeerError(error: unknown): PeerError {
  if (error instanceof PeerError) {
    return error;
  }
  throw error;
}
