import type { Connection } from "./connection.ts";
import type { ContentReader } from "./content-reader.ts";
import type { ServerContext } from "./context.ts";
import { asPeerError, PeerError, type TransportError } from "./errors.ts";
import { HeldBytes } from "./held-bytes.ts";
import type { ContentSink } from "./http/body-decoder.ts";
import { RequestHeadParser } from "./http/request-head.ts";
import { warmUpHeadParser } from "./http/warm-up.ts";
import { hasten } from "./newcomer.ts";
import type { Task } from "./task.ts";
import type { Track } from "./track.ts";

warmUpHeadParser();

/**
 * Reads what comes over HTTP/1.1: one head after the other, and the content behind each for the one task that there is for it.
 * What comes while the task cannot take it is held: the next request, or the first bytes of another protocol.
 */
export abstract class HttpReader implements Track, ContentSink {
  readonly connection: Connection;
  protected readonly context: ServerContext;
  protected readonly parser: RequestHeadParser;
  /** What is being done about the request that was read last. */
  protected task: Task | undefined;
  /** Of the content that is still to be read; undefined where there is none. */
  protected contentReader: ContentReader | undefined;
  readonly #held: HeldBytes = new HeldBytes();
  #headTimed = true;
  #finished = false;
  #running = false;
  #requests = 0;

  constructor(connection: Connection) {
    this.connection = connection;
    this.context = connection.context;
    this.parser = new RequestHeadParser(connection.context.limits);
    connection.become("head", connection.context.timeouts.headMs);
  }

  /** A head is whole: what becomes of its request? */
  protected abstract begin(): void;

  /** What has come is no request that could be taken. */
  protected abstract unreadable(error: PeerError, method?: string): void;

  /** Answers what cannot be understood, and closes. */
  abstract refuse(error: PeerError, method?: string): void;

  received(chunk: Buffer): void {
    this.#held.push(chunk);
    this.goOn();
  }

  finished(): void {
    this.#finished = true;
    this.goOn();
  }

  drained(): void {
    this.task?.drained();
    this.goOn();
  }

  expired(): void {
    if (this.contentReader !== undefined && this.task?.wantsContent) {
      this.#contentFailed(new PeerError("ERR_TURNOUT_BODY_TIMEOUT"));
    } else if (this.task !== undefined) {
      this.task.expired();
    } else if (this.parser.begun) {
      this.refuse(new PeerError("ERR_TURNOUT_HEAD_TIMEOUT"));
    } else {
      this.connection.linger();
    }
  }

  closing(): void {
    if (this.task !== undefined || this.parser.begun || this.#held.length > 0) {
      return;
    }
    if (this.#requests === 0) {
      hasten(this.connection);
    } else {
      this.connection.linger();
    }
  }

  closed(error: TransportError | undefined): void {
    this.task?.closed(error);
  }

  get spoken(): readonly string[] {
    return onlyHttp;
  }

  /** Heads that were read. */
  get requests(): number {
    return this.#requests;
  }

  get head(): RequestHeadParser {
    return this.parser;
  }

  get contentLeft(): number {
    return this.contentReader === undefined ? 0 : this.contentReader.remaining;
  }

  get holdsBytes(): boolean {
    return this.#held.length > 0;
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
      if (this.#held.length > 0 && this.#held.length >= this.context.limits.maxEarlyBytes) {
        this.connection.pause();
      } else {
        this.connection.resume();
      }
    }
  }

  leave(): { early: HeldBytes; finished: boolean } {
    return { early: this.#held, finished: this.#finished };
  }

  /** ContentSink: the decoder found content. */
  content(bytes: Buffer): void {
    this.task?.content(bytes);
  }

  /** The request is done with, and the next one may take its time. */
  protected expectNext(): void {
    this.task = undefined;
    this.#headTimed = false;
    this.connection.become("head", this.context.timeouts.keepAliveMs);
    if (this.#held.length === 0) {
      this.parser.release(); // an idle connection keeps no bytes
    }
  }

  /** Takes one thing from what is held. False: nothing can be taken now. */
  #step(): boolean {
    if (this.contentReader !== undefined) {
      return this.#readContent(this.contentReader);
    }
    return this.task === undefined && this.connection.hasRoom && this.#readHead();
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
      end = this.parser.read(chunk, this.#held.at);
    } catch (error) {
      this.unreadable(asPeerError(error));
      return false;
    }
    this.#held.take(end);
    if (end !== -1) {
      this.#requests++;
      this.begin();
    } else if (this.parser.begun && !this.#headTimed) {
      this.#headTimed = true;
      this.connection.become("head", this.context.timeouts.headMs);
    }
    return true;
  }

  #readContent(content: ContentReader): boolean {
    let went: boolean;
    try {
      went = content.read(this.#held, this.task?.wantsContent === true, this.#finished);
    } catch (error) {
      this.#contentFailed(asPeerError(error));
      return false;
    }
    if (content.complete) {
      this.contentReader = undefined;
      this.connection.deadline = Number.POSITIVE_INFINITY;
      this.task?.contentComplete(content.trailers);
    }
    return went;
  }

  #contentFailed(error: PeerError): void {
    this.contentReader = undefined;
    this.task?.contentFailed(error);
  }
}

/** What has been spoken where nothing but HTTP/1.1 was. */
export const onlyHttp: readonly string[] = ["HTTP/1.1"];
