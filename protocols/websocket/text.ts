/**
 * What `toString` and `write` of a `Buffer` call in the end. Node does not document these; for the short texts that most
 * messages are, they take half the time (bench/websocket). Where a version has none, the documented ways do.
 */
interface FastBuffer {
  latin1Slice?(start: number, end: number): string;
  utf8Write?(text: string, at: number): number;
}

const { latin1Slice, utf8Write } = Buffer.prototype as FastBuffer;

/** The bytes as text; they have to be ASCII. */
export const readAscii: (bytes: Buffer, start: number, end: number) => string =
  latin1Slice === undefined
    ? (bytes, start, end) => bytes.toString("latin1", start, end)
    : (bytes, start, end) => latin1Slice.call(bytes, start, end);

/** Writes text as UTF-8, for which there has to be room, and gives how many bytes it takes. */
export const writeText: (text: string, into: Buffer, at: number) => number =
  utf8Write === undefined
    ? (text, into, at) => into.write(text, at)
    : (text, into, at) => utf8Write.call(into, text, at);
