import type { WebSocketFault } from "./faults.ts";

/** Opcodes (RFC 6455 section 5.2). */
export const opcodes = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;

export const finBit = 0x80;
export const rsv1Bit = 0x40;
const otherReservedBits = 0x30;
const controlBit = 0x08;

/** What the receiver knows when a frame begins, and its rules depend on. */
export const withinMessage = 0x100;
export const compressionNegotiated = 0x200;

const allowed = 0;
const rules: readonly WebSocketFault[] = [
  "ERR_TURNOUT_WEBSOCKET_RESERVED_BITS",
  "ERR_TURNOUT_WEBSOCKET_OPCODE",
  "ERR_TURNOUT_WEBSOCKET_CONTROL_FRAME",
  "ERR_TURNOUT_WEBSOCKET_FRAGMENTS",
];

/** The verdict on a frame's first byte, with what is known: `allowed`, or one more than the index of the rule broken. */
const verdicts: Uint8Array = Uint8Array.from({ length: 0x400 }, (_, situation) => {
  const fault = judge(situation);
  return fault === undefined ? allowed : rules.indexOf(fault) + 1;
});

/**
 * The fault of a frame that begins with `firstByte`; undefined where it may. `known` is of `withinMessage` and
 * `compressionNegotiated`.
 */
export function faultOf(firstByte: number, known: number): WebSocketFault | undefined {
  const verdict = verdicts[firstByte | known]!;
  return verdict === allowed ? undefined : rules[verdict - 1];
}

/** The rules themselves (RFC 6455 sections 5.2, 5.4 and 5.5, RFC 7692 section 6). */
function judge(situation: number): WebSocketFault | undefined {
  const opcode = situation & 0x0f;
  const isControl = (opcode & controlBit) !== 0;
  const isContinuation = opcode === opcodes.continuation;
  // RFC 7692 section 6.1: "Per-Message Compressed" is said by the first frame of a message, and by no control frame.
  const mayBeCompressed = (situation & compressionNegotiated) !== 0 && !isControl && !isContinuation;
  if ((situation & otherReservedBits) !== 0 || ((situation & rsv1Bit) !== 0 && !mayBeCompressed)) {
    return "ERR_TURNOUT_WEBSOCKET_RESERVED_BITS";
  }
  if (!(Object.values(opcodes) as number[]).includes(opcode)) {
    return "ERR_TURNOUT_WEBSOCKET_OPCODE";
  }
  if (isControl) {
    return (situation & finBit) === 0 ? "ERR_TURNOUT_WEBSOCKET_CONTROL_FRAME" : undefined;
  }
  return isContinuation === ((situation & withinMessage) !== 0) ? undefined : "ERR_TURNOUT_WEBSOCKET_FRAGMENTS";
}
