import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { Fields, type StreamRequest } from "turnout";

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants;

/** A stream as a request that the core can have answered. */
export function streamRequest(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders & Record<string, unknown>,
  rawHeaders: readonly string[],
): StreamRequest {
  const authority = text(headers[":authority"]) ?? text(headers["host"]) ?? "";
  let trailers = Fields.empty;
  if (!stream.endAfterHeaders) {
    stream.on("trailers", (_trailers: unknown, _flags: number, raw: string[]) => {
      trailers = Fields.from(fieldsIn(raw, ""));
    });
  }
  return {
    method: text(headers[":method"])!,
    target: text(headers[":path"]) ?? "*",
    authority,
    httpVersion: "2.0",
    headers: Fields.from(fieldsIn(rawHeaders, authority)),
    get trailers() {
      return trailers;
    },
    protocol: text(headers[":protocol"]),
    ended: stream.endAfterHeaders,
    get aborted() {
      return stream.aborted;
    },
    expectContinue: headers["expect"] === "100-continue",
    stream,
    sendContinue: () => {
      if (!stream.destroyed && !stream.headersSent) {
        stream.additionalHeaders({ ":status": 100 });
      }
    },
    sendHead: (status, fields, ends) => {
      if (!stream.destroyed && !stream.headersSent) {
        stream.respond({ ":status": status, ...record(fields) }, { endStream: ends });
      }
    },
    reset: (complete) => {
      if (!stream.destroyed) {
        stream.close(complete ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
      }
    },
  };
}

/** What a request's fields come to, as RFC 9113 section 6.5.2 counts them. */
export function headerListBytes(rawHeaders: readonly string[]): number {
  return rawHeaders.reduce((sum, { length }) => sum + length, 0) + (rawHeaders.length / 2) * 32;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The fields without the pseudo-fields, and with Host, which an application may want to see. */
function* fieldsIn(raw: readonly string[], authority: string): Generator<[string, string]> {
  let hasHost = false;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at]!;
    hasHost ||= name === "host";
    if (!name.startsWith(":")) {
      yield [name, raw[at + 1]!];
    }
  }
  if (!hasHost && authority !== "") {
    yield ["host", authority];
  }
}

function record(fields: readonly (readonly [string, string])[]): Record<string, string | string[]> {
  const values: Record<string, string | string[]> = {};
  for (const [name, value] of fields) {
    const lower = name.toLowerCase();
    const before = values[lower];
    values[lower] = before === undefined ? value : [before, value].flat();
  }
  return values;
}
