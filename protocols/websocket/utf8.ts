import { isUtf8 } from "node:buffer";

/** From here on the built-in check of the middle pays for its view. */
const builtInFromBytes = 32;

/**
 * Checks UTF-8 (RFC 3629) that comes in pieces, and fails at the first byte that no valid text can have there: within a
 * code point, too (RFC 6455 section 8.1 does not ask to wait for the end of a message).
 */
export class Utf8Validator {
  /** Bytes that the code point begun still needs. */
  #needed = 0;
  /** The range of the next of them; narrower than 80-BF behind E0, ED, F0 and F4. */
  #least = 0x80;
  #most = 0xbf;

  /** Whether no code point is left half. */
  get complete(): boolean {
    return this.#needed === 0;
  }

  /** Takes `bytes` from `start` to `end`. False: this is not UTF-8, whatever follows. */
  push(bytes: Buffer, start: number, end: number): boolean {
    if (end - start < builtInFromBytes) {
      return this.#step(bytes, start, end);
    }
    let middle = start;
    while (this.#needed > 0) {
      if (!this.#step(bytes, middle, ++middle)) {
        return false;
      }
    }
    const tail = lastBoundary(bytes, end);
    return isUtf8(bytes.subarray(middle, tail)) && this.#step(bytes, tail, end);
  }

  #step(bytes: Buffer, start: number, end: number): boolean {
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      if (this.#needed > 0) {
        if (byte < this.#least || byte > this.#most) {
          return false;
        }
        this.#needed--;
        this.#least = 0x80;
        this.#most = 0xbf;
      } else if (byte >= 0x80 && !this.#begin(byte)) {
        return false;
      }
    }
    return true;
  }

  /** The first byte of a code point of several (RFC 3629 section 4): no overlong form, no surrogate, none over U+10FFFF. */
  #begin(byte: number): boolean {
    if (byte < 0xc2 || byte > 0xf4) {
      return false;
    }
    this.#needed = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    if (byte === 0xe0) {
      this.#least = 0xa0;
    } else if (byte === 0xed) {
      this.#most = 0x9f;
    } else if (byte === 0xf0) {
      this.#least = 0x90;
    } else if (byte === 0xf4) {
      this.#most = 0x8f;
    }
    return true;
  }
}

/** Where the last code point that may be incomplete begins; `end` where the last is a whole one. */
function lastBoundary(bytes: Buffer, end: number): number {
  for (let back = 1; back <= 3; back++) {
    const byte = bytes[end - back]!;
    if (byte >= 0xc0) {
      const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
      return length > back ? end - back : end;
    }
    if (byte < 0x80) {
      return end;
    }
  }
  return end;
}
