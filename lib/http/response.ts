import { Buffer } from "node:buffer";
import { UsageError } from "../errors.ts";
import { nodeHttp } from "./node-http.ts";
import { type FieldsLike, fieldLine, type ResponseFields, responseFields } from "./response-fields.ts";

/** Content of a response. A stream is read no faster than the client takes it. */
export type BodyLike = string | Uint8Array | Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>;

/** What an application answers. A web `Response` is one, too, without trailers. */
export interface ResponseLike {
  /** 200 to 599. Default 200. */
  readonly status?: number;
  /**
   * The core adds Date, Connection and the framing. What is said here of Connection (but for `close`), Keep-Alive,
   * Transfer-Encoding and Upgrade (but for a 426's) is left out: those belong to the connection.
   */
  readonly headers?: FieldsLike;
  readonly body?: BodyLike | null;
  /**
   * The fields behind the content (RFC 9110 section 6.5), such as a digest of it. Asked once, when all of the content has been
   * sent, which has no Content-Length then: over HTTP/1.1 it is chunked. Over HTTP/1.0, and where an answer has no content
   * (HEAD, 204, 205, 304), nobody is asked. Fields that cannot come so late (framing, routing, content format, ...) break
   * the answer off: `ERR_TURNOUT_RESPONSE`. A client that wants them may say so by `TE: trailers`; others may drop them.
   */
  readonly trailers?: TrailersLike;
}

/** Gives the fields behind the content, once that has been sent. */
export type TrailersLike = () => FieldsLike | Promise<FieldsLike>;

/** A 426 that names the protocols a client has to switch to, in the server's order (RFC 9110 section 15.5.22). */
export function upgradeRequired(...tokens: string[]): ResponseLike {
  return {
    status: 426,
    headers: { upgrade: tokens.join(", "), "content-type": "text/plain; charset=utf-8" },
    body: `Upgrade Required: ${tokens.join(", ")}\n`,
  };
}

/** What the connection knows and a response depends on. */
export interface ResponseFacts {
  readonly method: string;
  readonly minorVersion: number;
  /** The connection closes behind this answer. */
  readonly close: boolean;
  /** The Upgrade field that goes with the answer, as advertisement; `""` for none. */
  readonly advertise: string;
  /** The Upgrade field of a 426 that does not name one itself. */
  readonly required: string;
  /** Whether fields can follow the content. */
  readonly trails: boolean;
}

/** A response, checked: what is left is to say it in the words of a version of HTTP. */
export interface ComposedResponse {
  readonly status: number;
  readonly fields: ResponseFields;
  /** What follows the head: nothing, text that is ASCII, bytes, or a stream. */
  readonly body: string | Uint8Array | Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string> | undefined;
  /** How content is framed: its length in bytes, `"chunked"`, `"close"` (HTTP/1.0 without a length), or not at all. */
  readonly framing: number | "chunked" | "close" | "none";
  /** Asked for the fields that follow the content; undefined where none can. The body is a stream then. */
  readonly trailers: TrailersLike | undefined;
  /** The connection closes behind this answer. */
  readonly close: boolean;
  /** The protocols that could be switched to; `""` for none. */
  readonly upgrade: string;
}

const statusLines = new Map<number, string>();
/** RFC 9110 sections 15.5.14 and 15.5.21 have new names for these. */
const reasons: Readonly<Record<number, string>> = { 413: "Content Too Large", 422: "Unprocessable Content" };

export function statusLine(status: number): string {
  let line = statusLines.get(status);
  if (line === undefined) {
    line = `HTTP/1.1 ${status} ${reasons[status] ?? nodeHttp.STATUS_CODES[status] ?? ""}\r\n`;
    statusLines.set(status, line);
  }
  return line;
}

/** Checks what the application answered, and frames it (RFC 9110 section 6.4.1, RFC 9112 section 6.3). */
export function composeResponse(response: ResponseLike, facts: ResponseFacts): ComposedResponse {
  const status = response.status ?? 200;
  // Only the core switches protocols: a 101 from elsewhere would open a tunnel that nobody negotiated.
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new UsageError("ERR_TURNOUT_RESPONSE", `${status} is not the status of a final response`);
  }
  const given = responseFields(response.headers);
  const bodiless = status === 204 || status === 304;
  let body: BodyLike | undefined = response.body ?? (status === 426 ? "Upgrade Required\n" : "");
  let framing: number | "chunked" | "close";
  if (typeof body === "string") {
    const length = Buffer.byteLength(body);
    // Equal lengths mean ASCII: such text can leave in one write with the head.
    if (length !== body.length) {
      body = Buffer.from(body);
    }
    framing = length;
  } else if (body instanceof Uint8Array) {
    framing = body.length;
  } else {
    framing = given.contentLength ?? (facts.minorVersion === 0 ? "close" : "chunked");
  }
  if (status === 205) {
    body = undefined; // RFC 9110 section 15.3.6: no content, said so
    framing = 0;
  }
  const silent = bodiless || facts.method === "HEAD";
  if (given.contentLength !== undefined && typeof framing === "number" && given.contentLength !== framing) {
    // A HEAD answer may tell the length of content that it does not carry.
    if (!(silent && framing === 0)) {
      throw new UsageError("ERR_TURNOUT_RESPONSE", `Content-Length ${given.contentLength}, but ${framing} bytes`);
    }
    framing = given.contentLength;
  }
  const composed: ComposedResponse = {
    status,
    fields: given,
    body: silent ? undefined : body,
    framing: bodiless ? "none" : framing,
    trailers: undefined,
    close: facts.close || given.close || (framing === "close" && !silent),
    upgrade: status === 426 ? requiredBy(given, facts) : bodiless ? "" : facts.advertise,
  };
  return response.trailers === undefined ? composed : withTrailers(composed, response, facts);
}

/**
 * RFC 9112 section 7.1.2: over HTTP/1.1, nothing can follow content that is not chunked. Nor is a length said elsewhere: it
 * would be right, but clients such as curl do not look any further once they have as much.
 */
function withTrailers(composed: ComposedResponse, response: ResponseLike, facts: ResponseFacts): ComposedResponse {
  if (typeof response.trailers !== "function") {
    throw new UsageError("ERR_TURNOUT_RESPONSE", "trailers have to be a function that gives them");
  }
  const { body } = composed;
  if (body === undefined || !facts.trails) {
    return composed;
  }
  return {
    ...composed,
    body: typeof body === "string" || body instanceof Uint8Array ? [body] : body,
    framing: facts.minorVersion === 1 ? "chunked" : "close",
    trailers: () => response.trailers!(),
  };
}

/** RFC 9110 section 15.5.22: a 426 MUST say which protocols it means. */
function requiredBy(given: ResponseFields, facts: ResponseFacts): string {
  const upgrade = given.upgrade ?? facts.required;
  if (upgrade === "") {
    throw new UsageError("ERR_TURNOUT_RESPONSE", "a 426 has to name a protocol, and none is registered");
  }
  return upgrade;
}

/** The head as HTTP/1.1 says it, in latin1, up to and with the empty line. `date` is the value of the Date field. */
export function headText(response: ComposedResponse, date: string, minorVersion: number): string {
  const { framing, close, upgrade } = response;
  let head = openingText(response, date);
  if (typeof framing === "number") {
    head += lengthLine(framing);
  } else if (framing === "chunked") {
    head += "Transfer-Encoding: chunked\r\n";
  }
  if (upgrade !== "") {
    head += fieldLine("Upgrade", upgrade);
  }
  return `${head}${connectionLine(close, upgrade !== "", minorVersion === 0)}\r\n`;
}

function openingText({ status, fields }: ComposedResponse, date: string): string {
  const { lines, opening } = fields;
  if (opening === undefined) {
    return `${statusLine(status)}Date: ${date}\r\n${lines}`;
  }
  if (opening.status !== status || opening.date !== date) {
    opening.status = status;
    opening.date = date;
    opening.text = inOnePiece(`${statusLine(status)}Date: ${date}\r\n${lines}`);
  }
  return opening.text;
}

const longestKept = 1_024;
/** By length, those that were needed so far. */
const lengthLines = Array<string | undefined>(longestKept + 1);

function lengthLine(length: number): string {
  if (length > longestKept) {
    return `Content-Length: ${length}\r\n`;
  }
  let line = lengthLines[length];
  if (line === undefined) {
    line = lengthLines[length] = inOnePiece(`Content-Length: ${length}\r\n`);
  }
  return line;
}

/** To V8, text that was put together is a tree until it is written: each write of it goes over all its pieces. */
function inOnePiece(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("latin1");
}

/** RFC 9112 section 9.3: HTTP/1.1 stays unless it says `close`, HTTP/1.0 closes unless it says `keep-alive`. */
function connectionLine(close: boolean, upgrade: boolean, old: boolean): string {
  const persistence = close ? "close" : old ? "keep-alive" : "";
  if (upgrade) {
    return persistence === "" ? "Connection: Upgrade\r\n" : `Connection: Upgrade, ${persistence}\r\n`;
  }
  return persistence === "" ? "" : `Connection: ${persistence}\r\n`;
}

/** The head as other versions of HTTP say it (RFC 9113 section 8.3.2): without the fields of a connection. */
export function headRecord(response: ComposedResponse, date: string): Record<string, string | string[]> {
  const { status, fields, framing } = response;
  return typeof framing === "number"
    ? { ":status": String(status), ...fields.record, date, "content-length": String(framing) }
    : { ":status": String(status), ...fields.record, date };
}

/**
 * A 101 (RFC 9110 section 15.2.2). `upgrade` names the protocols in ascending layer order; `fields` are the module's
 * own. A 101 has neither content nor framing, and what belongs to the switch is the core's to say.
 */
export function switchText(upgrade: string, fields: FieldsLike | undefined): string {
  const start = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${upgrade}\r\nConnection: Upgrade\r\n`;
  return `${start}${switchFields(fields).lines}\r\n`;
}

/** The head of the 200 by which another version of HTTP tells of a switch (RFC 8441 section 5). */
export function switchRecord(fields: FieldsLike | undefined): Readonly<Record<string, string | string[]>> {
  return { ":status": "200", ...switchFields(fields).record };
}

/** A module's own fields of the answer that tells of a switch. */
function switchFields(fields: FieldsLike | undefined): ResponseFields {
  const own = responseFields(fields);
  if (own.foreign !== undefined) {
    throw new UsageError("ERR_TURNOUT_RESPONSE", `a module cannot say ${own.foreign} when it switches`);
  }
  return own;
}
