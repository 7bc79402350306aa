/*
 * The bytes of a conversation, made before it is measured.
 */
import {
  opcode,
  openingHandshake,
  sampleAccept,
  clientFrame as testFrame,
} from "../../test/support/websocket-frames.ts";

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

/** The fields that offer `permessage-deflate`, where it is measured. */
export function offers(deflate: boolean): Readonly<Record<string, string>> {
  const extension = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  return deflate ? { "Sec-WebSocket-Extensions": extension } : {};
}

/** The key is always the same, so the ceiling knows the answer. */
export function handshakeOf({ deflate }: { readonly deflate: boolean }): string {
  return openingHandshake(offers(deflate));
}

export const switchingHead: string =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  `Sec-WebSocket-Accept: ${sampleAccept}\r\n\r\n`;
