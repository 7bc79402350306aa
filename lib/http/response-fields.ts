import { UsageError } from "../errors.ts";

/** Fields of a message, as a record or as pairs (a web `Headers` is pairs). */
export type FieldsLike = Readonly<Record<string, string | readonly string[]>> | Iterable<readonly [string, string]>;

/** What an application, or a module, says in the fields of an answer: checked, so that it can be sent as it is. */
export interface ResponseFields {
  /** The field lines as HTTP/1.1 has them, each with its CRLF, without those below. */
  readonly lines: string;
  /** The same by lower-case name, as other versions of HTTP have them. */
  readonly record: Readonly<Record<string, string | string[]>>;
  /** Content-Length, where it is said. */
  readonly contentLength: number | undefined;
  /** Connection says `close`. */
  readonly close: boolean;
  /** Upgrade, where it is said. */
  readonly upgrade: string | undefined;
  /** The first field that is not the application's to say, in lower case: it is left out. */
  readonly foreign: string | undefined;
  /** How the last answer with them began, where they are remembered. */
  readonly opening: Opening | undefined;
}

/** The first lines of an answer, up to its own fields. Within a second they are the same for all of one kind. */
export interface Opening {
  status: number;
  /** The value of Date. */
  date: string;
  text: string;
}

function noOpening(): Opening {
  return { status: 0, date: "", text: "" };
}

/** Fields that belong to the connection, not to the application's answer (RFC 9110 section 7.6.1), and to its framing. */
const foreign = new Set([
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// RFC 9110 section 5.5: field-content, without leading or trailing white space
const fieldValue = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;

const noFields: ResponseFields = { ...checkFields([]), opening: noOpening() };

/**
 * What was checked last. Applications say the same few sets of fields again and again: what was good a moment ago is neither
 * checked nor put together again (bench/wire: a third of what an answer costs).
 */
const remembered: Remembered[] = [];
const maxRemembered = 8;
let oldest = 0;

interface Remembered {
  readonly names: readonly string[];
  readonly values: readonly string[];
  readonly checked: ResponseFields;
}

/** Throws a `UsageError` for what cannot be sent (RFC 9112 section 11.1: no CR or LF ever comes from a value). */
export function responseFields(fields: FieldsLike | undefined): ResponseFields {
  if (fields === undefined) {
    return noFields;
  }
  if (arePairs(fields)) {
    return checkFields(fields);
  }
  for (const entry of remembered) {
    if (isSame(entry, fields)) {
      return entry.checked;
    }
  }
  const names = Object.keys(fields);
  const checked = checkFields(pairsOf(fields));
  const values = Object.values(fields);
  if (values.every((value) => typeof value === "string") && checked.lines.length <= maxRememberedChars) {
    const kept = { ...checked, opening: noOpening() };
    remembered[oldest] = { names, values, checked: kept };
    oldest = (oldest + 1) % maxRemembered;
    return kept;
  }
  return checked;
}

const maxRememberedChars = 4_096;

function isSame({ names, values }: Remembered, fields: Readonly<Record<string, string | readonly string[]>>): boolean {
  let at = 0;
  for (const name in fields) {
    if (names[at] !== name || values[at] !== fields[name]) {
      return false;
    }
    at++;
  }
  return at === names.length;
}

type Pairs = Iterable<readonly [name: string, value: string]>;

function arePairs(fields: FieldsLike): fields is Pairs {
  return Symbol.iterator in fields;
}

export function pairsOf(fields: FieldsLike): Pairs {
  return arePairs(fields)
    ? fields
    : Object.keys(fields).flatMap((name) => [fields[name]].flat().map((value) => [name, value!] as const));
}

/** Throws a `UsageError` for what cannot be sent; nothing of it is remembered. */
export function checkFields(fields: Pairs): ResponseFields {
  const record: Record<string, string | string[]> = {};
  let lines = "";
  let contentLength: number | undefined;
  let close = false;
  let upgrade: string | undefined;
  let first: string | undefined;
  for (const [name, value] of fields) {
    const line = fieldLine(name, value);
    const key = name.toLowerCase();
    if (!foreign.has(key)) {
      const before = record[key];
      record[key] = before === undefined ? value : [before, value].flat();
      lines += line;
      continue;
    }
    first ??= key;
    if (key === "content-length") {
      if (!/^\d{1,15}$/.test(value) || contentLength !== undefined) {
        throw new UsageError("ERR_TURNOUT_RESPONSE", `Content-Length ${JSON.stringify(value)} cannot be sent`);
      }
      contentLength = Number(value);
    } else if (key === "connection") {
      close ||= /(?:^|[,\s])close(?:[,\s]|$)/i.test(value);
    } else if (key === "upgrade") {
      upgrade = value;
    }
  }
  return { lines, record, contentLength, close, upgrade, foreign: first, opening: undefined };
}

/** `name: value` CRLF, checked. */
export function fieldLine(name: string, value: string): string {
  if (!token.test(name) || typeof value !== "string" || !fieldValue.test(value)) {
    throw new UsageError("ERR_TURNOUT_RESPONSE", `the field ${JSON.stringify(name)} cannot be sent`);
  }
  return `${name}: ${value}\r\n`;
}
