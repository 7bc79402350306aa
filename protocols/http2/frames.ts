/** RFC 9113 section 3.4. */
export const preface: Buffer = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

export const frameHeaderBytes = 9;
/** What each side may send before the other has said more (RFC 9113 section 6.5.2). */
const maxFrameBytes = 16_384;

export const types = { data: 0x0, headers: 0x1, settings: 0x4, continuation: 0x9 } as const;
const endStream = 0x1;
const endHeaders = 0x4;

/** A frame (RFC 9113 section 4.1). */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(frameHeaderBytes + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, frameHeaderBytes);
  return bytes;
}

/** A request with its content, on a stream: HEADERS, CONTINUATION where one frame is too small, and DATA. */
export function requestFrames(stream: number, block: Buffer, content: Buffer): Buffer {
  const frames: Buffer[] = [];
  const headers = pieces(block);
  for (const [index, piece] of headers.entries()) {
    const last = index === headers.length - 1 ? endHeaders : 0;
    const ends = index === 0 && content.length === 0 ? endStream : 0;
    frames.push(frame(index === 0 ? types.headers : types.continuation, last | ends, stream, piece));
  }
  const data = content.length === 0 ? [] : pieces(content);
  for (const [index, piece] of data.entries()) {
    frames.push(frame(types.data, index === data.length - 1 ? endStream : 0, stream, piece));
  }
  return Buffer.concat(frames);
}

/**
 * A field block (RFC 7541 section 6.2.2): literals without indexing and without Huffman coding. They leave the dynamic
 * table alone, which belongs to what the client will send itself.
 */
export function fieldBlock(fields: Iterable<readonly [name: string, value: string]>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of fields) {
    parts.push(Buffer.of(0x00), literal(name), literal(value));
  }
  return Buffer.concat(parts);
}

/** A string: its length in a prefix of 7 bits (RFC 7541 sections 5.1 and 5.2), and its bytes. */
function literal(text: string): Buffer {
  const length: number[] = [];
  const size = text.length;
  if (size < 0x7f) {
    length.push(size);
  } else {
    length.push(0x7f);
    let rest = size - 0x7f;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
      length.push((rest & 0x7f) | 0x80);
    }
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), Buffer.from(text, "latin1")]);
}

/** At least one. */
function pieces(bytes: Buffer): Buffer[] {
  const count = Math.max(1, Math.ceil(bytes.length / maxFrameBytes));
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * maxFrameBytes, (index + 1) * maxFrameBytes),
  );
}
