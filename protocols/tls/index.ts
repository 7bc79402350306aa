export { TlsProtocol, type TlsProtocolOptions } from "./protocol.ts";
