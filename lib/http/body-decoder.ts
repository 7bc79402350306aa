/**
 * The content of a request: RFC 9112 section 6.2 (Content-Length) and section 7.1 (chunked), without I/O.
 *
 * Stricter than the RFC in one respect: the "bad whitespace" of section 7.1.1 is refused. Recipients differ in what they
 * skip there, and section 11.2 is about what such differences let through.
 *
 * Nothing is held back but the trailer field that is being read. Every fault is found at the byte that commits it, so
 * the same error results however the input is cut.
 */

import { PeerError, type PeerErrorCode } from "../errors.ts";
import { canTrail } from "./trailers.ts";

/** Takes content as it arrives. */
export interface ContentSink {
  /** Called within {@link BodyDecoder.read}; `bytes` is a part of what was read, not a copy, and never empty. */
  content(bytes: Buffer): void;
}

export interface BodyLimits {
  /** Content in all, without its framing. May be Infinity. */
  readonly maxBodyBytes: number;
  /** A chunk's size and extensions, without CRLF. */
  readonly maxChunkLineBytes: number;
  /** The trailer fields with their CRLFs, without the empty line behind them. */
  readonly maxTrailerBytes: number;
  /** Trailer fields, those that are dropped included. */
  readonly maxTrailers: number;
}

/** Nobody reads extensions; 1-byte chunks with long ones would cost the sender little and the receiver much. */
const maxExtensionBytes = 16_384;

/** Of 13 digits, what a further one would make larger than 52 bits. */
const maxSizeBeforeDigit = 2 ** 48;

/**
 * 0 control; 1 HEXDIG; 2 any other tchar (RFC 9110 section 5.6.2); 3 HTAB, SP, obs-text and any other VCHAR; 4 `"`;
 * 5 `\`; 6 `;`; 7 `=`; 8 `:`; 9 CR; 10 LF
 */
// biome-ignore format: 16 a row
const classOf = new Uint8Array([
  0, 0, 0, 0, 0, 0, 0, 0,  0, 3,10, 0, 0, 9, 0, 0, // 00  HTAB LF CR
  0, 0, 0, 0, 0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 0, 0, // 10
  3, 2, 4, 2, 2, 2, 2, 2,  3, 3, 2, 2, 3, 2, 2, 3, // 20  SP ! " # $ % & '  ( ) * + , - . /
  1, 1, 1, 1, 1, 1, 1, 1,  1, 1, 8, 6, 3, 7, 3, 3, // 30  0-7               8 9 : ; < = > ?
  3, 1, 1, 1, 1, 1, 1, 2,  2, 2, 2, 2, 2, 2, 2, 2, // 40  @ A-G             H-O
  2, 2, 2, 2, 2, 2, 2, 2,  2, 2, 2, 3, 5, 3, 2, 2, // 50  P-W               X Y Z [ \ ] ^ _
  2, 1, 1, 1, 1, 1, 1, 2,  2, 2, 2, 2, 2, 2, 2, 2, // 60  ` a-g             h-o
  2, 2, 2, 2, 2, 2, 2, 2,  2, 2, 2, 3, 2, 3, 2, 0, // 70  p-w               x y z { | } ~ DEL
  ...new Uint8Array(128).fill(3),                  // 80-FF  obs-text
]);
// biome-ignore format: in the order of the numbers above
const classNames =
  ["ctl", "hex", "tchar", "text", "quote", "backslash", "semicolon", "equals", "colon", "cr", "lf"] as const;
type ByteClass = (typeof classNames)[number];

const token = <To extends string>(to: To) => ({ hex: to, tchar: to });
/** HTAB, SP, VCHAR and obs-text: a field value's bytes, and what a quoted-pair may quote. */
const anyText = <To extends string>(to: To) => ({
  ...token(to),
  ...{ text: to, quote: to, backslash: to, semicolon: to, equals: to, colon: to },
});

/**
 * RFC 9112 section 7.1 as a table: which state a byte of which class leads to; what is not in it is malformed.
 *
 *     chunked-body   = *chunk last-chunk trailer-section CRLF
 *     chunk          = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
 *     chunk-size     = 1*HEXDIG
 *     last-chunk     = 1*("0") [ chunk-ext ] CRLF
 *     chunk-ext      = *( ";" token [ "=" ( token / quoted-string ) ] )
 *     trailer-section = *( token ":" OWS field-value OWS CRLF )
 *
 * The order counts: the states of a size line first, those of the trailer section last.
 */
const grammar = {
  sizeStart: { hex: "size" },
  size: { hex: "size", semicolon: "extensionStart", cr: "sizeEnd" },
  extensionStart: token("extensionName"),
  extensionName: { ...token("extensionName"), equals: "valueStart", semicolon: "extensionStart", cr: "sizeEnd" },
  valueStart: { ...token("value"), quote: "quoted" },
  value: { ...token("value"), semicolon: "extensionStart", cr: "sizeEnd" },
  quoted: { ...anyText("quoted"), backslash: "quotedPair", quote: "quotedEnd" },
  quotedPair: anyText("quoted"),
  quotedEnd: { semicolon: "extensionStart", cr: "sizeEnd" },
  sizeEnd: { lf: "data" }, // or, behind a last-chunk, trailerStart
  data: {}, // taken by length
  dataEnd: { cr: "dataEndCr" },
  dataEndCr: { lf: "sizeStart" },
  trailerStart: { ...token("fieldName"), cr: "trailerEnd" },
  fieldName: { ...token("fieldName"), colon: "fieldValue" },
  fieldValue: { ...anyText("fieldValue"), cr: "fieldEnd" },
  fieldEnd: { lf: "trailerStart" },
  trailerEnd: { lf: "done" },
  done: {},
} as const satisfies Record<string, Partial<Record<ByteClass, string>>>;

type State = keyof typeof grammar;
const states = Object.keys(grammar) as State[];
const numberOf = Object.fromEntries(states.map((name, index) => [name, index])) as Record<State, number>;
const { sizeStart, size, sizeEnd, data, dataEnd, trailerStart, trailerEnd, done } = numberOf;

const malformed = 255;
const rowLength = 16;
const transitions = new Uint8Array(states.length * rowLength).fill(malformed);
for (const [state, row] of Object.entries(grammar) as [State, Partial<Record<ByteClass, State>>][]) {
  for (const [byteClass, next] of Object.entries(row) as [ByteClass, State][]) {
    transitions[numberOf[state] * rowLength + classNames.indexOf(byteClass)] = numberOf[next];
  }
}

/** Decodes the content of one request. */
export class BodyDecoder {
  /**
   * The limit on chunked content. It may be changed at any time, and is judged when a chunk's size is known, before its
   * data. A Content-Length is the caller's to judge: {@link BodyDecoder.fits}.
   */
  maxBodyBytes: number;
  readonly #limits: BodyLimits;
  readonly #sink: ContentSink;
  readonly #chunked: boolean;
  #state: number;
  /** Of the content, or of the current chunk. */
  #left: number;
  #received = 0;
  #lineBytes = 0;
  #extensionBytes = 0;
  #trailerBytes = 0;
  #trailerCount = 0;
  #field: number[] = [];
  #trailers: (readonly [name: string, value: string])[] = [];
  #fault: PeerError | undefined;

  /** `contentLength`: a number of bytes, or -1 for chunked. */
  constructor(contentLength: number, limits: BodyLimits, sink: ContentSink) {
    this.maxBodyBytes = limits.maxBodyBytes;
    this.#limits = limits;
    this.#sink = sink;
    this.#chunked = contentLength === -1;
    this.#left = this.#chunked ? 0 : contentLength;
    this.#state = this.#chunked ? sizeStart : contentLength === 0 ? done : data;
  }

  /**
   * Whether content of this length may be read at all: to be asked as soon as the head is known, so that it can be
   * refused with 413 before anything is read. True for -1 (chunked), which is judged while it is read.
   */
  static fits(contentLength: number, maxBodyBytes: number): boolean {
    return contentLength <= maxBodyBytes;
  }

  /** Whether the content has ended, its trailer section included. */
  get done(): boolean {
    return this.#state === done;
  }

  /** Content so far, in bytes. */
  get received(): number {
    return this.#received;
  }

  /** Content still to come, in bytes; Infinity as long as chunked content has not come to its last chunk. */
  get remaining(): number {
    return this.#chunked && this.#state < trailerStart ? Number.POSITIVE_INFINITY : this.#left;
  }

  /** Names as sent, values without surrounding OWS, both latin1; empty until the content has ended. */
  get trailers(): readonly (readonly [name: string, value: string])[] {
    return this.done ? this.#trailers : [];
  }

  /**
   * Takes `chunk` from `from` on. Returns the offset just behind the body when that has ended there, or -1 when all was
   * taken and more is needed. Once done it takes nothing and returns `from`.
   *
   * @throws {PeerError} and the same again at every further call
   */
  read(chunk: Buffer, from: number): number {
    if (this.#fault !== undefined) {
      throw this.#fault;
    }
    let at = from;
    while (this.#state !== done) {
      if (at >= chunk.length) {
        return -1;
      }
      if (this.#state === data) {
        at = this.#readData(chunk, at);
      } else if (this.#state < trailerStart) {
        this.#readFraming(chunk[at++]!);
      } else {
        this.#readTrailer(chunk[at++]!);
      }
    }
    return at;
  }

  #readData(chunk: Buffer, from: number): number {
    const end = Math.min(chunk.length, from + this.#left);
    this.#received += end - from;
    this.#left -= end - from;
    if (this.#left === 0) {
      this.#state = this.#chunked ? dataEnd : done;
    }
    this.#sink.content(chunk.subarray(from, end));
    return end;
  }

  #readFraming(byte: number): void {
    this.#advance(byte, "ERR_TURNOUT_CHUNK");
    const state = this.#state;
    if (state < sizeEnd) {
      this.#readSizeLine(byte, state);
    } else if (state === data) {
      this.#endSizeLine();
    }
  }

  /** Also called for the LF before the line, which leads to its start. */
  #readSizeLine(byte: number, state: number): void {
    if (state === sizeStart) {
      this.#lineBytes = 0;
      return;
    }
    this.#lineBytes += 1;
    if (this.#lineBytes > this.#limits.maxChunkLineBytes) {
      this.#fail("ERR_TURNOUT_CHUNK_TOO_LARGE");
    }
    if (state === size) {
      // RFC 9112 section 7.1: recipients MUST anticipate large numerals and prevent overflow
      if (this.#left >= maxSizeBeforeDigit) {
        this.#fail("ERR_TURNOUT_CHUNK_TOO_LARGE");
      }
      this.#left = this.#left * 16 + hexValue(byte);
    } else {
      this.#extensionBytes += 1;
      if (this.#extensionBytes > maxExtensionBytes) {
        this.#fail("ERR_TURNOUT_CHUNK_TOO_LARGE");
      }
    }
  }

  #endSizeLine(): void {
    if (this.#received + this.#left > this.maxBodyBytes) {
      this.#fail("ERR_TURNOUT_CONTENT_TOO_LARGE");
    }
    if (this.#left === 0) {
      this.#state = trailerStart;
    }
  }

  #readTrailer(byte: number): void {
    const before = this.#state;
    this.#advance(byte, "ERR_TURNOUT_TRAILER");
    if (this.#state >= trailerEnd) {
      return;
    }
    this.#trailerBytes += 1;
    if (before === trailerStart) {
      this.#trailerCount += 1;
    }
    if (this.#trailerBytes > this.#limits.maxTrailerBytes || this.#trailerCount > this.#limits.maxTrailers) {
      this.#fail("ERR_TURNOUT_TRAILER_TOO_LARGE");
    }
    this.#field.push(byte);
    if (this.#state === trailerStart) {
      this.#endField();
    }
  }

  #endField(): void {
    const line = Buffer.from(this.#field).toString("latin1");
    this.#field = [];
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    // RFC 9112 section 7.1.2 lets a recipient discard trailer fields.
    if (canTrail(name.toLowerCase())) {
      this.#trailers.push([name, withoutOws(line, colon + 1, line.length - 2)]);
    }
  }

  #advance(byte: number, code: PeerErrorCode): void {
    const next = transitions[this.#state * rowLength + classOf[byte]!]!;
    if (next === malformed) {
      this.#fail(code);
    }
    this.#state = next;
  }

  #fail(code: PeerErrorCode): never {
    this.#fault = new PeerError(code);
    throw this.#fault;
  }
}

function hexValue(digit: number): number {
  return digit <= 0x39 ? digit - 0x30 : (digit | 0x20) - 0x57;
}

/** `trim()` would take NBSP too, which is obs-text; a regular expression for the end would be quadratic. */
function withoutOws(line: string, start: number, end: number): string {
  let first = start;
  let last = end;
  while (first < last && isOws(line.charCodeAt(first))) {
    first += 1;
  }
  while (last > first && isOws(line.charCodeAt(last - 1))) {
    last -= 1;
  }
  return line.slice(first, last);
}

function isOws(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
