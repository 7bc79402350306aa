/**
 * Masking (RFC 6455 section 5.3): byte i of the payload is XORed with byte i modulo 4 of the key. A key is a number here,
 * with its first byte in the lowest bits.
 *
 * By words where that pays: below the mark, making views costs more than it saves. Four of them a round, and straight into
 * the buffer where the bytes have to go in any case: both are worth a third of the time (bench/websocket).
 */
const wordsFromBytes = 192;

/** The key, as bytes and as a word in this machine's order. */
const keyBytes = new Uint8Array(4);
const keyWord = new Int32Array(keyBytes.buffer);

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
  const turned = turn(key, phase);
  return end - start < wordsFromBytes
    ? unmaskBytes(bytes, start, end, into, at, turned)
    : unmaskWords(bytes, start, end, into, at, turned);
}

/** Whether all bytes that were unmasked are ASCII: what `unmask` gives has the bits of all of them. */
export function isAscii(seen: number): boolean {
  return (seen & 0x80808080) === 0;
}

/** The key as it stands `phase` bytes further on. */
function turn(key: number, phase: number): number {
  const bits = (phase & 3) << 3;
  return bits === 0 ? key : (key >>> bits) | (key << (32 - bits));
}

/** @internal The plain way; also what the other is tested against. */
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

function unmaskWords(bytes: Buffer, start: number, end: number, into: Buffer, at: number, key: number): number {
  const skipped = -(bytes.byteOffset + start) & 3;
  const shift = into.byteOffset + at + skipped;
  if ((shift & 3) !== 0) {
    // Words lie differently in the two: moved first, they are unmasked where they are.
    bytes.copy(into, at, start, end);
    return unmaskWords(into, at, at + end - start, into, at, key);
  }
  let seen = unmaskBytes(bytes, start, start + skipped, into, at, key);
  const from = turn(key, skipped);
  keyBytes[0] = from;
  keyBytes[1] = from >>> 8;
  keyBytes[2] = from >>> 16;
  keyBytes[3] = from >>> 24;
  const word = keyWord[0]!;
  const count = (end - start - skipped) >>> 2;
  const source = new Int32Array(bytes.buffer, bytes.byteOffset + start + skipped, count);
  const target = new Int32Array(into.buffer, shift, count);
  let index = 0;
  for (const whole = count - 3; index < whole; index += 4) {
    const w0 = source[index]! ^ word;
    const w1 = source[index + 1]! ^ word;
    const w2 = source[index + 2]! ^ word;
    const w3 = source[index + 3]! ^ word;
    target[index] = w0;
    target[index + 1] = w1;
    target[index + 2] = w2;
    target[index + 3] = w3;
    seen |= w0 | w1 | w2 | w3;
  }
  for (; index < count; index++) {
    const unmasked = source[index]! ^ word;
    target[index] = unmasked;
    seen |= unmasked;
  }
  const done = skipped + count * 4;
  seen |= unmaskBytes(bytes, start + done, end, into, at + done, from);
  return seen;
}
