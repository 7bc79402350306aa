import { PeerError } from "../errors.ts";
import * as classes from "./bytes.ts";
import { knownMethodOf } from "./methods.ts";
import { targetFormOf } from "./request-target.ts";

const { COLON, CR, HTAB, LF, SP, ZERO } = classes;
const isToken = classes.tokenBytes;
const isValue = classes.valueBytes;
/** Every byte that some form of a target may have: the query's class holds all of the path's and the authority's. */
const isTarget = classes.queryBytes;

/** What the next byte belongs to. */
type State =
  | "method"
  | "target"
  | "version"
  | "version end"
  | "request line end"
  | "line start"
  | "name"
  | "value"
  | "value end"
  | "head end"
  | "early end of method"
  | "early end of version"
  | "early end of name";

/** The limits of a request's head. */
export interface HeadLimits {
  /** Bytes from the request line to the empty line, both included, and of empty lines before. At most 65536. */
  readonly maxHeadBytes: number;
  /** Bytes of the request target. */
  readonly maxTargetBytes: number;
  /** Field lines. */
  readonly maxFields: number;
}

/**
 * Judges a head byte by byte, wherever it is cut: it can be stopped behind any byte and go on later.
 *
 * The first byte that cannot stand where it stands decides which fault the head has, so the verdict does not depend on how
 * the bytes arrive. A target's form is judged at the SP behind it. A CR has to be followed by LF: what it is is known one
 * byte later only. A limit goes before the byte that passes it.
 *
 * This is the slow path: see head-scan.ts for the one that most heads take.
 */
export class HeadVerdict {
  readonly #limits: HeadLimits;
  #state: State = "method";
  #at = 0;
  /** Where the part that the state names began. */
  #partStart = 0;
  #method = "";
  #lines = 0;

  constructor(limits: HeadLimits) {
    this.#limits = limits;
  }

  /** The lines before `at` have been found good; there are this many field lines among them. */
  skipTo(at: number, lines: number): void {
    if (at <= this.#at) {
      return;
    }
    this.#state = "line start";
    this.#at = at;
    this.#lines = lines;
  }

  /**
   * Judges on, from where it stopped to `end`, of a head that begins at 0. Returns the offset behind the head's empty line,
   * or -1 where more bytes are needed. Throws a {@link PeerError}.
   */
  read(bytes: Uint8Array, end: number): number {
    let state = this.#state;
    for (let at = this.#at; at < end; at++) {
      const byte = bytes[at]!;
      switch (state) {
        // RFC 9110 section 9.1: method = token
        case "method":
          at = runEnd(isToken, bytes, at, end);
          if (at === end) {
            break;
          }
          if (bytes[at] !== SP || at === 0) {
            state = lineEnd(bytes[at]!, "early end of method", "ERR_TURNOUT_METHOD");
            break;
          }
          this.#method = knownMethodOf(bytes, 0, at);
          this.#partStart = at + 1;
          state = "target";
          break;
        // RFC 9112 section 3.2
        case "target":
          if (isTarget[byte] === 1) {
            if (at - this.#partStart === this.#limits.maxTargetBytes) {
              throw new PeerError("ERR_TURNOUT_TARGET_TOO_LONG");
            }
            break;
          }
          if (byte !== SP) {
            state = lineEnd(byte, "early end of version", "ERR_TURNOUT_TARGET");
            break;
          }
          if (targetFormOf(bytes, this.#partStart, at, this.#method) === undefined) {
            throw new PeerError("ERR_TURNOUT_TARGET");
          }
          this.#partStart = at + 1;
          state = "version";
          break;
        case "version":
          if (isVersionByte(at - this.#partStart, byte)) {
            if (at - this.#partStart < 7) {
              break;
            }
            if (bytes[at - 2] !== ZERO + 1) {
              throw new PeerError("ERR_TURNOUT_VERSION_UNSUPPORTED");
            }
            state = "version end";
            break;
          }
          state = lineEnd(byte, "early end of version", "ERR_TURNOUT_VERSION");
          break;
        case "version end":
          state = lineEnd(byte, "request line end", "ERR_TURNOUT_VERSION");
          break;
        case "request line end":
        case "value end":
          if (byte !== LF) {
            throw new PeerError("ERR_TURNOUT_LINE_END");
          }
          state = "line start";
          break;
        // RFC 9112 section 5: field-line = field-name ":" OWS field-value OWS
        case "line start":
          if (isToken[byte] === 1) {
            if (this.#lines === this.#limits.maxFields) {
              throw new PeerError("ERR_TURNOUT_TOO_MANY_FIELDS");
            }
            this.#lines++;
            state = "name";
            break;
          }
          // RFC 9112 section 5.2 (obs-fold) and section 2.2 (white space before the first field)
          if (byte === SP || byte === HTAB) {
            throw new PeerError("ERR_TURNOUT_FIELD_FOLDED");
          }
          state = lineEnd(byte, "head end", "ERR_TURNOUT_FIELD_NAME");
          break;
        // RFC 9112 section 5.1: no white space between the name and the colon
        case "name":
          at = runEnd(isToken, bytes, at, end);
          if (at === end) {
            break;
          }
          state = bytes[at] === COLON ? "value" : lineEnd(bytes[at]!, "early end of name", "ERR_TURNOUT_FIELD_NAME");
          break;
        // RFC 9110 section 5.5
        case "value":
          at = runEnd(isValue, bytes, at, end);
          if (at < end) {
            state = lineEnd(bytes[at]!, "value end", "ERR_TURNOUT_FIELD_VALUE");
          }
          break;
        case "head end":
          if (byte !== LF) {
            throw new PeerError("ERR_TURNOUT_LINE_END");
          }
          return at + 1;
        case "early end of method":
          throw new PeerError(byte === LF ? "ERR_TURNOUT_METHOD" : "ERR_TURNOUT_LINE_END");
        case "early end of version":
          throw new PeerError(byte === LF ? "ERR_TURNOUT_VERSION" : "ERR_TURNOUT_LINE_END");
        case "early end of name":
          throw new PeerError(byte === LF ? "ERR_TURNOUT_FIELD_NAME" : "ERR_TURNOUT_LINE_END");
      }
    }
    this.#state = state;
    this.#at = end;
    return -1;
  }
}

/** The offset of the first byte from `start` on that is not of the class, or `end`. */
function runEnd(isOfClass: Uint8Array, bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isOfClass[bytes[at]!] === 1) {
    at++;
  }
  return at;
}

type PartCode =
  | "ERR_TURNOUT_METHOD"
  | "ERR_TURNOUT_TARGET"
  | "ERR_TURNOUT_VERSION"
  | "ERR_TURNOUT_FIELD_NAME"
  | "ERR_TURNOUT_FIELD_VALUE";

/**
 * RFC 9112 section 2.2: a line ends in CRLF. The state behind a byte that is not of the part: `next` if it is the CR; else it
 * is a bare LF, or the fault of the part. Where the line may not end yet, `next` tells a CRLF from a bare CR.
 */
function lineEnd(byte: number, next: State, code: PartCode): State {
  if (byte === CR) {
    return next;
  }
  throw new PeerError(byte === LF ? "ERR_TURNOUT_LINE_END" : code);
}

/** RFC 9112 section 2.3: HTTP-version = HTTP-name "/" DIGIT "." DIGIT, HTTP-name = %x48.54.54.50. */
function isVersionByte(position: number, byte: number): boolean {
  if (position === 5 || position === 7) {
    return byte >= ZERO && byte <= ZERO + 9;
  }
  return byte === "HTTP/0.0".charCodeAt(position);
}
