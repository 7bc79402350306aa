import { simd } from "./mask-simd.ts";

/**
 * Masking (RFC 6455 section 5.3): byte i of the payload is XORed with byte i modulo 4 of the key. A key is a number here,
 * with its first byte in the lowest bits.
 *
 * From the mark on, 16 bytes at a time (bench/websocket): copying there and back included, 64 KiB take a third of what
 * words in JavaScript would.
 */
const simdFromBytes = 192;

const xor = simd?.xor;
const memory: Buffer = simd?.memory ?? Buffer.alloc(0);
const blockBytes = memory.length;

/**
 * Unmasks `bytes` from `start` to `end`, in place. `phase` is how many bytes of the payload came before. The result is
 * for `isAscii`.
 */
export function unmask(bytes: Buffer, start: number, end: number, key: number, phase: number): number {
  return unmaskInto(bytes, start, end, bytes, start, key, phase);
}

/** Unmasks `bytes` from `start` to `end` into `into`, from `at` on. Otherwise as `unmask`. */
export function unmaskInto(
  bytes: Buffer,
  start: number,
  end: number,
  into: Buffer,
  at: number,
  key: number,
  phase: number,
): number {
  const bits = (phase & 3) << 3;
  const turned = bits === 0 ? key : (key >>> bits) | (key << (32 - bits));
  return end - start < simdFromBytes || xor === undefined
    ? unmaskBytes(bytes, start, end, into, at, turned)
    : unmaskBlocks(bytes, start, end, into, at, turned, xor);
}

/** Whether all bytes that were unmasked are ASCII: what `unmask` gives has the bits of all of them. */
export function isAscii(seen: number): boolean {
  return (seen & 0x80) === 0;
}

/** The plain way; also what the other is tested against. */
export function unmaskBytes(bytes: Buffer, start: number, end: number, into: Buffer, at: number, key: number): number {
  const k0 = key & 0xff;
  const k1 = (key >>> 8) & 0xff;
  const k2 = (key >>> 16) & 0xff;
  const k3 = key >>> 24;
  let seen = 0;
  let from = start;
  let to = at;
  for (const whole = end - 3; from < whole; from += 4, to += 4) {
    const b0 = bytes[from]! ^ k0;
    const b1 = bytes[from + 1]! ^ k1;
    const b2 = bytes[from + 2]! ^ k2;
    const b3 = bytes[from + 3]! ^ k3;
    into[to] = b0;
    into[to + 1] = b1;
    into[to + 2] = b2;
    into[to + 3] = b3;
    seen |= b0 | b1 | b2 | b3;
  }
  for (let left = key; from < end; from++, to++, left >>>= 8) {
    const byte = bytes[from]! ^ (left & 0xff);
    into[to] = byte;
    seen |= byte;
  }
  return seen;
}

function unmaskBlocks(
  bytes: Buffer,
  start: number,
  end: number,
  into: Buffer,
  at: number,
  key: number,
  xorBlock: (end: number, key: number) => number,
): number {
  const whole = end - ((end - start) & 15);
  let nonAscii = 0;
  for (let from = start; from < whole; from += blockBytes) {
    const length = Math.min(blockBytes, whole - from);
    bytes.copy(memory, 0, from, from + length);
    nonAscii |= xorBlock(length, key);
    memory.copy(into, at + from - start, 0, length);
  }
  return unmaskBytes(bytes, whole, end, into, at + whole - start, key) | (nonAscii === 0 ? 0 : 0x80);
}
