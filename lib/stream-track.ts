import type { Connection } from "./connection.ts";
import { type ModuleError, PeerError, type TransportError } from "./errors.ts";
import { Exchange } from "./exchange.ts";
import { HeldBytes } from "./held-bytes.ts";
import { HttpRequest, RequestInfo } from "./http/request.ts";
import { RequestBody } from "./http/request-body.ts";
import { type ComposedResponse, headRecord, type ResponseLike, switchRecord } from "./http/response.ts";
import type { FieldsLike } from "./http/response-fields.ts";
import type { ResponseTrailers } from "./http/trailers.ts";
import type { Respond } from "./options.ts";
import type { Registration } from "./registry.ts";
import { StreamHead, type StreamRequest, streamFacts } from "./stream-request.ts";
import { Switching } from "./switching.ts";
import type { AnswerOptions, Task, TaskHead, TaskHost } from "./task.ts";
import type { Track } from "./track.ts";

/** A request that has a stream to itself: what comes is its content, and the stream ends with the answer. */
export class StreamTrack implements Track, TaskHost {
  readonly spoken: readonly string[] = [];
  readonly connection: Connection;
  readonly head: TaskHead;
  readonly #request: StreamRequest;
  readonly #held: HeldBytes = new HeldBytes();
  #task: Task | undefined;
  /** What comes is content, and not another protocol's: that of one which was not switched to is nobody's. */
  readonly #hasContent: boolean;
  #received = 0;
  #finished = false;
  #completed = false;
  /** A stream's answer advertises nothing: it has no Upgrade field. */
  advertised = true;

  constructor(connection: Connection, request: StreamRequest) {
    this.connection = connection;
    this.#request = request;
    this.#finished = this.#completed = request.ended;
    this.#hasContent = request.protocol === undefined;
    this.head = new StreamHead(request);
  }

  start(): void {
    const { protocol } = this.#request;
    const { registry, draining } = this.connection.context;
    if (protocol === undefined) {
      this.respond();
      return;
    }
    const registration = registry.find(protocol);
    if (registration?.module.overHttp2 !== true) {
      this.answer({ status: 501, body: "501 Not Implemented\n" }); // RFC 9220 section 3
    } else if (draining) {
      this.answer({ status: 503, body: "the server is closing\n" });
    } else {
      const switching = new Switching(this, [registration]);
      this.#task = switching;
      switching.start();
    }
  }

  received(chunk: Buffer): void {
    this.#received += chunk.length;
    this.#held.push(chunk);
    this.goOn();
  }

  finished(): void {
    this.#finished = true;
    this.goOn();
  }

  drained(): void {
    this.#task?.drained();
  }

  expired(): void {
    if (this.#task?.wantsContent && !this.#completed) {
      this.#task.contentFailed(new PeerError("ERR_TURNOUT_BODY_TIMEOUT"));
    } else {
      this.#task?.expired();
    }
  }

  closing(): void {} // what is under way is answered

  closed(error: TransportError | undefined): void {
    this.#task?.closed(error);
  }

  get contentLeft(): number {
    return this.#hasContent && !this.#completed ? Number.POSITIVE_INFINITY : 0;
  }

  get holdsBytes(): boolean {
    return this.#held.length > 0;
  }

  goOn(): void {
    const { limits, timeouts, clock } = this.connection.context;
    while (this.#held.length > 0 && this.#wantsContent) {
      this.#task!.content(this.#held.shift()!);
    }
    if (this.#received > limits.maxBodyBytes && this.#hasContent && !this.#completed) {
      this.#completed = true;
      this.#task?.contentFailed(new PeerError("ERR_TURNOUT_CONTENT_TOO_LARGE"));
    }
    if (this.connection.track !== this) {
      return;
    }
    if (this.#held.length >= limits.maxEarlyBytes) {
      this.connection.pause();
      return;
    }
    this.connection.resume();
    if (this.#finished && this.#held.length === 0 && !this.#completed && this.#hasContent) {
      this.#completed = true;
      this.connection.deadline = Number.POSITIVE_INFINITY;
      this.#task?.contentComplete(this.#request.trailers);
    } else if (this.#wantsContent && !this.#finished && !this.#completed) {
      this.connection.deadline = clock.in(timeouts.bodyMs);
    }
  }

  get #wantsContent(): boolean {
    return this.#hasContent && this.#task?.wantsContent === true;
  }

  requestInfo(): RequestInfo {
    return new RequestInfo(this.head, this.connection);
  }

  sendContinue(): void {
    this.#request.sendContinue();
  }

  sendHead(composed: ComposedResponse): void {
    const { body } = composed;
    const ends = body === undefined || body === "";
    const trails = composed.trailers !== undefined;
    this.#request.sendHead(headRecord(composed, this.connection.context.clock.date()), ends, trails);
    if (!ends && typeof body === "string") {
      this.connection.writeLatin1(body);
    }
  }

  sendTrailers({ record }: ResponseTrailers): void {
    this.#request.sendTrailers(record);
  }

  sendSwitch(_to: Registration, headers: FieldsLike | undefined): void {
    this.#request.sendHead(switchRecord(headers), false);
  }

  respond(collected: readonly Buffer[] = []): void {
    this.#exchange(this.connection.context.respond, collected);
  }

  answer(response: ResponseLike, _options?: AnswerOptions): void {
    this.#exchange(() => response, []);
  }

  refuse(error: PeerError): void {
    this.connection.context.observer.refused(error, this.connection);
    this.answer({ status: error.status, headers: textPlain, body: `${error.code}: ${error.message}\n` });
  }

  fault(error: ModuleError): void {
    this.connection.context.observer.fault(error, this.connection);
    this.answer({ status: 500, body: "500 Internal Server Error\n" });
  }

  /** The stream is done with: `Exchange` closes behind every answer here. */
  next(): void {}

  leave(): { early: HeldBytes; finished: boolean } {
    return { early: this.#held, finished: this.#finished };
  }

  #exchange(respond: Respond, collected: readonly Buffer[]): void {
    let exchange: Exchange | undefined;
    const body = this.contentLeft === 0 ? RequestBody.empty : new RequestBody(() => exchange?.demand());
    for (const bytes of collected) {
      body.content(bytes);
    }
    const facts = streamFacts(this.#request);
    exchange = new Exchange(this, new HttpRequest(this.head, this.connection, body), facts, this.head.expectContinue);
    this.#task = exchange;
    exchange.start(respond);
    this.goOn();
  }
}

const textPlain = { "Content-Type": "text/plain; charset=utf-8" };
