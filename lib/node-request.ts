import type { Server as HttpServer, IncomingMessage } from "node:http";
import { Fields } from "./http/fields.ts";
import type { ParsedHead } from "./http/request.ts";
import { parseUpgradeList } from "./http/upgrade-list.ts";

/** The head of a request that node:http has read. */
export class NodeHead implements ParsedHead {
  readonly stays = true;
  readonly authority = undefined;
  readonly #request: IncomingMessage;

  constructor(request: IncomingMessage) {
    this.#request = request;
  }

  get method(): string {
    return this.#request.method!;
  }

  get target(): string {
    return this.#request.url!;
  }

  get targetForm(): ParsedHead["targetForm"] {
    const { target } = this;
    return target.startsWith("/") ? "origin" : target.includes("://") ? "absolute" : "asterisk";
  }

  get httpVersion(): string {
    return this.#request.httpVersion;
  }

  get wantsUpgrade(): boolean {
    const { connection = "", upgrade } = this.#request.headers;
    return upgrade !== undefined && this.httpVersion !== "1.0" && /(?:^|[ \t,])upgrade(?:$|[ \t,])/i.test(connection);
  }

  fields(): Fields {
    return Fields.from(pairs(this.#request.rawHeaders));
  }
}

/** The protocols that a request offers, in its order; empty where the list is malformed. */
export function offersOf({ headers }: IncomingMessage): readonly string[] {
  return parseUpgradeList(headers.upgrade === undefined ? [] : [headers.upgrade]);
}

export function hasContent({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || !/^0*$/.test(headers["content-length"] ?? "");
}

/** node:http keeps so many strings of a request's fields, and drops what is over without a word. */
const defaultKept = 2_000;

/** Whether all of the fields that came are there: what frames the content could be among those that were dropped. */
export function isWholeHead({ rawHeaders }: IncomingMessage, { maxHeadersCount }: HttpServer): boolean {
  const kept = typeof maxHeadersCount === "number" ? maxHeadersCount * 2 : defaultKept;
  return kept <= 0 || rawHeaders.length < kept;
}

/** The head as bytes, again. */
export function headBytesOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (const [name, value] of pairs(rawHeaders)) {
    text += `${name}: ${value}\r\n`;
  }
  return Buffer.from(`${text}\r\n`, "latin1");
}

/**
 * The same request as if Upgrade had not been sent (RFC 9110 section 7.8), and Expect neither, where a 100 has been sent
 * already. `bytes` begin with a head that has been read by a strict parser: its lines are what they look like.
 */
export function withoutOffer(bytes: Buffer, continued: boolean): Buffer {
  let start = 0;
  while (bytes[start] === 0x0d || bytes[start] === 0x0a) {
    start++;
  }
  const end = bytes.indexOf("\r\n\r\n", start);
  const fields = continued ? /\r\n(?:upgrade|expect):[^\r\n]*/gi : /\r\nupgrade:[^\r\n]*/gi;
  const head = bytes.toString("latin1", start, end).replaceAll(fields, "");
  return Buffer.concat([Buffer.from(head, "latin1"), bytes.subarray(end)]);
}

function pairs(flat: readonly string[]): [name: string, value: string][] {
  const all: [string, string][] = [];
  for (let at = 0; at < flat.length; at += 2) {
    all.push([flat[at]!, flat[at + 1]!]);
  }
  return all;
}
