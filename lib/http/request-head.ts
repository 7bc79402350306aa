import { PeerError, UsageError } from "../errors.ts";
import * as classes from "./bytes.ts";
import { Fields } from "./fields.ts";
import * as scan from "./head-scan.ts";
import * as scratch from "./head-scratch.ts";
import * as semantics from "./head-semantics.ts";
import { type HeadLimits, HeadVerdict } from "./head-verdict.ts";
import * as text from "./latin1.ts";
import type { TargetForm } from "./request-target.ts";

export type { HeadLimits } from "./head-verdict.ts";
export type { TargetForm } from "./request-target.ts";

const { CR, LF } = classes;
const { load, scanHead } = scan;
const { headBytesCeiling, scanned } = scratch;
const { CLOSE, EXPECT_CONTINUE, judgeFraming, judgeOptions, KEEP_ALIVE, UPGRADE_FIELD, UPGRADE_OPTION } = semantics;
const { latin1Text } = text;
const noBytes = Buffer.alloc(0);

/** The chunk that was scanned last, and which part of it stands in the scratch. */
let loaded: Buffer = noBytes;
let loadedFrom = 0;
let loadedTo = 0;

/** A head that came in pieces so far. */
interface PartialHead {
  readonly verdict: HeadVerdict;
  bytes: Buffer;
  length: number;
}

/**
 * Reads request heads (RFC 9112 sections 2 to 5), as strictly as the RFC lets a server be, from chunks cut anywhere.
 *
 * One parser a connection. A head that is whole in its chunk takes the fast path (head-scan.ts); the others, and those with a
 * fault, are judged byte by byte (head-verdict.ts). Strings are made when they are asked for, so the chunk that a head came in
 * must not be written to before the next read.
 */
export class RequestHeadParser {
  readonly #limits: HeadLimits;
  /** Bytes of empty lines before the request line. */
  #skipped = 0;
  #skippedCr = false;
  #partial: PartialHead | undefined = undefined;

  // The head read last: the bytes that have it, and where it stands in them.
  #bytes: Buffer = noBytes;
  #start = 0;
  #end = 0;
  #methodEnd = 0;
  #targetStart = 0;
  #targetEnd = 0;
  #fieldsStart = 0;
  #method = "";
  #targetForm: TargetForm = "origin";
  #minorVersion = 1;
  #contentLength = 0;
  #flags = 0;
  #fields: Fields | undefined = undefined;
  /** The number of the scan that found all this. */
  #scanned = -1;

  constructor(limits: HeadLimits) {
    if (limits.maxHeadBytes > headBytesCeiling) {
      throw new UsageError("ERR_TURNOUT_OPTION", `maxHeadBytes is at most ${headBytesCeiling}`);
    }
    this.#limits = limits;
  }

  /**
   * Reads on from `chunk[from]`. Returns the offset just behind the head once it is whole, or -1 when all of the chunk was
   * taken and more is needed. Throws a {@link PeerError} on bad bytes; afterwards the parser must not be used again.
   */
  read(chunk: Buffer, from: number): number {
    if (this.#partial !== undefined) {
      return this.#readOn(this.#partial, chunk, from);
    }
    if (from >= chunk.length) {
      return -1;
    }
    const start = this.#skippedCr || chunk[from] === CR ? this.#skipEmptyLines(chunk, from) : from;
    if (start === chunk.length) {
      return -1;
    }
    const end = this.#scan(chunk, start);
    return end >= 0 ? end : this.#readPieces(chunk, start);
  }

  /** True while some bytes of a head have been taken and the head is not whole. Empty lines before it do not count. */
  get begun(): boolean {
    return this.#partial !== undefined;
  }

  /** Lets go of the bytes of the head read last, so that an idle connection does not keep them. */
  release(): void {
    this.#bytes = noBytes;
    this.#fields = Fields.empty;
    this.#start = this.#end = this.#methodEnd = this.#targetStart = this.#targetEnd = 0;
    this.#scanned = -1;
  }

  // ---- the head read last ----

  /** As sent; RFC 9110 section 9.1: case-sensitive. */
  get method(): string {
    return this.#method !== "" ? this.#method : latin1Text(this.#bytes, this.#start, this.#methodEnd);
  }

  /** As sent. */
  get target(): string {
    return latin1Text(this.#bytes, this.#targetStart, this.#targetEnd);
  }

  /** RFC 9112 section 3.2. */
  get targetForm(): TargetForm {
    return this.#targetForm;
  }

  /** HTTP/1.x. RFC 9110 section 2.5: a minor version above 1 is treated as 1. */
  get minorVersion(): number {
    return this.#minorVersion;
  }

  get httpVersion(): string {
    return this.#minorVersion === 1 ? "1.1" : `1.${this.#minorVersion}`;
  }

  /** The Host field has it, or the target. */
  get authority(): undefined {
    return undefined;
  }

  /** The next head takes its place. */
  get stays(): false {
    return false;
  }

  /** The content's length in bytes: 0 when there is none, -1 when it is chunked. */
  get contentLength(): number {
    return this.#contentLength;
  }

  /** RFC 9112 section 9.3. */
  get keepAlive(): boolean {
    const option = this.#flags & (CLOSE | KEEP_ALIVE);
    return option === KEEP_ALIVE || (option === 0 && this.#minorVersion > 0);
  }

  /** True if Connection names `close`. */
  get close(): boolean {
    return (this.#flags & CLOSE) !== 0;
  }

  /** True if there is an Upgrade field at all. */
  get hasUpgradeField(): boolean {
    return (this.#flags & UPGRADE_FIELD) !== 0;
  }

  /** RFC 9110 section 7.8: Upgrade counts where Connection names it, and not in HTTP/1.0. */
  get wantsUpgrade(): boolean {
    const both = UPGRADE_FIELD | UPGRADE_OPTION;
    return (this.#flags & both) === both && this.#minorVersion > 0;
  }

  /** RFC 9110 section 10.1.1. */
  get expectContinue(): boolean {
    return (this.#flags & EXPECT_CONTINUE) !== 0;
  }

  /** True if this token, in lower case, is an option of Connection (RFC 9110 section 7.6.1). */
  namedInConnection(option: string): boolean {
    const options = this.get("connection")?.toLowerCase().split(",") ?? [];
    return options.some((member) => member.replace(/^[\t ]+|[\t ]+$/g, "") === option);
  }

  /** The value of a field: {@link Fields.get}. */
  get(name: string): string | undefined {
    return this.fields().get(name);
  }

  /** The values of a field, one a line: {@link Fields.getAll}. */
  values(name: string): string[] {
    return this.fields().getAll(name);
  }

  /** The fields as an object of their own, which stays good. */
  fields(): Fields {
    if (this.#fields === undefined) {
      // A head is not worth keeping a chunk that is much larger.
      const length = this.#end - this.#fieldsStart;
      const keep = this.#bytes.length <= 2 * length + 4096;
      this.#fields = keep
        ? Fields.parse(this.#bytes, this.#fieldsStart, this.#end, this.#scanned)
        : Fields.parse(Buffer.from(this.#bytes.subarray(this.#fieldsStart, this.#end)), 0, length, this.#scanned);
    }
    return this.#fields;
  }

  /** RFC 9112 section 2.2: at least one empty line before the request line is to be ignored. Returns where they end. */
  #skipEmptyLines(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && (this.#skippedCr || chunk[at] === CR)) {
      if (this.#skipped >= this.#limits.maxHeadBytes) {
        throw new PeerError("ERR_TURNOUT_HEAD_TOO_LARGE");
      }
      if (this.#skippedCr && chunk[at] !== LF) {
        throw new PeerError("ERR_TURNOUT_LINE_END");
      }
      this.#skippedCr = !this.#skippedCr;
      this.#skipped++;
      at++;
    }
    return at;
  }

  /** The fast path. Returns the offset behind the head, or -1 if the head is not whole in the chunk or not good. */
  #scan(chunk: Buffer, from: number): number {
    // Pipelined: what follows the last head has been loaded with it.
    if (loaded === chunk && scanned.serial === this.#scanned && from === this.#end) {
      const end = this.#scanLoaded(chunk, from);
      if (end >= 0 || loadedTo === chunk.length) {
        return end;
      }
    }
    this.#load(chunk, from, Math.min(chunk.length, from + this.#limits.maxHeadBytes));
    return this.#scanLoaded(chunk, from);
  }

  #load(bytes: Buffer, from: number, to: number): void {
    loaded = bytes;
    loadedFrom = from;
    loadedTo = to;
    load(bytes, from, to);
  }

  #scanLoaded(bytes: Buffer, from: number): number {
    const end = scanHead(from - loadedFrom, this.#limits.maxTargetBytes, this.#limits.maxFields) + loadedFrom;
    if (end < loadedFrom || end - from > this.#limits.maxHeadBytes - this.#skipped) {
      return -1;
    }
    this.#adopt(bytes, from, end);
    return end;
  }

  /** Takes over what the scan found, and judges what it means. */
  #adopt(bytes: Buffer, start: number, end: number): void {
    const shift = loadedFrom;
    this.#contentLength = judgeFraming();
    this.#flags = judgeOptions();
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#methodEnd = scanned.methodEnd + shift;
    this.#targetStart = scanned.targetStart + shift;
    this.#targetEnd = scanned.targetEnd + shift;
    this.#fieldsStart = scanned.fieldsStart + shift;
    this.#method = scanned.method;
    this.#targetForm = scanned.targetForm;
    this.#minorVersion = scanned.minorVersion;
    this.#fields = undefined;
    this.#scanned = scanned.serial;
    this.#skipped = 0;
  }

  /** The slow path: the fast one has failed on the head that begins here. */
  #readPieces(chunk: Buffer, from: number): number {
    const verdict = new HeadVerdict(this.#limits);
    if (scanned.goodLines > 0) {
      verdict.skipTo(scanned.goodEnd + loadedFrom - from, scanned.goodLines);
    }
    this.#partial = { verdict, bytes: noBytes, length: 0 };
    return this.#readOn(this.#partial, chunk, from);
  }

  #readOn(partial: PartialHead, chunk: Buffer, from: number): number {
    const limit = this.#limits.maxHeadBytes - this.#skipped;
    const before = partial.length;
    const room = Math.min(chunk.length - from, limit - before);
    append(partial, chunk, from, room, limit);
    let end = -1;
    // A piece that is large against what was there may well be the last; scanning all again costs no more than that piece.
    if (before > 0 && room >= 64 && room >= before / 4) {
      end = this.#scanPieces(partial, partial.length);
    }
    if (end < 0) {
      end = partial.verdict.read(partial.bytes, partial.length);
      if (end >= 0) {
        this.#scanPieces(partial, end);
      }
    }
    if (end >= 0) {
      this.#partial = undefined;
      return from + end - before;
    }
    if (room < chunk.length - from) {
      throw new PeerError("ERR_TURNOUT_HEAD_TOO_LARGE");
    }
    return -1;
  }

  #scanPieces({ bytes, verdict }: PartialHead, length: number): number {
    this.#load(bytes, 0, length);
    const end = this.#scanLoaded(bytes, 0);
    loaded = noBytes;
    if (scanned.goodLines > 0) {
      verdict.skipTo(scanned.goodEnd, scanned.goodLines);
    }
    return end;
  }
}

function append(partial: PartialHead, chunk: Buffer, from: number, length: number, limit: number): void {
  const needed = partial.length + length;
  if (needed > partial.bytes.length) {
    const grown = Buffer.allocUnsafe(Math.min(limit, Math.max(512, 2 * needed)));
    partial.bytes.copy(grown, 0, 0, partial.length);
    partial.bytes = grown;
  }
  if (length < 16) {
    for (let at = 0; at < length; at++) {
      partial.bytes[partial.length + at] = chunk[from + at]!;
    }
  } else {
    chunk.copy(partial.bytes, partial.length, from, from + length);
  }
  partial.length = needed;
}
