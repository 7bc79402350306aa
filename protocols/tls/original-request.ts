import type { OriginalRequest } from "turnout";

/** Fields of the connection in clear text, or of the framing of content that has been read. */
const leftOut = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/**
 * The request as the client would have sent it inside TLS (RFC 2817 section 3.3: there it is answered): what is read first
 * from the secure stream. It is never longer than it was.
 */
export function originalRequestBytes(request: OriginalRequest): Buffer {
  const lines = [
    `${request.method} ${request.target} HTTP/1.1`,
    `Host:${request.host}`, // an absolute-form target has another one than the field
    ...[...request.headers]
      .filter(([name]) => !leftOut.has(name.toLowerCase()))
      .map(([name, value]) => `${name}:${value}`),
    ...(request.body.length > 0 ? [`Content-Length:${request.body.length}`] : []),
  ];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), request.body]);
}
