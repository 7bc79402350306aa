import { isAscii, unmaskInto } from "./mask.ts";

/** The least that is set aside for a payload that comes in pieces. */
const leastBytes = 4_096;
/** Memory set aside is at most so many times what has come, whatever a frame announces. */
const maxAhead = 8;

const nothing = Buffer.alloc(0);

/** A payload that comes in pieces, unmasked and put together. */
export class Assembly {
  /** What has come is in its first `length` bytes. */
  buffer: Buffer = nothing;
  length = 0;
  #seen = 0;

  /**
   * Adds `bytes` from `start` to `end`, which are masked: `key` and `phase` as in `unmask`, which gives the result.
   * `toCome` is how many bytes are announced to follow.
   */
  add(bytes: Buffer, start: number, end: number, key: number, phase: number, toCome: number): number {
    const at = this.length;
    const needed = at + end - start;
    if (needed > this.buffer.length) {
      const ahead = Math.min(needed + toCome, Math.max(needed * maxAhead, leastBytes));
      // At least half as much again: many small fragments would be copied once for each that follows.
      const larger = Buffer.allocUnsafeSlow(Math.max(ahead, Math.floor(this.buffer.length * 1.5)));
      this.buffer.copy(larger, 0, 0, at);
      this.buffer = larger;
    }
    this.length = needed;
    const seen = unmaskInto(bytes, start, end, this.buffer, at, key, phase);
    this.#seen |= seen;
    return seen;
  }

  /** Gives all as text, which has to be UTF-8. */
  takeText(): string {
    return this.take().toString(isAscii(this.#seen) ? "latin1" : "utf8"); // the former is the faster one
  }

  /** Gives all. */
  take(): Buffer {
    return this.buffer.subarray(0, this.length);
  }
}
