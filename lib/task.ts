import type { Connection } from "./connection.ts";
import type { ModuleError, PeerError, TransportError } from "./errors.ts";
import type { HeldBytes } from "./held-bytes.ts";
import type { Fields } from "./http/fields.ts";
import type { RequestInfo } from "./http/request.ts";
import type { RequestHeadParser } from "./http/request-head.ts";
import type { ResponseLike } from "./http/response.ts";

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

/** The HTTP/1.1 track, as its tasks see it. */
export interface TaskHost {
  readonly connection: Connection;
  /** The head read last. It stays until the next one is read. */
  readonly head: RequestHeadParser;
  /** Bytes of content that are still to come; `Infinity` when chunked; 0 when all is there. */
  readonly contentLeft: number;
  /** Whether bytes wait that nobody has taken. */
  readonly holdsBytes: boolean;
  /** Whether an answer on this connection has named the protocols already. */
  advertised: boolean;
  requestInfo(): RequestInfo;
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
