import type { OriginalRequest } from "turnout";

/** Fields that belonged to the connection in clear text, or to the framing of content that has been read. */
const leftOut = new Set(["connection", "upgrade", "content-length", "transfer-encoding", "expect", "keep-alive"]);

/**
 * The request as the client would have sent it inside TLS (RFC 2817 section 3.3: there it is answered): what is read first
 * from the secure stream.
 */
export function originalRequestBytes(request: OriginalRequest): Buffer {
  const named = new Set(
    request.headers.getAll("connection").flatMap((line) => line.toLowerCase().split(/[ \t]*,[ \t]*/)),
  );
  const fields = [...request.headers].filter(([name]) => {
    const lower = name.toLowerCase();
    return !leftOut.has(lower) && (!named.has(lower) || lower === "host");
  });
  const lines = [
    `${request.method} ${request.target} HTTP/1.1`,
    ...fields.map(([name, value]) => `${name}: ${value}`),
    ...(request.body.length > 0 ? [`Content-Length: ${request.body.length}`] : []),
  ];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), request.body]);
}
