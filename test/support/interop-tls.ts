import { assert } from "chai";
import type { HttpRequest, RequestInfo, ResponseLike } from "turnout";
import { Http2Protocol } from "turnout/http2";
import { TlsProtocol } from "turnout/tls";
import { type ServerWebSocket, type WebSocketOptions, WebSocketProtocol } from "turnout/websocket";
import { servingBehind, tcpFront } from "./fronts.ts";
import { patiently } from "./patiently.ts";
import { certificate } from "./tls-serving.ts";
import type { Echoing, Ending, Talk } from "./web-socket-echo.ts";

/** A server that echoes within TLS which it speaks itself. */
export interface EchoingInTls extends Echoing {
  /** The requests that the application answered, in order. */
  readonly requests: readonly RequestInfo[];
}

export interface EchoInTlsOptions {
  /** Whether it speaks HTTP/2, too. */
  readonly http2: boolean;
  readonly webSocket?: WebSocketOptions<undefined>;
  readonly respond: (request: HttpRequest) => ResponseLike;
}

/** As `echoing`, with the protocol TLS, and HTTP/2 if told so, instead of a listener that has TLS before it. */
export function echoingInTls(
  { http2, webSocket, respond }: EchoInTlsOptions,
  test: (echoing: EchoingInTls) => Promise<void>,
): Promise<void> {
  const heard = new Map<ServerWebSocket, { messages: (string | Buffer)[]; end: (ending: Ending) => void }>();
  const talks: Talk[] = [];
  const requests: RequestInfo[] = [];
  const answered: { request: RequestInfo; status: number }[] = [];
  const protocol = new WebSocketProtocol({
    subprotocols: ["chat.v2", "chat.v1"],
    open: (socket) => {
      const messages: (string | Buffer)[] = [];
      const ended = new Promise<Ending>((end) => heard.set(socket, { messages, end }));
      talks.push({ socket, messages, ended });
    },
    message: (socket, message) => {
      heard.get(socket)!.messages.push(message);
      const [, order, argument, rest] = /^(close|ping) (\S+) ?(.*)$/.exec(String(message)) ?? [];
      if (order === "close") {
        socket.close(Number(argument), rest);
      } else if (order === "ping") {
        socket.ping(argument);
      } else {
        socket.send(message);
      }
    },
    pong: (socket, payload) => void socket.send(`pong ${payload}`),
    close: (socket, code, reason, error) => heard.get(socket)!.end({ code, reason, error }),
    ...webSocket,
  });
  return servingBehind(
    tcpFront,
    {
      protocols: [new TlsProtocol(certificate), protocol, ...(http2 ? [new Http2Protocol()] : [])],
      respond: (request) => {
        requests.push(request);
        return respond(request);
      },
    },
    async (fronted) => {
      fronted.server.on("answered", (request, status) => answered.push({ request, status }));
      const at = `//localhost:${fronted.port}/`;
      await patiently(() => test({ ...fronted, url: `wss:${at}`, pageUrl: `https:${at}`, talks, answered, requests }));
      assert.deepEqual(fronted.faults, []);
    },
  );
}
