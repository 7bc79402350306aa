export type { WebSocketFault } from "./faults.ts";
export type { Message } from "./inbox.ts";
export type { OriginPolicy } from "./opening-handshake.ts";
export {
  type Admission,
  type AdmitOptions,
  admit,
  type DeflateOptions,
  type WebSocketHandlers,
  type WebSocketLimits,
  type WebSocketOffer,
  type WebSocketOptions,
  type WebSocketTimeouts,
} from "./options.ts";
export { type BroadcastOptions, type OpenSockets, WebSocketProtocol } from "./protocol.ts";
export { ServerWebSocket } from "./socket.ts";
