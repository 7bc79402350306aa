/*
 * The bytes of a conversation over a WebSocket, made before it is measured.
 */
import { deflateRawSync, constants as zlib } from "node:zlib";
import {
  opcode,
  openingHandshake,
  sampleAccept,
  clientFrame as testFrame,
} from "../../test/support/websocket-frames.ts";
import { payloadOf, type Workload } from "./workload.ts";

/** A message in one frame. */
export interface Frame {
  readonly opcode: number;
  /** RSV1, RFC 7692 section 6. */
  readonly compressed: boolean;
  readonly payload: Buffer;
}

export function clientFrame({ opcode: code, compressed, payload }: Frame): Buffer {
  return testFrame(code, payload, { rsv: compressed ? 4 : 0 });
}

/** A server does not mask. */
export function serverFrame({ opcode: code, payload }: Frame): Buffer {
  return testFrame(code, payload, { key: null });
}

/** Has the server send its message to all. */
export const trigger: Frame = { opcode: opcode.text, compressed: false, payload: Buffer.from("!") };

/** The message, not compressed. */
export function frameOf({ message }: Workload): Frame {
  const code = message.kind === "binary" ? opcode.binary : opcode.text;
  return { opcode: code, compressed: false, payload: payloadOf(message) };
}

/** What a client says: the message as it goes over the wire, compressed where the workload says so. */
export function saidFrame(workload: Workload): Frame {
  if (workload.does === "broadcast") {
    return trigger;
  }
  const frame = frameOf(workload);
  if (!workload.deflate) {
    return frame;
  }
  // RFC 7692 section 7.2.1: the last four bytes of the flush are left out
  const payload = deflateRawSync(frame.payload, { finishFlush: zlib.Z_SYNC_FLUSH }).subarray(0, -4);
  return { ...frame, compressed: true, payload };
}

/** The fields that offer `permessage-deflate`, where it is measured. */
export function offers(deflate: boolean): Readonly<Record<string, string>> {
  const extension = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  return deflate ? { "Sec-WebSocket-Extensions": extension } : {};
}

/** The key is always the same, so the ceiling knows the answer. */
export function handshakeOf({ deflate }: Workload): string {
  return openingHandshake(offers(deflate));
}

export const handshakeAnswer: string =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  `Sec-WebSocket-Accept: ${sampleAccept}\r\n\r\n`;
