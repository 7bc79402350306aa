import { isUtf8 } from "node:buffer";
import { UsageError } from "turnout";
import type { WebSocketFault } from "./faults.ts";

/** What a Close frame says; its code is 1005 where it says nothing (RFC 6455 section 7.1.5). */
export interface CloseStatus {
  readonly code: number;
  readonly reason: string;
}

/** No Close frame came (RFC 6455 section 7.4.1); never sent. */
export const abnormalClosure: CloseStatus = { code: 1006, reason: "" };

const noStatus: CloseStatus = { code: 1005, reason: "" };

/** Bytes of a reason: the payload of a control frame, less the code (RFC 6455 section 5.5). */
const maxReasonBytes = 123;

/** Whether a Close frame may carry the code (RFC 6455 section 7.4; 1012 to 1014 are registered since). */
function mayBeSent(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/** Reads the payload of a Close frame (RFC 6455 section 5.5.1). */
export function readClose(payload: Buffer): CloseStatus | WebSocketFault {
  if (payload.length === 0) {
    return noStatus;
  }
  if (payload.length === 1) {
    return "ERR_TURNOUT_WEBSOCKET_CLOSE";
  }
  const code = payload.readUInt16BE(0);
  if (!mayBeSent(code)) {
    return "ERR_TURNOUT_WEBSOCKET_CLOSE";
  }
  const reason = payload.subarray(2);
  return isUtf8(reason) ? { code, reason: reason.toString("utf8") } : "ERR_TURNOUT_WEBSOCKET_UTF8";
}

/** The payload of a Close frame; empty for the code 1005. Throws a `UsageError` for what must not be sent. */
export function composeClose(code: number, reason: string): Buffer {
  if (code === noStatus.code && reason === "") {
    return Buffer.alloc(0);
  }
  const text = Buffer.from(reason);
  if (!Number.isInteger(code) || !mayBeSent(code)) {
    throw new UsageError("ERR_TURNOUT_OPTION", `${code} is not a Close code that can be sent`);
  }
  if (text.length > maxReasonBytes) {
    throw new UsageError("ERR_TURNOUT_OPTION", `a Close reason has ${maxReasonBytes} bytes at most`);
  }
  const payload = Buffer.allocUnsafe(2 + text.length);
  payload.writeUInt16BE(code, 0);
  text.copy(payload, 2);
  return payload;
}
