import * as bytes from "./bytes.ts";
import * as state from "./head-scratch.ts";
import { knownMethodOf } from "./methods.ts";
import { targetFormOf } from "./request-target.ts";

/*
 * The fast path: scans a head that is whole, four bytes at a time where it can, without allocating anything. It accepts what
 * HeadVerdict accepts and nothing else, but of a head that it does not accept it says only so: "not whole" or "not good".
 */

// A variable that is exported, or imported, is no constant to V8, be it a number, a table or a function: this file has its
// own (bench/parser: it is worth a third of the time).
const head = state.scratch;
const words = new DataView(head.buffer);
const offsets = state.marks;
const firsts = state.firstLine;
const found = state.scanned;
const { COLON, CR, HTAB, PERCENT, QUESTION, SLASH, SP, isPercentEncoded } = bytes;
const isToken = bytes.tokenBytes;
const isPath = bytes.pathBytes;
const isQuery = bytes.queryBytes;
const lineMarks = state.marksPerLine;
const { HOST, CONNECTION, UPGRADE, EXPECT, CONTENT_LENGTH, TRANSFER_ENCODING } = state;
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

/** Copies bytes here for a scan, and puts zeros behind them: no scan goes beyond a zero. */
export function load(bytes: Buffer, start: number, end: number): void {
  if (start === 0 && end === bytes.length) {
    head.set(bytes);
  } else {
    bytes.copy(head, 0, start, end);
  }
  words.setInt32(end - start, 0);
}

/**
 * Scans the head that begins at `start`. Returns the offset behind it, or -1 if it is not whole or not good: which of the two,
 * HeadVerdict finds out.
 */
export function scanHead(start: number, maxTargetBytes: number, maxFields: number): number {
  found.serial++;
  found.goodEnd = start;
  found.goodLines = 0;
  let at = start;

  // RFC 9112 section 3: request-line = method SP request-target SP HTTP-version
  if (words.getInt32(at, true) === METHOD_GET) {
    found.method = "GET";
    at += 3;
  } else {
    while (isToken[head[at]!] === 1) {
      at++;
    }
    if (at === start || head[at] !== SP) {
      return -1;
    }
    found.method = knownMethodOf(head, start, at);
  }
  found.methodEnd = at;
  at++;
  found.targetStart = at;
  at = scanTarget(at);
  if (at < 0 || at - found.targetStart > maxTargetBytes) {
    return -1;
  }
  found.targetEnd = at;
  at++;
  const minorVersion = head[at + 7]! - 0x30;
  if (
    words.getInt32(at, true) !== HTTP ||
    (words.getInt32(at + 4, true) & 0xffffff) !== SLASH_ONE_DOT ||
    minorVersion < 0 ||
    minorVersion > 9 ||
    words.getInt16(at + 8, true) !== CRLF
  ) {
    return -1;
  }
  found.minorVersion = minorVersion;
  at += 10;
  found.fieldsStart = at;
  return scanFields(at, maxFields);
}

/** Returns the offset of the SP behind the target, or -1. */
function scanTarget(start: number): number {
  let at = start;
  if (head[at] === SLASH && found.method !== "CONNECT") {
    for (;;) {
      if (isPath[head[at]!] === 1) {
        at++;
      } else if (head[at] === PERCENT && isPercentEncoded(head, at, head.length)) {
        at += 3;
      } else {
        break;
      }
    }
    if (head[at] === QUESTION) {
      while (isQuery[head[at]!] === 1) {
        at++;
      }
    }
    found.targetForm = "origin";
    return head[at] === SP ? at : -1;
  }
  while (isQuery[head[at]!] === 1) {
    at++;
  }
  if (head[at] !== SP) {
    return -1;
  }
  const form = targetFormOf(head, start, at, found.method);
  if (form === undefined) {
    return -1;
  }
  found.targetForm = form;
  return at;
}

/** RFC 9112 section 5: *( field-line CRLF ) CRLF. Returns the offset behind it, or -1. */
function scanFields(start: number, maxFields: number): number {
  const marksLimit = maxFields * lineMarks;
  let at = start;
  let mark = 0;
  let present = 0;
  let repeated = 0;
  while (head[at] !== CR) {
    const nameStart = at;
    for (;;) {
      const odd = notLetters(words.getInt32(at, true));
      if (odd === 0) {
        at += 4;
        continue;
      }
      at += (31 - Math.clz32(odd & -odd)) >> 3;
      if (head[at] === COLON) {
        break;
      }
      if (isToken[head[at]!] !== 1) {
        return fail(nameStart, mark);
      }
      at++;
    }
    const nameLength = at - nameStart;
    if (nameLength === 0 || mark >= marksLimit) {
      return fail(nameStart, mark);
    }
    const word = words.getInt32(nameStart, true) | LETTER_CASE;
    if (wordByLength[nameLength & 31] === word && isDeciding(nameStart, nameLength)) {
      const bit = bitByLength[nameLength]!;
      if ((present & bit) === 0) {
        firsts[bit] = mark;
      }
      repeated |= present & bit;
      present |= bit;
    }
    offsets[mark] = nameStart;
    offsets[mark + 1] = at;
    at++;
    if (head[at] === SP) {
      at++;
    }
    while (head[at] === SP || head[at] === HTAB) {
      at++;
    }
    const valueStart = at;
    offsets[mark + 2] = at;
    for (;;) {
      const odd = notVisible(words.getInt32(at, true));
      if (odd === 0) {
        const next = notVisible(words.getInt32(at + 4, true));
        if (next === 0) {
          at += 8;
          while (notVisible16(at) === 0) {
            at += 16;
          }
          continue;
        }
        at += 4 + ((31 - Math.clz32(next & -next)) >> 3);
      } else {
        at += (31 - Math.clz32(odd & -odd)) >> 3;
      }
      const byte = head[at]!;
      if (byte < 0x80 && byte !== HTAB) {
        break;
      }
      at++;
    }
    if (words.getInt16(at, true) !== CRLF) {
      return fail(nameStart, mark);
    }
    let end = at;
    while (end > valueStart && head[end - 1]! <= SP) {
      end--;
    }
    offsets[mark + 3] = end;
    mark += lineMarks;
    at += 2;
  }
  if (words.getInt16(at, true) !== CRLF) {
    return fail(at, mark);
  }
  found.present = present;
  found.repeated = repeated;
  found.marksEnd = mark;
  return at + 2;
}

function fail(lineStart: number, mark: number): number {
  found.goodEnd = lineStart;
  found.goodLines = mark / lineMarks;
  return -1;
}

/** Bit 7 of each of the four bytes that is neither a letter nor "-". Those that are make up most of most names. */
function notLetters(word: number): number {
  const letters = (word | LETTER_CASE) & 0x7f7f7f7f;
  const notDash = ((word ^ 0x2d2d2d2d) & 0x7f7f7f7f) + 0x7f7f7f7f;
  return (((~(letters + 0x1f1f1f1f) | (letters + 0x05050505)) & notDash) | word) & 0x80808080;
}

/**
 * Bit 7 of each of the four bytes that is below SP, or DEL, or above. Of the bits set only the lowest is to be trusted: a
 * borrow goes on to the bytes above the first that is below SP.
 */
function notVisible(word: number): number {
  return ((word - 0x20202020) | (word + 0x01010101) | word) & 0x80808080;
}

/** Not 0 if any of the 16 bytes at `at` is such a one. */
function notVisible16(at: number): number {
  const a = words.getInt32(at, true);
  const b = words.getInt32(at + 4, true);
  const c = words.getInt32(at + 8, true);
  const d = words.getInt32(at + 12, true);
  const low = (a - 0x20202020) | (b - 0x20202020) | (c - 0x20202020) | (d - 0x20202020);
  const high = (a + 0x01010101) | (b + 0x01010101) | (c + 0x01010101) | (d + 0x01010101);
  return (low | high | a | b | c | d) & 0x80808080;
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
  for (let at = 3; at >= 0; at--) {
    word = (word << 8) | text.charCodeAt(at);
  }
  return word;
}
