import { finBit, opcodes } from "./frame-rules.ts";

/** Bytes of the header of a server's frame, which has no masking key (RFC 6455 section 5.2). */
export function headerLength(payloadLength: number): number {
  return payloadLength < 126 ? 2 : payloadLength < 0x1_0000 ? 4 : 10;
}

/** Writes the header of a final frame at `at`, and gives where the payload begins. `first` is the first byte. */
export function writeHeader(into: Buffer, at: number, first: number, payloadLength: number): number {
  into[at] = first;
  if (payloadLength < 126) {
    into[at + 1] = payloadLength;
    return at + 2;
  }
  if (payloadLength < 0x1_0000) {
    into[at + 1] = 126;
    into[at + 2] = payloadLength >>> 8;
    into[at + 3] = payloadLength & 0xff;
    return at + 4;
  }
  into[at + 1] = 127;
  into.writeUInt32BE(Math.floor(payloadLength / 0x1_0000_0000), at + 2);
  into.writeUInt32BE(payloadLength >>> 0, at + 6);
  return at + 10;
}

/** The first byte of a message in one frame. */
export function messageByte(data: string | Uint8Array): number {
  return finBit | (typeof data === "string" ? opcodes.text : opcodes.binary);
}

/** A whole frame in a buffer of its own. */
export function composeFrame(first: number, data: string | Uint8Array): Buffer {
  const length = typeof data === "string" ? Buffer.byteLength(data) : data.length;
  const frame = Buffer.allocUnsafe(headerLength(length) + length);
  const at = writeHeader(frame, 0, first, length);
  if (typeof data === "string") {
    frame.write(data, at);
  } else {
    frame.set(data, at);
  }
  return frame;
}
