import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import type { PeerErrorCode } from "./errors.ts";
import { isHostAndPort } from "./http/authority.ts";
import type { Fields } from "./http/fields.ts";
import { targetFormOf } from "./http/request-target.ts";
import type { ResponseFacts } from "./http/response.ts";
import type { Limits } from "./options.ts";
import type { TaskHead } from "./task.ts";

/**
 * A request that came as a stream of another protocol, such as HTTP/2, and the way to answer it. A module makes it, and
 * has it answered with `transport.dispatch`.
 */
export interface StreamRequest {
  readonly method: string;
  /** The path with its query, or `*`. */
  readonly target: string;
  /** Whom the request is for; `""` where that is missing, or said twice and differently. */
  readonly authority: string;
  /** `"2.0"`, for example. */
  readonly httpVersion: string;
  /** The fields, without those that belong to a connection. */
  readonly headers: Fields;
  /** The fields behind the content, once the stream's readable side has ended. */
  readonly trailers: Fields;
  /** The protocol that the stream is to become (RFC 8441 section 4); undefined for an ordinary request. */
  readonly protocol: string | undefined;
  /** Whether there is no content: the client has finished with the head. */
  readonly ended: boolean;
  /** Whether the client has reset the stream. */
  readonly aborted: boolean;
  /** The Expect field; undefined where there is none. */
  readonly expectation: string | undefined;
  /** The request's content comes from it, and the answer's is written to it. */
  readonly stream: Duplex;
  /** Sends a 100. */
  sendContinue(): void;
  /** Ends the stream at once. `complete`: the answer is whole, and what the client still sends is not wanted. */
  reset(complete: boolean): void;
  /**
   * Sends the head of the answer, by lower-case names, `:status` among them. `ends`: no content follows. `trails`: fields
   * follow the content.
   */
  sendHead(head: Readonly<Record<string, string | string[]>>, ends: boolean, trails?: boolean): void;
  /** Has fields sent behind the content, by lower-case names. Called when all content has been written, and before `stream` is ended. */
  sendTrailers(fields: Readonly<Record<string, string>>): void;
}

/** The head of such a request, for those who know requests by their heads. */
export class StreamHead implements TaskHead {
  readonly wantsUpgrade = false;
  readonly stays = true;
  readonly #request: StreamRequest;

  constructor(request: StreamRequest) {
    this.#request = request;
  }

  get method(): string {
    return this.#request.method;
  }

  get target(): string {
    return this.#request.target;
  }

  get targetForm(): "asterisk" | "origin" {
    return this.target === "*" ? "asterisk" : "origin";
  }

  get httpVersion(): string {
    return this.#request.httpVersion;
  }

  get authority(): string {
    return this.#request.authority;
  }

  get expectContinue(): boolean {
    return isContinue(this.#request.expectation);
  }

  fields(): Fields {
    return this.#request.headers;
  }
}

/** What an answer on a stream depends on. */
export function streamFacts({ method }: StreamRequest): ResponseFacts {
  // Like HTTP/1.0, content ends where the stream does. A 426 has to name something; over a stream, the field is left out.
  return { method, minorVersion: 0, close: true, required: "HTTP/1.1", advertise: "", trails: true };
}

/** What is wrong with the request, by the rules that hold for every request (RFC 9113 section 8.3.1). */
export function faultOf(request: StreamRequest, { maxTargetBytes }: Limits): PeerErrorCode | undefined {
  const { method, target, authority, protocol, expectation } = request;
  if (method === "CONNECT" && protocol === undefined) {
    return "ERR_TURNOUT_CONNECT";
  }
  if (target.length > maxTargetBytes) {
    return "ERR_TURNOUT_TARGET_TOO_LONG";
  }
  if (!originForm.has(target) && !(target === "*" && method === "OPTIONS")) {
    return "ERR_TURNOUT_TARGET";
  }
  if (!authorityForm.has(authority)) {
    return "ERR_TURNOUT_HOST";
  }
  return expectation === undefined || isContinue(expectation) ? undefined : "ERR_TURNOUT_EXPECTATION";
}

/** RFC 9110 section 10.1.1: the only expectation there is. */
function isContinue(expectation: string | undefined): boolean {
  return expectation?.toLowerCase() === "100-continue";
}

/** Text that has a form; what had it last, which the streams of a connection mostly say again, is not looked at again. */
class Form {
  readonly #has: (bytes: Uint8Array, start: number, end: number) => boolean;
  #last: string | undefined;

  constructor(has: (bytes: Uint8Array, start: number, end: number) => boolean) {
    this.#has = has;
  }

  has(text: string): boolean {
    if (text === this.#last) {
      return true;
    }
    const bytes = Buffer.from(text, "latin1");
    const has = this.#has(bytes, 0, bytes.length);
    this.#last = has ? text : this.#last;
    return has;
  }
}

const originForm = new Form((bytes, start, end) => targetFormOf(bytes, start, end, "GET") === "origin");
const authorityForm = new Form(isHostAndPort);
