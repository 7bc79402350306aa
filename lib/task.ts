import type { Connection } from "./connection.ts";
import type { ModuleError, PeerError, TransportError } from "./errors.ts";
import type { HeldBytes } from "./held-bytes.ts";
import type { Fields } from "./http/fields.ts";
import type { ParsedHead, RequestInfo } from "./http/request.ts";
import type { ComposedResponse, ResponseLike } from "./http/response.ts";
import type { FieldsLike } from "./http/response-fields.ts";
import type { ResponseTrailers } from "./http/trailers.ts";
import type { Registration } from "./registry.ts";

/** What is being done about the request that was read last. */
export interface Task {
  /** Whether content can be taken now. */
  readonly wantsContent: boolean;
  content(bytes: Buffer): void;
  contentComplete(trailers: Fields): void;
  contentFailed(error: PeerError): void;
  drained(): void;
  expired(): void;
  closed(error: TransportError | undefined): void;
}

/** How a response that the core gives differs from one that the application gives. */
export interface AnswerOptions {
  readonly close?: boolean;
  /** The Upgrade field of a 426 that names none itself. */
  readonly required?: string;
}

/** A request's head, as far as tasks look at it themselves. */
export interface TaskHead extends ParsedHead {
  /** The client waits for a 100 before it sends its content (RFC 9110 section 10.1.1). */
  readonly expectContinue: boolean;
}

/** Whoever speaks HTTP, as its tasks see it. */
export interface TaskHost {
  readonly connection: Connection;
  /** The head read last. It stays until the next one is read. */
  readonly head: TaskHead;
  /** Bytes of content that are still to come; `Infinity` when chunked; 0 when all is there. */
  readonly contentLeft: number;
  /** Whether bytes wait that nobody has taken. */
  readonly holdsBytes: boolean;
  /** Whether an answer on this connection has named the protocols already. */
  advertised: boolean;
  requestInfo(): RequestInfo;
  /** Sends a 100. */
  sendContinue(): void;
  /** Sends the head of an answer, and its content if that is text. */
  sendHead(composed: ComposedResponse): void;
  /** Sends the fields behind the content, and its end. */
  sendTrailers(trailers: ResponseTrailers): void;
  /** Sends that the protocol is switched. Throws a `UsageError` for fields that cannot be sent. */
  sendSwitch(to: Registration, headers: FieldsLike | undefined): void;
  /** Takes as much of what is held as can be taken now. */
  goOn(): void;
  /** The request is done with: on to the next. */
  next(): void;
  /** Answers what cannot be understood, and closes: where the next request begins is in doubt. */
  refuse(error: PeerError, method?: string): void;
  /** The application answers. `collected` is content that was read already. */
  respond(collected?: readonly Buffer[], awaitsContinue?: boolean): void;
  /** The core answers in the application's place. */
  answer(response: ResponseLike, options?: AnswerOptions): void;
  /** The program's own code failed before the switch: the request is answered 500, and the connection stays. */
  fault(error: ModuleError): void;
  /** Hands over the bytes that nobody has taken, and whether the client has finished behind them. */
  leave(): { early: HeldBytes; finished: boolean };
}
