/** What is asked of node:http2 that its documentation does not promise, on each release that is supported. */

import {
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from "node:http2";
import type { Duplex } from "node:stream";

/**
 * A session on a stream that has been read from: it reads `first`, then what was put back into the stream, and then what the
 * native handle gives.
 */
export function sessionOn(stream: Duplex, options: ServerOptions, first: readonly Buffer[] = []): ServerHttp2Session {
  const bytes = Buffer.concat(first);
  if (bytes.length > 0) {
    stream.unshift(bytes);
  }
  return performServerHandshake(stream, options);
}

/** The trailers of a request as they came: names and values by turns. Older releases give the event's third argument without saying so. */
export function onTrailers(stream: ServerHttp2Stream, take: (fields: readonly string[]) => void): void {
  stream.on("trailers", (_trailers: unknown, _flags: number, fields: string[]) => take(fields));
}
