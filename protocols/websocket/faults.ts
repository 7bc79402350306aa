import { PeerError } from "turnout";

/** Every rule of the protocol that a client can break: the Close code that answers it, and what is said of it. */
const faults = {
  ERR_TURNOUT_WEBSOCKET_RESERVED_BITS: [1002, "a reserved bit is set that nobody negotiated"],
  ERR_TURNOUT_WEBSOCKET_OPCODE: [1002, "the opcode is reserved"],
  ERR_TURNOUT_WEBSOCKET_CONTROL_FRAME: [1002, "a control frame is fragmented or has more than 125 bytes"],
  ERR_TURNOUT_WEBSOCKET_FRAGMENTS: [1002, "a continuation continues nothing, or a message begins within another"],
  ERR_TURNOUT_WEBSOCKET_UNMASKED: [1002, "a frame from a client is not masked"],
  ERR_TURNOUT_WEBSOCKET_LENGTH: [1002, "a payload length is not encoded in the shortest way, or is over 63 bits"],
  ERR_TURNOUT_WEBSOCKET_CLOSE: [1002, "the Close frame's body is one byte, or its code must not be sent"],
  ERR_TURNOUT_WEBSOCKET_UTF8: [1007, "text is not UTF-8"],
  ERR_TURNOUT_WEBSOCKET_DEFLATE: [1007, "a compressed message cannot be inflated"],
  ERR_TURNOUT_WEBSOCKET_TOO_MANY_FRAGMENTS: [1008, "a message has more fragments than the limit"],
  ERR_TURNOUT_WEBSOCKET_MESSAGE_TOO_LARGE: [1009, "a message is larger than the limit"],
  ERR_TURNOUT_WEBSOCKET_TOO_SLOW: [1013, "the client reads more slowly than is written to it"],
  ERR_TURNOUT_WEBSOCKET_NO_PONG: [1006, "the client answered no ping"],
} as const;

/** The code of what a client did wrong, in `stats().refused` and in the `close` callback's error. */
export type WebSocketFault = keyof typeof faults;

/** All faults with the Close code that each is answered with, for documentation and tests. */
export const closeCodeOf: Readonly<Record<WebSocketFault, number>> = Object.fromEntries(
  Object.entries(faults).map(([fault, [code]]) => [fault, code]),
) as Record<WebSocketFault, number>;

export function faultError(fault: WebSocketFault): PeerError {
  const [code, message] = faults[fault];
  return new PeerError(fault, code, message);
}
