import type { RawClient } from "./raw-client.ts";

/** RFC 9113 section 3.4. */
export const clientPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** Frame types (RFC 9113 section 6). */
export const type = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

/** ACK and END_STREAM are the same bit, of different frames. */
export const flag = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8 } as const;

/** Settings (RFC 9113 section 6.5.2, RFC 8441 section 3, RFC 9218 section 2.1). */
export const setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  enableConnectProtocol: 8,
  noPriorities: 9,
} as const;

/** Error codes (RFC 9113 section 7). */
export const code = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  refusedStream: 7,
  cancel: 8,
  enhanceYourCalm: 11,
} as const;

export function frameOf(kind: number, flags: number, stream: number, payload: string | Uint8Array = ""): Buffer {
  const content = Buffer.from(payload as string, "latin1");
  const header = Buffer.alloc(9);
  header.writeUIntBE(content.length, 0, 3);
  header[3] = kind;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, content]);
}

/** The payload of a SETTINGS frame. */
export function settingsPayload(...settings: (readonly [id: number, value: number])[]): Buffer {
  return Buffer.concat(
    settings.map(([id, value]) => {
      const entry = Buffer.alloc(6);
      entry.writeUInt16BE(id, 0);
      entry.writeUInt32BE(value, 2);
      return entry;
    }),
  );
}

export function settingsFrame(...settings: (readonly [id: number, value: number])[]): Buffer {
  return frameOf(type.settings, 0, 0, settingsPayload(...settings));
}

export const settingsAck: Buffer = frameOf(type.settings, flag.ack, 0);

export function windowUpdate(stream: number, bytes: number): Buffer {
  return frameOf(type.windowUpdate, 0, stream, uint32(bytes));
}

export function rstStream(stream: number, error: number): Buffer {
  return frameOf(type.rstStream, 0, stream, uint32(error));
}

/** All that a client has to say before its first request. Without a dynamic table, each answer can be read by itself. */
export const clientOpening: Buffer = Buffer.concat([
  Buffer.from(clientPreface, "latin1"),
  settingsFrame([setting.headerTableSize, 0]),
]);

export type FieldList = readonly (readonly [name: string, value: string])[];

/** A field block of literals without indexing (RFC 7541 section 6.2.2), which may say anything; text is latin1. */
export function literals(fields: FieldList): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), literal(name), literal(value)]));
}

function literal(text: string): Buffer {
  const length: number[] = [Math.min(text.length, 127)];
  if (text.length >= 127) {
    let left = text.length - 127;
    for (; left >= 128; left >>= 7) {
      length.push((left & 127) | 128);
    }
    length.push(left);
  }
  return Buffer.concat([Buffer.from(length), Buffer.from(text, "latin1")]);
}

/** The pseudo-fields of an ordinary request. */
export function pseudoFields(path = "/x", method = "GET"): FieldList {
  return [
    [":method", method],
    [":scheme", "http"],
    [":authority", "h"],
    [":path", path],
  ];
}

/** A request in one HEADERS frame; `ends`: without content. */
export function requestOn(stream: number, fields: FieldList = pseudoFields(), ends = true): Buffer {
  return frameOf(type.headers, flag.endHeaders | (ends ? flag.endStream : 0), stream, literals(fields));
}

export function dataOn(stream: number, payload: string | Uint8Array, ends = false): Buffer {
  return frameOf(type.data, ends ? flag.endStream : 0, stream, payload);
}

/** A frame of the server's. */
export interface SeenHttp2Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** Takes the next frame that the server sends. */
export async function takeHttp2Frame(client: RawClient): Promise<SeenHttp2Frame> {
  const header = Buffer.from(await client.take(9), "latin1");
  const payload = Buffer.from(await client.take(header.readUIntBE(0, 3)), "latin1");
  return { type: header[3]!, flags: header[4]!, stream: header.readUInt32BE(5), payload };
}

/** All frames in what a server sent; what is cut at the end is left out. */
export function http2FramesIn(output: string): SeenHttp2Frame[] {
  const bytes = Buffer.from(output, "latin1");
  const frames: SeenHttp2Frame[] = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) {
      break;
    }
    const payload = bytes.subarray(at + 9, end);
    frames.push({ type: bytes[at + 3]!, flags: bytes[at + 4]!, stream: bytes.readUInt32BE(at + 5), payload });
    at = end;
  }
  return frames;
}

/** A frame in few words: `settings ack`, `headers 1 200`, `data 1 5 end`, `trailers 1 end`, `rst 3 8`, `goaway 11`. */
export function frameInWords(frame: SeenHttp2Frame): string {
  const { stream, flags, payload } = frame;
  const end = (flags & flag.endStream) === 0 ? "" : " end";
  switch (frame.type) {
    case type.data:
      return `data ${stream} ${payload.length}${end}`;
    case type.headers: {
      const status = statusOf(payload);
      return status === undefined ? `trailers ${stream}${end}` : `headers ${stream} ${status}${end}`;
    }
    case type.settings:
      return flags === flag.ack ? "settings ack" : "settings";
    case type.rstStream:
      return `rst ${stream} ${payload.readUInt32BE(0)}`;
    case type.ping:
      return flags === flag.ack ? "ping ack" : "ping";
    case type.goaway:
      return `goaway ${payload.readUInt32BE(4)}`;
    case type.windowUpdate:
      return `window ${stream} ${payload.readUInt32BE(0)}`;
    default:
      return `type ${frame.type} ${stream} ${payload.length}`;
  }
}

/** The statuses of the static table (RFC 7541 appendix A). */
const indexed: Readonly<Record<number, number>> = {
  136: 200,
  137: 204,
  138: 206,
  139: 304,
  140: 400,
  141: 404,
  142: 500,
};

/** The Huffman codes of the digits (RFC 7541 appendix B). */
const digits = ["00000", "00001", "00010", "011001", "011010", "011011", "011100", "011101", "011110", "011111"];

/**
 * The status that a field block begins with, as node:http2 encodes it: from the static table, or as a literal. Undefined
 * for trailers, which have none.
 */
function statusOf(block: Buffer): number | undefined {
  let at = 0;
  while ((block[at]! & 0xe0) === 0x20) {
    at += (block[at]! & 0x1f) === 0x1f ? 1 + continuationOf(block, at + 1) : 1; // the dynamic table's size
  }
  const known = indexed[block[at]!];
  if (known !== undefined) {
    return known;
  }
  if ((block[at]! & 0x3f) !== 8 && (block[at]! & 0x0f) !== 8) {
    return undefined;
  }
  const length = block[at + 1]! & 0x7f;
  const value = block.subarray(at + 2, at + 2 + length);
  if ((block[at + 1]! & 0x80) === 0) {
    return Number(value.toString("latin1"));
  }
  let bits = Array.from(value, (byte) => byte.toString(2).padStart(8, "0")).join("");
  let status = "";
  while (status.length < 3) {
    const digit = digits.findIndex((one) => bits.startsWith(one));
    status += digit;
    bits = bits.slice(digits[digit]!.length);
  }
  return Number(status);
}

/** Bytes of an integer behind its prefix (RFC 7541 section 5.1). */
function continuationOf(block: Buffer, at: number): number {
  let length = 1;
  while ((block[at + length - 1]! & 0x80) !== 0) {
    length++;
  }
  return length;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}
