import { Buffer } from "node:buffer";

/**
 * What `toString("latin1")` of a `Buffer` calls in the end. Node does not document it; for the short texts that fields are, it
 * takes two thirds of the time (bench/parser). Where a version has none, the documented way does.
 */
const { latin1Slice } = Buffer.prototype as { latin1Slice?(start: number, end: number): string };

/** The bytes from `start` to `end` as text, each byte one character. */
export const latin1Text: (bytes: Buffer, start: number, end: number) => string =
  latin1Slice === undefined
    ? (bytes, start, end) => bytes.toString("latin1", start, end)
    : (bytes, start, end) => latin1Slice.call(bytes, start, end);
