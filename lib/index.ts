export type { AdoptedHttp } from "./adoption.ts";
export type { Answered } from "./answered.ts";
export { type SelfSigned, selfSigned } from "./certificate.ts";
export { type Codec, type CodecOptions, fromCodec } from "./codec.ts";
export type { ByteCounts, ConnectionInfo } from "./connection-info.ts";
export type { DiagnosticMessages, TracingContexts } from "./diagnostics.ts";
export type { DrainCount, DrainReport } from "./drain-report.ts";
export {
  ModuleError,
  type ModuleErrorCode,
  PeerError,
  type PeerErrorCode,
  TransportError,
  type TransportErrorCode,
  type TurnoutError,
  UsageError,
  type UsageErrorCode,
} from "./errors.ts";
export { type HealthOptions, health } from "./health.ts";
export { Fields } from "./http/fields.ts";
export type { HttpRequest, OriginalRequest, Peer, RequestInfo } from "./http/request.ts";
export type { RequestBody } from "./http/request-body.ts";
export { type BodyLike, type ResponseLike, type TrailersLike, upgradeRequired } from "./http/response.ts";
export type { FieldsLike } from "./http/response-fields.ts";
export { type InheritedListener, inheritedListeners } from "./inherited-listeners.ts";
export type { ListenOptions } from "./listeners.ts";
export type { Limits, Negotiate, Respond, ServerOptions, Timeouts } from "./options.ts";
export type { Phase } from "./phase.ts";
export {
  type Beneath,
  type Decision,
  decline,
  type Offer,
  ProtocolModule,
  reject,
  type SwitchOptions,
  switchTo,
} from "./protocol-module.ts";
export type { ProxyAddress, ProxyHeader, ProxySsl, ProxyTlv } from "./proxy/header.ts";
export type { ProxyOptions } from "./proxy/trusted-proxies.ts";
export { type Member, Roster } from "./roster.ts";
export {
  type CloseOptions,
  createServer,
  Server,
  type ServerEvents,
} from "./server.ts";
export type { HandshakeTimes, ServerStats } from "./stats.ts";
export type { StreamRequest } from "./stream-request.ts";
export type { Transport } from "./transport.ts";
export { traceWire } from "./wire-trace.ts";
