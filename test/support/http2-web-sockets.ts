import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import type { ServerOptions } from "turnout";
import { Http2Protocol } from "turnout/http2";
import { type WebSocketOptions, WebSocketProtocol } from "turnout/websocket";
import { type Http2Serving, servingHttp2, soonOn } from "./http2-serving.ts";
import { RawClient } from "./raw-client.ts";
import type { Closing } from "./websocket-frames.ts";

/** The request that opens a WebSocket over a stream (RFC 8441 section 5.1). */
export const extendedConnect: OutgoingHttpHeaders = {
  ":method": "CONNECT",
  ":protocol": "websocket",
  ":scheme": "http",
  ":path": "/chat",
  ":authority": "h",
  "sec-websocket-version": "13",
};

/** A WebSocket over a stream, as its client has it. */
export interface StreamSocket {
  readonly stream: ClientHttp2Stream;
  /** Reads and writes frames on the stream. */
  readonly client: RawClient;
  readonly headers: IncomingHttpHeaders;
}

/** A server with WebSockets over HTTP/2. */
export interface Http2Echoing extends Http2Serving {
  readonly protocol: WebSocketProtocol<undefined>;
  /** What `close` callbacks were told, in order. */
  readonly closings: readonly Closing[];
  /** Opens a WebSocket on a session; throws where the answer is not 200. */
  open(session: ClientHttp2Session, fields?: OutgoingHttpHeaders): Promise<StreamSocket>;
  /** Resolves when `count` sockets have been closed. */
  closed(count: number): Promise<void>;
}

/** Runs `test` against a server that sends every message back over HTTP/2, unless `options` say otherwise. */
export function echoingOverHttp2(
  options: WebSocketOptions<undefined>,
  test: (echoing: Http2Echoing) => Promise<void>,
  { idleMs = 60_000, ...serverOptions }: ServerOptions & { readonly idleMs?: number } = {},
): Promise<void> {
  const closings: Closing[] = [];
  let told = (): void => {};
  const protocol = new WebSocketProtocol<undefined>({
    message: (socket, message) => void socket.send(message),
    ...options,
    close: (socket, code, reason, error) => {
      closings.push({ code, reason, error: (error as { code?: string } | undefined)?.code });
      told();
      return options.close?.(socket, code, reason, error);
    },
  });
  const closed = (count: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${closings.length} sockets of ${count} are closed`)), 10_000);
      told = () => {
        if (closings.length >= count) {
          clearTimeout(late);
          resolve();
        }
      };
      told();
    });
  return servingHttp2((serving) => test({ ...serving, protocol, closings, open: openOver, closed }), {
    protocols: [new Http2Protocol({ timeouts: { idleMs } }), protocol],
    ...serverOptions,
  });
}

async function openOver(session: ClientHttp2Session, fields: OutgoingHttpHeaders = {}): Promise<StreamSocket> {
  const { stream, headers } = await connectOver(session, fields);
  if (headers[":status"] !== 200) {
    throw new Error(`no 200: ${JSON.stringify(headers)}`);
  }
  return { stream, headers, client: new RawClient(stream) };
}

/** Sends an extended CONNECT, and waits for its answer's fields. */
export async function connectOver(
  session: ClientHttp2Session,
  fields: OutgoingHttpHeaders = {},
): Promise<{ stream: ClientHttp2Stream; headers: IncomingHttpHeaders & { ":status"?: number } }> {
  if (session.remoteSettings?.enableConnectProtocol !== true) {
    await soonOn(session, "remoteSettings");
  }
  const stream = session.request({ ...extendedConnect, ...fields }, { endStream: false });
  stream.on("error", () => {});
  const [headers] = await soonOn(stream, "response");
  return { stream, headers: headers as IncomingHttpHeaders & { ":status"?: number } };
}
