import { PeerError } from "../errors.ts";
import * as authority from "./authority.ts";
import * as classes from "./bytes.ts";
import * as scan from "./head-scratch.ts";

/*
 * What the head that was scanned last means: the rules that need all of it. They are applied in the order of this file, after
 * every byte has been found good: Host, CONNECT, framing, Connection, Expect.
 */

const { isHostAndPort } = authority;
const { COMMA, HTAB, SP, ZERO } = classes;
const isRegName = classes.regNameBytes;
const toLower = classes.lowerBytes;
const { firstLine, marks, marksPerLine, scanned, scratch: bytes } = scan;
const { CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING, UPGRADE } = scan;

const close = wordOf("close");
const upgrade = wordOf("upgrade");
const keepAlive = wordOf("keep-alive");
const connection = wordOf("connection");
const chunked = wordOf("chunked");
const continue100 = wordOf("100-continue");
const transferEncoding = wordOf("transfer-encoding");

/** What {@link judgeOptions} finds. */
export const CLOSE = 1;
export const KEEP_ALIVE = 2;
export const UPGRADE_OPTION = 4;
export const UPGRADE_FIELD = 8;
export const EXPECT_CONTINUE = 16;

/** The length of a content that is chunked. */
const CHUNKED = -1;

/** Throws a {@link PeerError} if the scanned head breaks a rule; else returns the content's length, -1 if it is chunked. */
export function judgeFraming(): number {
  checkHost();
  // RFC 9110 section 9.3.6: a server that is no proxy has no use for CONNECT.
  if (scanned.method === "CONNECT") {
    throw new PeerError("ERR_TURNOUT_CONNECT");
  }
  return (scanned.present & (TRANSFER_ENCODING | CONTENT_LENGTH)) === 0 && scanned.minorVersion > 0
    ? 0
    : contentLength();
}

/**
 * RFC 9112 section 3.2: exactly one Host field since HTTP/1.1, at most one before.
 *
 * An empty value is right only where the target names the authority itself, so that nobody has to guess which one is meant.
 */
function checkHost(): void {
  if ((scanned.present & HOST) === 0) {
    if (scanned.minorVersion > 0) {
      throw new PeerError("ERR_TURNOUT_HOST");
    }
    return;
  }
  const line = firstLine[HOST]!;
  const start = marks[line + 2]!;
  const end = marks[line + 3]!;
  let at = start;
  while (isRegName[bytes[at]!] === 1) {
    at++;
  }
  const good =
    start === end
      ? scanned.targetForm === "absolute" || scanned.targetForm === "authority"
      : at === end || isHostAndPort(bytes, start, end);
  if (!good || (scanned.repeated & HOST) !== 0) {
    throw new PeerError("ERR_TURNOUT_HOST");
  }
}

/** RFC 9112 section 6.3, for requests. */
function contentLength(): number {
  if ((scanned.present & TRANSFER_ENCODING) !== 0) {
    // Section 6.1: a client of HTTP/1.0 does not know the field, so whoever relayed it may have framed the message otherwise.
    if (scanned.minorVersion === 0) {
      throw new PeerError("ERR_TURNOUT_TRANSFER_ENCODING");
    }
    // Section 6.3, item 3: the sign of an attempt to smuggle a request.
    if ((scanned.present & CONTENT_LENGTH) !== 0) {
      throw new PeerError("ERR_TURNOUT_FRAMING");
    }
    checkTransferCodings();
    return CHUNKED;
  }
  if ((scanned.present & CONTENT_LENGTH) !== 0) {
    return statedLength();
  }
  // RFC 1945 section 7.2.2: a request with content has to state its length, and these two have one.
  if (scanned.method === "POST" || scanned.method === "PUT") {
    throw new PeerError("ERR_TURNOUT_LENGTH_REQUIRED");
  }
  return 0;
}

/**
 * RFC 9110 section 8.6: Content-Length = 1*DIGIT.
 *
 * Section 8.6 lets a recipient take a list of equal numbers for the number; refusing it is the other choice, and the safe one.
 */
function statedLength(): number {
  const line = firstLine[CONTENT_LENGTH]!;
  const end = marks[line + 3]!;
  let length = (scanned.repeated & CONTENT_LENGTH) === 0 && marks[line + 2]! < end ? 0 : Number.NaN;
  for (let at = marks[line + 2]!; at < end; at++) {
    const digit = bytes[at]! - ZERO;
    length = digit >= 0 && digit <= 9 ? length * 10 + digit : Number.NaN;
    if (!(length <= Number.MAX_SAFE_INTEGER)) {
      break;
    }
  }
  if (!(length <= Number.MAX_SAFE_INTEGER)) {
    throw new PeerError("ERR_TURNOUT_CONTENT_LENGTH");
  }
  return length;
}

/**
 * RFC 9112 section 6.1: Transfer-Encoding = #transfer-coding, of which this server implements chunked (section 7.1) and no
 * other. Chunked has to be the last one, once, and has no parameters; where it is, other codings may go before it in a
 * well-formed request, and are then not implemented.
 */
function checkTransferCodings(): void {
  const line = firstLine[TRANSFER_ENCODING]!;
  const single = (scanned.repeated & TRANSFER_ENCODING) === 0;
  if (single && isWord(marks[line + 2]!, marks[line + 3]!, chunked)) {
    return;
  }
  const codings = valuesOf(transferEncoding).join(",");
  if (!transferCodings.test(codings)) {
    throw new PeerError("ERR_TURNOUT_TRANSFER_ENCODING");
  }
  throw new PeerError("ERR_TURNOUT_TRANSFER_CODING");
}

/** RFC 9112 section 7: transfer-coding = token *( OWS ";" OWS token BWS "=" BWS ( token / quoted-string ) ). */
const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const quotedString = '"(?:[\\t !#-[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*"';
const transferCoding = `(?!chunked[\\t ]*[,;])${token}(?:[\\t ]*;[\\t ]*${token}[\\t ]*=[\\t ]*(?:${token}|${quotedString}))*`;
/** One or more codings other than chunked, and chunked. */
const transferCodings = new RegExp(`^(?:${transferCoding}[\\t ]*,[\\t ]*)+chunked$`, "i");

/** What Connection, Upgrade and Expect say, one bit each. Throws a {@link PeerError}. */
export function judgeOptions(): number {
  return scanned.present === HOST ? 0 : connectionOptions() | expectation();
}

/** RFC 9110 section 7.6.1: Connection = #connection-option, over all its lines; and whether there is an Upgrade field. */
function connectionOptions(): number {
  let options = (scanned.present & UPGRADE) === 0 ? 0 : UPGRADE_FIELD;
  if ((scanned.present & CONNECTION) === 0) {
    return options;
  }
  const line = firstLine[CONNECTION]!;
  options |= optionsIn(marks[line + 2]!, marks[line + 3]!);
  if ((scanned.repeated & CONNECTION) === 0) {
    return options;
  }
  for (let next = line + marksPerLine; next < scanned.marksEnd; next += marksPerLine) {
    if (isWord(marks[next]!, marks[next + 1]!, connection)) {
      options |= optionsIn(marks[next + 2]!, marks[next + 3]!);
    }
  }
  return options;
}

/** RFC 9110 section 5.6.1: members of a list stand between commas, with white space around; empty ones do not count. */
function optionsIn(start: number, end: number): number {
  let options = optionOf(start, end);
  if (options !== 0) {
    return options;
  }
  let at = start;
  while (at < end) {
    while (at < end && (bytes[at] === SP || bytes[at] === HTAB || bytes[at] === COMMA)) {
      at++;
    }
    const member = at;
    while (at < end && bytes[at] !== COMMA) {
      at++;
    }
    let memberEnd = at;
    while (memberEnd > member && (bytes[memberEnd - 1] === SP || bytes[memberEnd - 1] === HTAB)) {
      memberEnd--;
    }
    options |= optionOf(member, memberEnd);
  }
  return options;
}

/** The options that decide something have different lengths. */
function optionOf(start: number, end: number): number {
  switch (end - start) {
    case 5:
      return isWord(start, end, close) ? CLOSE : 0;
    case 7:
      return isWord(start, end, upgrade) ? UPGRADE_OPTION : 0;
    case 10:
      return isWord(start, end, keepAlive) ? KEEP_ALIVE : 0;
    default:
      return 0;
  }
}

/**
 * RFC 9110 section 10.1.1: Expect = #expectation, and 100-continue is the only one there is. In HTTP/1.0 the field has no
 * meaning. Returns EXPECT_CONTINUE or 0; throws a {@link PeerError}.
 */
function expectation(): number {
  if ((scanned.present & EXPECT) === 0 || scanned.minorVersion === 0) {
    return 0;
  }
  const line = firstLine[EXPECT]!;
  if ((scanned.repeated & EXPECT) !== 0 || !isWord(marks[line + 2]!, marks[line + 3]!, continue100)) {
    throw new PeerError("ERR_TURNOUT_EXPECTATION");
  }
  return EXPECT_CONTINUE;
}

/** True if the bytes are `word`, which is in lower case, in any case. */
function isWord(start: number, end: number, word: Uint8Array): boolean {
  if (end - start !== word.length) {
    return false;
  }
  for (let at = 0; at < word.length; at++) {
    if (toLower[bytes[start + at]!] !== word[at]) {
      return false;
    }
  }
  return true;
}

/** The values of all lines of a field that is there, as strings. */
function valuesOf(name: Uint8Array): string[] {
  const values: string[] = [];
  for (let line = 0; line < scanned.marksEnd; line += marksPerLine) {
    if (!isWord(marks[line]!, marks[line + 1]!, name)) {
      continue;
    }
    values.push(String.fromCharCode(...bytes.subarray(marks[line + 2]!, marks[line + 3]!)));
  }
  return values;
}

function wordOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}
