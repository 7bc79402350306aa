import { STATUS_CODES } from "node:http";
import { UsageError } from "../errors.ts";

/** Fields of a message, as a record or as pairs (a web `Headers` is pairs). */
export type FieldsLike = Readonly<Record<string, string | readonly string[]>> | Iterable<readonly [string, string]>;

/** Content of a response. A stream is read no faster than the client takes it. */
export type BodyLike = string | Uint8Array | Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string>;

/** What an application answers. A web `Response` is one, too. */
export interface ResponseLike {
  /** 200 to 599. Default 200. */
  readonly status?: number;
  /**
   * The core adds Date, Connection and the framing. What is said here of Connection (but for `close`), Keep-Alive,
   * Transfer-Encoding and Upgrade (but for a 426's) is left out: those belong to the connection.
   */
  readonly headers?: FieldsLike;
  readonly body?: BodyLike | null;
}

/** A 426 that names the protocols a client has to switch to, in the server's order (RFC 9110 section 15.5.22). */
export function upgradeRequired(...tokens: string[]): ResponseLike {
  return {
    status: 426,
    headers: { upgrade: tokens.join(", "), "content-type": "text/plain; charset=utf-8" },
    body: `Upgrade Required: ${tokens.join(", ")}\n`,
  };
}

/** What the connection knows and a response head depends on. */
export interface ResponseFacts {
  readonly method: string;
  readonly minorVersion: number;
  /** The connection closes behind this answer. */
  readonly close: boolean;
  readonly date: string;
  /** The Upgrade field that goes with the answer, as advertisement; `""` for none. */
  readonly advertise: string;
  /** The Upgrade field of a 426 that does not name one itself. */
  readonly required: string;
}

/** A response, ready to be sent. */
export interface ComposedResponse {
  readonly status: number;
  /** The head as latin1 text, up to and with the empty line. */
  readonly head: string;
  /** What follows it: nothing, latin1-safe text, bytes, or a stream. */
  readonly body: string | Uint8Array | Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string> | undefined;
  /** How a stream is framed: its length in bytes, `"chunked"`, or `"close"` (HTTP/1.0 without a length). */
  readonly framing: number | "chunked" | "close";
  /** The connection closes behind this answer. */
  readonly close: boolean;
  /** The head names protocols to switch to. */
  readonly upgrade: boolean;
}

const statusLines = new Map<number, string>();
/** RFC 9110 sections 15.5.14 and 15.5.21 have new names for these. */
const reasons: Readonly<Record<number, string>> = { 413: "Content Too Large", 422: "Unprocessable Content" };
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// RFC 9110 section 5.5: field-content, without leading or trailing white space
const fieldValue = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;

/** Fields that belong to the connection, not to the application's answer. */
const hopByHop = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "date"]);

/** `name: value` CRLF, checked (RFC 9112 section 11.1: no CR or LF ever comes from a value). */
export function fieldLine(name: string, value: string): string {
  if (!token.test(name) || typeof value !== "string" || !fieldValue.test(value)) {
    throw new UsageError("ERR_TURNOUT_RESPONSE", `the field ${JSON.stringify(name)} cannot be sent`);
  }
  return `${name}: ${value}\r\n`;
}

export function statusLine(status: number): string {
  let line = statusLines.get(status);
  if (line === undefined) {
    line = `HTTP/1.1 ${status} ${reasons[status] ?? STATUS_CODES[status] ?? ""}\r\n`;
    statusLines.set(status, line);
  }
  return line;
}

/** One pair a field line. */
export function pairs(fields: FieldsLike): Iterable<readonly [name: string, value: string]> {
  if (Symbol.iterator in fields) {
    return fields as Iterable<readonly [string, string]>;
  }
  const entries = Object.entries(fields);
  return entries.some(([, value]) => typeof value !== "string")
    ? entries.flatMap(([name, value]) => [value].flat().map((one): [string, string] => [name, one as string]))
    : (entries as [string, string][]);
}

/** Checks what the application answered, and frames it (RFC 9110 section 6.4.1, RFC 9112 section 6.3). */
export function composeResponse(response: ResponseLike, facts: ResponseFacts): ComposedResponse {
  const status = response.status ?? 200;
  // Only the core switches protocols: a 101 from elsewhere would open a tunnel that nobody negotiated.
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new UsageError("ERR_TURNOUT_RESPONSE", `${status} is not the status of a final response`);
  }
  const given = readFields(response.headers);
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
  const close = facts.close || given.close || (framing === "close" && !silent);

  let head = `${statusLine(status)}Date: ${facts.date}\r\n${given.lines}`;
  if (!bodiless) {
    if (typeof framing === "number") {
      head += `Content-Length: ${framing}\r\n`;
    } else if (framing === "chunked") {
      head += "Transfer-Encoding: chunked\r\n";
    }
  }
  let upgrade = "";
  if (status === 426) {
    upgrade = given.upgrade ?? facts.required;
    if (upgrade === "") {
      throw new UsageError("ERR_TURNOUT_RESPONSE", "a 426 has to name a protocol, and none is registered");
    }
  } else if (!bodiless) {
    upgrade = facts.advertise;
  }
  head += upgrade === "" ? "" : fieldLine("Upgrade", upgrade);
  head += connectionLine(close, upgrade !== "", facts.minorVersion === 0);
  return { status, head: `${head}\r\n`, body: silent ? undefined : body, framing, close, upgrade: upgrade !== "" };
}

/** RFC 9112 section 9.3: HTTP/1.1 stays unless it says `close`, HTTP/1.0 closes unless it says `keep-alive`. */
function connectionLine(close: boolean, upgrade: boolean, old: boolean): string {
  const persistence = close ? "close" : old ? "keep-alive" : "";
  if (upgrade) {
    return persistence === "" ? "Connection: Upgrade\r\n" : `Connection: Upgrade, ${persistence}\r\n`;
  }
  return persistence === "" ? "" : `Connection: ${persistence}\r\n`;
}

interface GivenFields {
  lines: string;
  contentLength: number | undefined;
  close: boolean;
  upgrade: string | undefined;
}

const noFields: GivenFields = { lines: "", contentLength: undefined, close: false, upgrade: undefined };

function readFields(fields: FieldsLike | undefined): GivenFields {
  if (fields === undefined) {
    return noFields;
  }
  const given: GivenFields = { ...noFields };
  for (const [name, value] of pairs(fields)) {
    const line = fieldLine(name, value);
    const lower = name.toLowerCase();
    if (lower === "content-length") {
      if (!/^\d{1,15}$/.test(value) || given.contentLength !== undefined) {
        throw new UsageError("ERR_TURNOUT_RESPONSE", `Content-Length ${JSON.stringify(value)} cannot be sent`);
      }
      given.contentLength = Number(value);
    } else if (!hopByHop.has(lower)) {
      given.lines += line;
    } else if (lower === "connection") {
      given.close ||= /(?:^|[,\s])close(?:[,\s]|$)/i.test(value);
    } else if (lower === "upgrade") {
      given.upgrade = value;
    }
  }
  return given;
}

/** The fields of a head that are not HTTP/1.1's own: what another version of HTTP says, too. */
export function fieldsOf(head: string): [name: string, value: string][] {
  const fields: [string, string][] = [];
  for (let at = head.indexOf("\r\n") + 2; at < head.length - 2; ) {
    const end = head.indexOf("\r\n", at);
    const colon = head.indexOf(":", at);
    const name = head.slice(at, colon);
    if (!onlyInHttp1.has(name.toLowerCase())) {
      fields.push([name, head.slice(colon + 2, end)]);
    }
    at = end + 2;
  }
  return fields;
}

const onlyInHttp1 = new Set(["connection", "transfer-encoding", "upgrade"]);

/**
 * A 101 (RFC 9110 section 15.2.2). `upgrade` names the protocols in ascending layer order; `fields` are the module's
 * own. A 101 has neither content nor framing, and what belongs to the switch is the core's to say.
 */
export function composeSwitchingProtocols(upgrade: string, fields: FieldsLike | undefined): string {
  const own = switchFields(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${upgrade}\r\nConnection: Upgrade\r\n${own.join("")}\r\n`;
}

/** A module's own fields of the answer that tells of a switch, checked. */
export function switchFields(fields: FieldsLike | undefined): (readonly [name: string, value: string])[] {
  const own = fields === undefined ? [] : [...pairs(fields)];
  for (const [name, value] of own) {
    const lower = name.toLowerCase();
    if (hopByHop.has(lower) || lower === "content-length") {
      throw new UsageError("ERR_TURNOUT_RESPONSE", `a module cannot say ${name} when it switches`);
    }
    fieldLine(name, value); // throws where it cannot be sent
  }
  return own;
}
