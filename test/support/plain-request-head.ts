import type { PeerErrorCode } from "../../lib/errors.ts";

/*
 * A second reader of request heads, for the tests to compare the real one with. It is written from the grammar of RFC 9112,
 * RFC 9110 and RFC 3986, one byte at a time and with strings, and shares nothing with lib/http but the names of the faults.
 */

export interface PlainLimits {
  readonly maxHeadBytes: number;
  readonly maxTargetBytes: number;
  readonly maxFields: number;
}

/** What a head says. */
export interface HeadFacts {
  readonly method: string;
  readonly target: string;
  readonly targetForm: "origin" | "absolute" | "authority" | "asterisk";
  readonly minorVersion: number;
  readonly contentLength: number;
  readonly keepAlive: boolean;
  readonly close: boolean;
  readonly hasUpgradeField: boolean;
  readonly wantsUpgrade: boolean;
  readonly expectContinue: boolean;
  readonly fields: [name: string, value: string][];
}

export type HeadOutcome =
  | { readonly is: "head"; readonly end: number; readonly facts: HeadFacts }
  | { readonly is: "fault"; readonly code: PeerErrorCode }
  | { readonly is: "more"; readonly begun: boolean };

class Fault extends Error {
  readonly code: PeerErrorCode;
  constructor(code: PeerErrorCode) {
    super(code);
    this.code = code;
  }
}

class NoMore extends Error {}

/** Gives one byte after the other; at the end, and at the limit of the head, it throws. */
class Cursor {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #limit: number;

  constructor(bytes: Uint8Array, limit: number) {
    this.#bytes = bytes;
    this.#limit = limit;
  }

  /** The next byte as a character of latin1, which stays. */
  peek(): string {
    if (this.at >= this.#bytes.length) {
      throw new NoMore();
    }
    if (this.at >= this.#limit) {
      throw new Fault("ERR_TURNOUT_HEAD_TOO_LARGE");
    }
    return String.fromCharCode(this.#bytes[this.at] as number);
  }

  next(): string {
    const character = this.peek();
    this.at++;
    return character;
  }
}

/** Reads the head at the start of `bytes`. */
export function readPlainHead(bytes: Uint8Array, limits: PlainLimits): HeadOutcome {
  const cursor = new Cursor(bytes, limits.maxHeadBytes);
  let begun = false;
  try {
    while (cursor.peek() === "\r") {
      lineEnd(cursor);
    }
    begun = true;
    const facts = readHead(cursor, limits);
    return { is: "head", end: cursor.at, facts };
  } catch (error) {
    if (error instanceof NoMore) {
      return { is: "more", begun };
    }
    if (error instanceof Fault) {
      return { is: "fault", code: error.code };
    }
    throw error;
  }
}

const tchar = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/;
const fieldByte = /[\t\x20-\x7e\x80-\xff]/;
const targetByte = /[A-Za-z0-9\-._~!$&'()*+,;=:@/?%[\]{}|\\^`]/;

function readHead(cursor: Cursor, limits: PlainLimits): HeadFacts {
  let method = "";
  while (tchar.test(cursor.peek())) {
    method += cursor.next();
  }
  if (method === "" || cursor.peek() !== " ") {
    wrong(cursor, "ERR_TURNOUT_METHOD", "ERR_TURNOUT_METHOD");
  }
  cursor.next();

  let target = "";
  while (targetByte.test(cursor.peek())) {
    if (target.length === limits.maxTargetBytes) {
      throw new Fault("ERR_TURNOUT_TARGET_TOO_LONG");
    }
    target += cursor.next();
  }
  if (cursor.peek() !== " ") {
    wrong(cursor, "ERR_TURNOUT_TARGET", "ERR_TURNOUT_VERSION");
  }
  const targetForm = formOf(method, target);
  cursor.next();

  let version = "";
  for (const expected of [/H/, /T/, /T/, /P/, /\//, /[0-9]/, /\./, /[0-9]/]) {
    if (!expected.test(cursor.peek())) {
      wrong(cursor, "ERR_TURNOUT_VERSION", "ERR_TURNOUT_VERSION");
    }
    version += cursor.next();
  }
  if (version[5] !== "1") {
    throw new Fault("ERR_TURNOUT_VERSION_UNSUPPORTED");
  }
  if (cursor.peek() !== "\r") {
    wrong(cursor, "ERR_TURNOUT_VERSION", "ERR_TURNOUT_VERSION");
  }
  lineEnd(cursor);

  const fields: [string, string][] = [];
  while (cursor.peek() !== "\r") {
    fields.push(readField(cursor, fields.length, limits));
  }
  lineEnd(cursor);
  return meaningOf({ method, target, targetForm, minorVersion: Number(version[7]), fields });
}

function readField(cursor: Cursor, before: number, limits: PlainLimits): [string, string] {
  if (cursor.peek() === " " || cursor.peek() === "\t") {
    throw new Fault("ERR_TURNOUT_FIELD_FOLDED");
  }
  if (tchar.test(cursor.peek()) && before === limits.maxFields) {
    throw new Fault("ERR_TURNOUT_TOO_MANY_FIELDS");
  }
  let name = "";
  while (tchar.test(cursor.peek())) {
    name += cursor.next();
  }
  if (name === "" || cursor.peek() !== ":") {
    wrong(cursor, "ERR_TURNOUT_FIELD_NAME", "ERR_TURNOUT_FIELD_NAME");
  }
  cursor.next();
  let value = "";
  while (fieldByte.test(cursor.peek())) {
    value += cursor.next();
  }
  if (cursor.peek() !== "\r") {
    wrong(cursor, "ERR_TURNOUT_FIELD_VALUE", "ERR_TURNOUT_FIELD_VALUE");
  }
  lineEnd(cursor);
  return [name, trim(value)];
}

/** A byte that its part cannot have: a bare CR or LF, a line that ends too early, or just a wrong byte. */
function wrong(cursor: Cursor, code: PeerErrorCode, codeOfEarlyEnd: PeerErrorCode): never {
  if (cursor.peek() === "\n") {
    throw new Fault("ERR_TURNOUT_LINE_END");
  }
  if (cursor.peek() !== "\r") {
    throw new Fault(code);
  }
  lineEnd(cursor);
  throw new Fault(codeOfEarlyEnd);
}

function lineEnd(cursor: Cursor): void {
  cursor.next();
  if (cursor.peek() !== "\n") {
    throw new Fault("ERR_TURNOUT_LINE_END");
  }
  cursor.next();
}

function trim(text: string): string {
  return text.replace(/^[ \t]+/, "").replace(/(?<![ \t])[ \t]+$/, "");
}

// ---- RFC 3986 ----

const pathAbempty = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*$/;
const regName = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;
const h16 = /^[0-9A-Fa-f]{1,4}$/;
const decOctet = /^(?:[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])$/;

function formOf(method: string, target: string): HeadFacts["targetForm"] {
  const fault = new Fault("ERR_TURNOUT_TARGET");
  if (method === "CONNECT") {
    const { host, port } = splitAuthority(target);
    if (!isUriHost(host) || port === undefined || !isPort(port) || Number(port) === 0) {
      throw fault;
    }
    return "authority";
  }
  if (target === "*") {
    if (method !== "OPTIONS") {
      throw fault;
    }
    return "asterisk";
  }
  if (target.startsWith("/")) {
    if (!isPathAndQuery(target)) {
      throw fault;
    }
    return "origin";
  }
  const parts = /^[A-Za-z][A-Za-z0-9+\-.]*:\/\/([^/?]*)(.*)$/.exec(target);
  if (parts === null || !isHost(parts[1] as string) || !isPathAndQuery(parts[2] as string)) {
    throw fault;
  }
  return "absolute";
}

function isPathAndQuery(text: string): boolean {
  const [path] = text.split("?", 1);
  return pathAbempty.test(path as string); // the query may have every byte that a target may have
}

function isHost(text: string): boolean {
  const { host, port } = splitAuthority(text);
  return isUriHost(host) && (port === undefined || port === "" || isPort(port));
}

function splitAuthority(text: string): { host: string; port: string | undefined } {
  const bracket = text.indexOf("]");
  const colon = text.indexOf(":", text.startsWith("[") && bracket >= 0 ? bracket : 0);
  return colon < 0 ? { host: text, port: undefined } : { host: text.slice(0, colon), port: text.slice(colon + 1) };
}

function isPort(text: string): boolean {
  return /^[0-9]+$/.test(text) && BigInt(text) <= 65_535n;
}

function isUriHost(text: string): boolean {
  if (text.startsWith("[") && text.endsWith("]")) {
    return isIpv6(text.slice(1, -1));
  }
  return regName.test(text);
}

function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) {
    return false;
  }
  let groups = 0;
  for (const [index, half] of halves.entries()) {
    if (half === "" && halves.length === 2) {
      continue;
    }
    const pieces = half.split(":");
    for (const [place, piece] of pieces.entries()) {
      const isLast = index === halves.length - 1 && place === pieces.length - 1;
      if (h16.test(piece)) {
        groups += 1;
      } else if (isLast && isIpv4(piece)) {
        groups += 2;
      } else {
        return false;
      }
    }
  }
  return halves.length === 2 ? groups <= 7 : groups === 8;
}

function isIpv4(text: string): boolean {
  const octets = text.split(".");
  return octets.length === 4 && octets.every((octet) => decOctet.test(octet));
}

// ---- what a head means ----

type Head = Pick<HeadFacts, "method" | "target" | "targetForm" | "minorVersion" | "fields">;

function meaningOf(head: Head): HeadFacts {
  const since11 = head.minorVersion >= 1;
  const values = (name: string): string[] =>
    head.fields.filter(([fieldName]) => fieldName.toLowerCase() === name).map(([, value]) => value);

  const hosts = values("host");
  const carriesAuthority = head.targetForm === "absolute" || head.targetForm === "authority";
  if (hosts.length > 1 || (since11 && hosts.length === 0)) {
    throw new Fault("ERR_TURNOUT_HOST");
  }
  for (const host of hosts) {
    if (host === "" ? !carriesAuthority : !isHost(host)) {
      throw new Fault("ERR_TURNOUT_HOST");
    }
  }
  if (head.method === "CONNECT") {
    throw new Fault("ERR_TURNOUT_CONNECT");
  }

  const contentLength = lengthOf(head, values("content-length"), values("transfer-encoding"));
  const options = values("connection").flatMap((value) => value.split(",").map((option) => trim(option).toLowerCase()));
  const hasUpgradeField = values("upgrade").length > 0;
  const close = options.includes("close");
  const expectations = since11 ? values("expect") : [];
  if (expectations.length > 0 && expectations.join().toLowerCase() !== "100-continue") {
    throw new Fault("ERR_TURNOUT_EXPECTATION");
  }
  return {
    ...head,
    contentLength,
    close,
    keepAlive: !close && (since11 || options.includes("keep-alive")),
    hasUpgradeField,
    wantsUpgrade: since11 && hasUpgradeField && options.includes("upgrade"),
    expectContinue: expectations.length > 0,
  };
}

function lengthOf(head: Head, lengths: string[], codings: string[]): number {
  if (codings.length > 0) {
    if (head.minorVersion === 0) {
      throw new Fault("ERR_TURNOUT_TRANSFER_ENCODING");
    }
    if (lengths.length > 0) {
      throw new Fault("ERR_TURNOUT_FRAMING");
    }
    checkCodings(codings.join(","));
    return -1;
  }
  if (lengths.length > 0) {
    const [length] = lengths as [string];
    if (lengths.length > 1 || !/^[0-9]+$/.test(length)) {
      throw new Fault("ERR_TURNOUT_CONTENT_LENGTH");
    }
    if (BigInt(length) > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new Fault("ERR_TURNOUT_CONTENT_LENGTH");
    }
    return Number(length);
  }
  if (head.minorVersion === 0 && /^(?:POST|PUT)$/.test(head.method)) {
    throw new Fault("ERR_TURNOUT_LENGTH_REQUIRED");
  }
  return 0;
}

/** Good if it is "chunked"; not implemented if it ends in "chunked", once and bare; else malformed. */
function checkCodings(list: string): void {
  const members = splitList(list);
  const names = members.map(codingName);
  const chunked = names.filter((name) => name === "chunked").length;
  const malformed = names.includes(undefined) || chunked !== 1 || members.at(-1)?.toLowerCase() !== "chunked";
  if (malformed) {
    throw new Fault("ERR_TURNOUT_TRANSFER_ENCODING");
  }
  if (members.length > 1) {
    throw new Fault("ERR_TURNOUT_TRANSFER_CODING");
  }
}

/** The members of a list, in which a quoted string may have commas. */
function splitList(list: string): string[] {
  const members = [""];
  let quoted = false;
  for (let at = 0; at < list.length; at++) {
    const character = list[at] as string;
    if (character === "," && !quoted) {
      members.push("");
      continue;
    }
    if (character === '"') {
      quoted = !quoted;
    }
    members[members.length - 1] += character;
    if (quoted && character === "\\") {
      members[members.length - 1] += list[++at] ?? "";
    }
  }
  return members.map(trim);
}

/** The coding's name in lower case; undefined if the coding is malformed. */
function codingName(coding: string): string | undefined {
  const part = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
  const quoted = '"(?:\\\\[\\t\\x20-\\x7e\\x80-\\xff]|[^"\\\\])*"';
  const match = new RegExp(`^(${part})((?:[ \\t]*;[ \\t]*${part}[ \\t]*=[ \\t]*(?:${part}|${quoted}))*)$`).exec(coding);
  return match?.[1]?.toLowerCase();
}
