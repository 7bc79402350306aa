import type { OriginalRequest, RequestInfo } from "turnout";
import { fieldBlock, frame, preface, requestFrames, types } from "./frames.ts";

/** Fields that belong to the HTTP/1.1 connection, or say what pseudo-fields say (RFC 9113 section 8.2.2). */
const leftOut = new Set([
  "connection",
  "host",
  "http2-settings",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/** Fields by which intermediaries make themselves known. */
const forwarding = /^(?:via|forwarded|x-forwarded-[a-z-]+|x-real-ip)$/i;

/** Whether an intermediary has passed the request on: then it is not with the client that HTTP/2 would be spoken. */
export function isForwarded({ headers, peer }: RequestInfo): boolean {
  return peer.proxy !== undefined || [...headers].some(([name]) => forwarding.test(name));
}

/** Whether HTTP/2 can say the request at all (RFC 9113 section 8.3.1). */
export function canBeSaid({ method, target, host }: RequestInfo): boolean {
  return host !== "" && method !== "CONNECT" && (target !== "*" || method === "OPTIONS");
}

/**
 * What node:http2 is given to read so that it has the request of an HTTP/1.1 Upgrade as stream 1 (RFC 7540 section 3.2):
 * the preface; one SETTINGS frame, of the HTTP2-Settings field and of the client's own first frame, for which the client
 * gets the one acknowledgement that it waits for; and the request.
 */
export function openingBytes(request: OriginalRequest, upgradeSettings: Buffer, clientSettings: Buffer): Buffer {
  const settings = frame(types.settings, 0, 0, Buffer.concat([upgradeSettings, clientSettings]));
  return Buffer.concat([preface, settings, requestFrames(1, fieldBlock(fieldsOf(request)), request.body)]);
}

function* fieldsOf(request: OriginalRequest): Generator<readonly [string, string]> {
  yield [":method", request.method];
  yield [":scheme", "http"];
  yield [":authority", request.host];
  yield [":path", request.target];
  const named = new Set(
    request.headers.getAll("connection").flatMap((line) => line.toLowerCase().split(/[ \t]*,[ \t]*/)),
  );
  for (const [name, value] of request.headers) {
    const lower = name.toLowerCase();
    if (!leftOut.has(lower) && !named.has(lower)) {
      yield [lower, value];
    }
  }
  if (/(?:^|[,\s])trailers(?:[,;\s]|$)/i.test(request.headers.get("te") ?? "")) {
    yield ["te", "trailers"];
  }
}
