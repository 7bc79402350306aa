import {
  COLON,
  CR,
  HTAB,
  isPercentEncoded,
  PERCENT,
  pathBytes,
  QUESTION,
  queryBytes,
  SLASH,
  SP,
  tokenBytes,
} from "./bytes.ts";
import { knownMethodOf } from "./methods.ts";
import { type TargetForm, targetFormOf } from "./request-target.ts";

/*
 * The fast path: scans a head that is whole, four bytes at a time where it can, without allocating anything. It accepts what
 * HeadVerdict accepts and nothing else, but of a head that it does not accept it says only so: "not whole" or "not good".
 *
 * All of it works on one scratch that every parser of the process shares, because V8 folds the address and the length of a
 * buffer that is a constant into the code. What a scan found stays here until the next scan.
 */

/** The largest head that a parser can be told to read. */
export const headBytesCeiling = 65_536;

/** Room behind a head, kept zero, so that reading by words never meets bytes of an earlier head. */
const padding = 32;

/** The bytes under scan. */
export const scratch: Uint8Array = new Uint8Array(headBytesCeiling + padding);
const words = new DataView(scratch.buffer);

/** Four offsets a field line: where its name and its value begin and end. The shortest line has four bytes. */
export const marks: Int32Array = new Int32Array(headBytesCeiling);
export const marksPerLine = 4;

/** The fields that decide how a message is read, one bit each. */
export const HOST = 1;
export const CONNECTION = 2;
export const UPGRADE = 4;
export const EXPECT = 8;
export const CONTENT_LENGTH = 16;
export const TRANSFER_ENCODING = 32;

/** By bit: where in `marks` the first line of that field stands. Valid only if `scanned.present` has the bit. */
export const firstLine: Int32Array = new Int32Array(TRANSFER_ENCODING + 1);

/** What the last scan found. */
export const scanned = {
  /** The method if it is a common one, or "". */
  method: "",
  methodEnd: 0,
  targetStart: 0,
  targetEnd: 0,
  targetForm: "origin" as TargetForm,
  /** HTTP/1.x */
  minorVersion: 1,
  fieldsStart: 0,
  /** The length of what `marks` holds. */
  marksEnd: 0,
  /** Which of the deciding fields are there, and which of them more than once. */
  present: 0,
  repeated: 0,
  /** Of a head that was not accepted: the last line start that is good, and how many fields stand before it. */
  goodEnd: 0,
  goodLines: 0,
};

const isToken = tokenBytes;
const isPath = pathBytes;
const isQuery = queryBytes;
const LETTER_CASE = 0x20202020;

/** By length of a name: the first four letters of the deciding field that has it, and its bit. All lengths differ. */
const wordByLength = new Int32Array(32);
const bitByLength = new Uint8Array(32);
for (const [name, bit] of [
  ["host", HOST],
  ["connection", CONNECTION],
  ["upgrade", UPGRADE],
  ["expect", EXPECT],
  ["content-length", CONTENT_LENGTH],
  ["transfer-encoding", TRANSFER_ENCODING],
] as const) {
  wordByLength[name.length] = wordOf(name);
  bitByLength[name.length] = bit;
}

const METHOD_GET = wordOf("GET ");
const HTTP = wordOf("HTTP");
const SLASH_ONE_DOT = wordOf("/1.\0");
const CRLF = 0x0a0d;

/** Copies bytes here for a scan. */
export function load(bytes: Buffer, start: number, end: number): void {
  if (start === 0 && end === bytes.length) scratch.set(bytes);
  else bytes.copy(scratch, 0, start, end);
  const length = end - start;
  for (let at = length; at < length + padding; at += 4) words.setInt32(at, 0);
}

/**
 * Scans the head that begins at `start`. Returns the offset behind it, or -1 if it is not whole or not good: which of the two,
 * HeadVerdict finds out.
 */
export function scanHead(start: number, maxTargetBytes: number, maxFields: number): number {
  scanned.goodEnd = start;
  scanned.goodLines = 0;
  let at = start;

  // RFC 9112 section 3: request-line = method SP request-target SP HTTP-version
  if (words.getInt32(at, true) === METHOD_GET) {
    scanned.method = "GET";
    at += 3;
  } else {
    while (isToken[scratch[at]!] === 1) at++;
    if (at === start || scratch[at] !== SP) return -1;
    scanned.method = knownMethodOf(scratch, start, at);
  }
  scanned.methodEnd = at;
  at++;
  scanned.targetStart = at;
  at = scanTarget(at);
  if (at < 0 || at - scanned.targetStart > maxTargetBytes) return -1;
  scanned.targetEnd = at;
  at++;
  const minorVersion = scratch[at + 7]! - 0x30;
  if (
    words.getInt32(at, true) !== HTTP ||
    (words.getInt32(at + 4, true) & 0xffffff) !== SLASH_ONE_DOT ||
    minorVersion < 0 ||
    minorVersion > 9 ||
    words.getInt16(at + 8, true) !== CRLF
  ) {
    return -1;
  }
  scanned.minorVersion = minorVersion;
  at += 10;
  scanned.fieldsStart = at;
  return scanFields(at, maxFields);
}

/** Returns the offset of the SP behind the target, or -1. */
function scanTarget(start: number): number {
  let at = start;
  if (scratch[at] === SLASH && scanned.method !== "CONNECT") {
    for (;;) {
      if (isPath[scratch[at]!] === 1) at++;
      else if (scratch[at] === PERCENT && isPercentEncoded(scratch, at, scratch.length)) at += 3;
      else break;
    }
    if (scratch[at] === QUESTION) while (isQuery[scratch[at]!] === 1) at++;
    scanned.targetForm = "origin";
    return scratch[at] === SP ? at : -1;
  }
  while (isQuery[scratch[at]!] === 1) at++;
  if (scratch[at] !== SP) return -1;
  const form = targetFormOf(scratch, start, at, scanned.method);
  if (form === undefined) return -1;
  scanned.targetForm = form;
  return at;
}

/** RFC 9112 section 5: *( field-line CRLF ) CRLF. Returns the offset behind it, or -1. */
function scanFields(start: number, maxFields: number): number {
  const marksLimit = maxFields * marksPerLine;
  let at = start;
  let mark = 0;
  let present = 0;
  let repeated = 0;
  while (scratch[at] !== CR) {
    const nameStart = at;
    while (isToken[scratch[at]!] === 1) at++;
    const nameLength = at - nameStart;
    if (scratch[at] !== COLON || nameLength === 0 || mark >= marksLimit) return fail(nameStart, mark);
    const word = words.getInt32(nameStart, true) | LETTER_CASE;
    if (wordByLength[nameLength & 31] === word && isDeciding(nameStart, nameLength)) {
      const bit = bitByLength[nameLength]!;
      if ((present & bit) === 0) firstLine[bit] = mark;
      repeated |= present & bit;
      present |= bit;
    }
    marks[mark] = nameStart;
    marks[mark + 1] = at;
    at++;
    while (scratch[at] === SP || scratch[at] === HTAB) at++;
    marks[mark + 2] = at;
    const valueStart = at;
    at = valueEnd(at);
    if (words.getInt16(at, true) !== CRLF) return fail(nameStart, mark);
    let end = at;
    while (end > valueStart && (scratch[end - 1] === SP || scratch[end - 1] === HTAB)) end--;
    marks[mark + 3] = end;
    mark += marksPerLine;
    at += 2;
  }
  if (words.getInt16(at, true) !== CRLF) return fail(at, mark);
  scanned.present = present;
  scanned.repeated = repeated;
  scanned.marksEnd = mark;
  return at + 2;
}

function fail(lineStart: number, mark: number): number {
  scanned.goodEnd = lineStart;
  scanned.goodLines = mark / marksPerLine;
  return -1;
}

/** The offset of the first byte that a value cannot have (RFC 9110 section 5.5). */
function valueEnd(start: number): number {
  let at = start;
  for (;;) {
    const word = words.getInt32(at, true);
    // Bit 7 of each byte below SP, of DEL and of each above; a borrow can spoil only what is above the first of them.
    const odd = ((word - 0x20202020) | (word + 0x01010101) | word) & 0x80808080;
    if (odd === 0) {
      at += 4;
      continue;
    }
    at += (31 - Math.clz32(odd & -odd)) >> 3;
    const byte = scratch[at]!;
    if (byte < 0x80 && byte !== HTAB) return at;
    at++;
  }
}

/** The first four letters are those of the deciding field of this length: are the others, too? */
function isDeciding(start: number, length: number): boolean {
  switch (length) {
    case 4:
      return true;
    case 6:
      return (words.getInt16(start + 4, true) | 0x2020) === (EXPECT_END & 0xffff);
    case 7:
      return (words.getInt32(start + 3, true) | LETTER_CASE) === UPGRADE_END;
    case 10:
      return (
        (words.getInt32(start + 4, true) | LETTER_CASE) === CONNECTION_MIDDLE &&
        (words.getInt32(start + 6, true) | LETTER_CASE) === CONNECTION_END
      );
    case 14:
      return (
        (words.getInt32(start + 4, true) | LETTER_CASE) === CONTENT_LENGTH_SECOND &&
        (words.getInt32(start + 8, true) | LETTER_CASE) === CONTENT_LENGTH_THIRD &&
        (words.getInt32(start + 10, true) | LETTER_CASE) === CONTENT_LENGTH_END
      );
    case 17:
      return (
        (words.getInt32(start + 4, true) | LETTER_CASE) === TRANSFER_ENCODING_SECOND &&
        (words.getInt32(start + 8, true) | LETTER_CASE) === TRANSFER_ENCODING_THIRD &&
        (words.getInt32(start + 12, true) | LETTER_CASE) === TRANSFER_ENCODING_FOURTH &&
        (words.getInt32(start + 13, true) | LETTER_CASE) === TRANSFER_ENCODING_END
      );
    default:
      return false;
  }
}

const EXPECT_END = wordOf("ct\0\0");
const UPGRADE_END = wordOf("rade");
const CONNECTION_MIDDLE = wordOf("ecti");
const CONNECTION_END = wordOf("tion");
const CONTENT_LENGTH_SECOND = wordOf("ent-");
const CONTENT_LENGTH_THIRD = wordOf("leng");
const CONTENT_LENGTH_END = wordOf("ngth");
const TRANSFER_ENCODING_SECOND = wordOf("sfer");
const TRANSFER_ENCODING_THIRD = wordOf("-enc");
const TRANSFER_ENCODING_FOURTH = wordOf("odin");
const TRANSFER_ENCODING_END = wordOf("ding");

/** The first four characters as the word that a little-endian read of them gives. */
function wordOf(text: string): number {
  let word = 0;
  for (let at = 3; at >= 0; at--) word = (word << 8) | text.charCodeAt(at);
  return word;
}
