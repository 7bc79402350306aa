/** One way in which the network may deliver bytes. Pieces are never empty. */
export interface Delivery {
  readonly how: string;
  readonly pieces: readonly Buffer[];
}

/** `bytes` whole, then in two pieces cut at every offset, then byte by byte. */
export function* deliveries(bytes: Buffer): Generator<Delivery> {
  yield { how: "whole", pieces: bytes.length === 0 ? [] : [bytes] };
  for (let at = 1; at < bytes.length; at++) {
    yield { how: `cut at ${at}`, pieces: [bytes.subarray(0, at), bytes.subarray(at)] };
  }
  yield { how: "byte by byte", pieces: Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)) };
}

/** `bytes` in pieces of 1 to `maxPiece` bytes; `below(n)` chooses an integer from 0 to below n. */
export function* randomPieces(bytes: Buffer, maxPiece: number, below: (n: number) => number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + below(maxPiece));
    yield bytes.subarray(at, end);
    at = end;
  }
}
