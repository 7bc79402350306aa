/** What a DEFLATE stream was made of. */
export interface PlainlyInflated {
  readonly bytes: Buffer;
  /** The largest distance that anything was copied from; 0 where nothing was. */
  readonly farthest: number;
  /** The blocks' kinds, in order: a last one in capitals. */
  readonly blocks: readonly string[];
}

/** RFC 7692 section 7.2.1: what the sender took away. */
const tail = Buffer.from([0x00, 0x00, 0xff, 0xff]);
/** What is thrown where the stream ends within a block that calls itself the last. */
export const cutLastBlock = "a last block is cut";

const kinds = ["stored", "fixed", "dynamic"];

/**
 * Inflates the payload of a message plainly, from RFC 1951 and RFC 7692 section 7.2.2. `window` is what was said before.
 * Throws where it is no stream of DEFLATE blocks. Behind a last block the next byte begins another stream with the same
 * window (RFC 7692 section 7.2.3.4), if there is one.
 */
export function inflatePlainly(payload: Uint8Array, window: Uint8Array = Buffer.alloc(0)): PlainlyInflated {
  const bits = new Bits(Buffer.concat([payload, tail]));
  const out = [...window];
  const blocks: string[] = [];
  let farthest = 0;
  while (!bits.ended) {
    const isLast = bits.take(1) === 1;
    bits.within = isLast ? cutLastBlock : bits.within;
    const kind = bits.take(2);
    blocks.push(isLast ? kinds[kind]!.toUpperCase() : (kinds[kind] ?? ""));
    if (kind === 0) {
      out.push(...storedBlock(bits));
    } else {
      farthest = Math.max(farthest, codedBlock(bits, out, ...(kind === 1 ? fixedCodes() : dynamicCodes(bits, kind))));
    }
    if (isLast) {
      bits.within = "the stream is cut";
      bits.align();
      if (bits.left === 8 * tail.length) {
        break; // the stream said its own end
      }
    }
  }
  return { bytes: Buffer.from(out.slice(window.length)), farthest, blocks };
}

/** Bits of bytes, lowest first (RFC 1951 section 3.1.1). */
class Bits {
  /** What to say where there are no more. */
  within = "the stream is cut";
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return 8 * this.#bytes.length - this.#at;
  }

  get ended(): boolean {
    return this.left === 0;
  }

  align(): void {
    this.#at = 8 * Math.ceil(this.#at / 8);
  }

  take(count: number): number {
    let value = 0;
    for (let bit = 0; bit < count; bit++) {
      if (this.ended) {
        throw new Error(this.within);
      }
      value += ((this.#bytes[this.#at >> 3]! >> (this.#at & 7)) & 1) * 2 ** bit;
      this.#at++;
    }
    return value;
  }
}

/** RFC 1951 section 3.2.4. */
function storedBlock(bits: Bits): number[] {
  bits.align();
  const length = bits.take(16);
  if (length + bits.take(16) !== 0xffff) {
    throw new Error("a stored block's length is not confirmed");
  }
  return Array.from({ length }, () => bits.take(8));
}

/** A Huffman code: how many codes there are of each length, and the symbols in the order of their codes. */
interface Code {
  readonly counts: readonly number[];
  readonly symbols: readonly number[];
}

/** RFC 1951 section 3.2.2: the code that the lengths make. */
function codeOf(lengths: readonly number[]): Code {
  const counts = Array.from({ length: 16 }, (_, length) => lengths.filter((one) => one === length).length);
  const symbols = [...lengths.keys()]
    .filter((symbol) => lengths[symbol] !== 0)
    .sort((one, other) => lengths[one]! - lengths[other]! || one - other);
  let room = 1;
  for (const count of counts.slice(1)) {
    room = 2 * room - count;
    if (room < 0) {
      throw new Error("more codes than there is room for");
    }
  }
  // RFC 1951 section 3.2.7: one code alone has one bit, and there may be none at all
  const isAlone = symbols.length === 0 || (symbols.length === 1 && counts[1] === 1);
  if (room > 0 && !isAlone) {
    throw new Error("fewer codes than there is room for");
  }
  return { counts, symbols };
}

function symbolOf(bits: Bits, { counts, symbols }: Code): number {
  let code = 0;
  let first = 0;
  let index = 0;
  for (const count of counts.slice(1)) {
    code += bits.take(1);
    if (code - first < count) {
      return symbols[index + code - first]!;
    }
    index += count;
    first = 2 * (first + count);
    code *= 2;
  }
  throw new Error("no such Huffman code");
}

/** RFC 1951 section 3.2.6. */
function fixedCodes(): [Code, Code] {
  const lengths = Array.from({ length: 288 }, (_, symbol) =>
    symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
  );
  return [codeOf(lengths), codeOf(Array.from({ length: 32 }, () => 5))];
}

/** RFC 1951 section 3.2.7. */
function dynamicCodes(bits: Bits, kind: number): [Code, Code] {
  if (kind === 3) {
    throw new Error("no such kind of block");
  }
  const literals = bits.take(5) + 257;
  const distances = bits.take(5) + 1;
  const count = bits.take(4) + 4;
  if (literals > 286 || distances > 30) {
    throw new Error("more codes than there are symbols");
  }
  const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
  const ofLengths = Array.from({ length: 19 }, () => 0);
  for (const symbol of order.slice(0, count)) {
    ofLengths[symbol] = bits.take(3);
  }
  const lengthCode = codeOf(ofLengths);
  if (lengthCode.symbols.length < 2) {
    throw new Error("the code of the lengths has to be whole");
  }
  const lengths: number[] = [];
  while (lengths.length < literals + distances) {
    const symbol = symbolOf(bits, lengthCode);
    if (symbol < 16) {
      lengths.push(symbol);
      continue;
    }
    if (symbol === 16 && lengths.length === 0) {
      throw new Error("nothing to repeat");
    }
    const repeated = symbol === 16 ? lengths.at(-1)! : 0;
    const times = symbol === 16 ? 3 + bits.take(2) : symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7);
    lengths.push(...Array.from({ length: times }, () => repeated));
  }
  if (lengths.length > literals + distances || lengths[256] === 0) {
    throw new Error("too many lengths, or no end of the block");
  }
  return [codeOf(lengths.slice(0, literals)), codeOf(lengths.slice(literals))];
}

/** RFC 1951 section 3.2.5. Gives the largest distance. */
function codedBlock(bits: Bits, out: number[], literals: Code, distances: Code): number {
  let farthest = 0;
  for (;;) {
    const symbol = symbolOf(bits, literals);
    if (symbol === 256) {
      return farthest;
    }
    if (symbol < 256) {
      out.push(symbol);
      continue;
    }
    const length = lengthOf(bits, symbol);
    const distance = distanceOf(bits, symbolOf(bits, distances));
    if (distance > out.length) {
      throw new Error("a distance goes back behind the beginning");
    }
    farthest = Math.max(farthest, distance);
    for (let copied = 0; copied < length; copied++) {
      out.push(out[out.length - distance]!);
    }
  }
}

function lengthOf(bits: Bits, symbol: number): number {
  if (symbol > 285) {
    throw new Error("no such length");
  }
  if (symbol < 265 || symbol === 285) {
    return symbol === 285 ? 258 : symbol - 254;
  }
  const extra = (symbol - 261) >> 2;
  return 3 + ((4 + ((symbol - 265) & 3)) << extra) + bits.take(extra);
}

function distanceOf(bits: Bits, symbol: number): number {
  if (symbol > 29) {
    throw new Error("no such distance");
  }
  if (symbol < 4) {
    return symbol + 1;
  }
  const extra = (symbol >> 1) - 1;
  return 1 + ((2 + (symbol & 1)) << extra) + bits.take(extra);
}
