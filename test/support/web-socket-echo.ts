import { assert } from "chai";
import type { RequestInfo, Respond } from "turnout";
import { type ServerWebSocket, type WebSocketOptions, WebSocketProtocol } from "turnout/websocket";
import { type Fronted, servingBehind, tcpFront, tlsFront } from "./fronts.ts";
import { patiently } from "./patiently.ts";

/** How a WebSocket ended, as the server was told. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
  readonly error: Error | undefined;
}

/** What the server saw of one WebSocket. */
export interface Talk {
  readonly socket: ServerWebSocket;
  readonly messages: readonly (string | Buffer)[];
  readonly ended: Promise<Ending>;
}

/** A server that echoes, and what it saw. */
export interface Echoing extends Fronted {
  /** The URL of its WebSockets. */
  readonly url: string;
  /** The URL of its page. */
  readonly pageUrl: string;
  /** In the order in which they were opened. */
  readonly talks: readonly Talk[];
  /** What was answered over HTTP, in order. */
  readonly answered: readonly { readonly request: RequestInfo; readonly status: number }[];
}

export interface EchoOptions {
  readonly secure?: boolean;
  /** Of the protocol; by default it has the subprotocols chat.v2 and chat.v1. */
  readonly webSocket?: WebSocketOptions<undefined>;
  readonly respond?: Respond;
}

/** Each way in which a server can be told to compress, and what the client's offer has to lead to. */
export const compressions: readonly {
  readonly title: string;
  readonly perMessageDeflate: NonNullable<WebSocketOptions<undefined>["perMessageDeflate"]>;
  /** What the response's Sec-WebSocket-Extensions says. */
  readonly extensions: RegExp;
}[] = [
  { title: "without compression", perMessageDeflate: false, extensions: /^$/ },
  { title: "with permessage-deflate", perMessageDeflate: true, extensions: /^permessage-deflate\b/ },
  {
    title: "with permessage-deflate that keeps its context",
    perMessageDeflate: { thresholdBytes: 0, contextTakeover: true },
    extensions: /^permessage-deflate\b(?!.*_no_context_takeover)/,
  },
];

/**
 * Runs `test` with a server that gives every message back, but for two that are orders: `close CODE REASON`, and
 * `ping PAYLOAD`, which is answered when the pong has come. Fails where anything was reported as a fault.
 */
export function echoing(
  { secure = false, webSocket, respond }: EchoOptions,
  test: (echoing: Echoing) => Promise<void>,
): Promise<void> {
  const heard = new Map<ServerWebSocket, { messages: (string | Buffer)[]; end: (ending: Ending) => void }>();
  const talks: Talk[] = [];
  const answered: { request: RequestInfo; status: number }[] = [];
  const protocol = new WebSocketProtocol({
    subprotocols: ["chat.v2", "chat.v1"],
    open: (socket) => {
      const messages: (string | Buffer)[] = [];
      let end: (ending: Ending) => void = () => {};
      const ended = new Promise<Ending>((resolve) => {
        end = resolve;
      });
      heard.set(socket, { messages, end });
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
    secure ? tlsFront() : tcpFront,
    { protocols: [protocol], ...(respond === undefined ? {} : { respond }) },
    async (fronted) => {
      fronted.server.on("answered", (request, status) => answered.push({ request, status }));
      const [url, pageUrl] = ["ws", "http"].map(
        (scheme) => `${scheme}${secure ? "s" : ""}://localhost:${fronted.port}/`,
      );
      await patiently(() => test({ ...fronted, url: url!, pageUrl: pageUrl!, talks, answered }));
      assert.deepEqual(fronted.faults, []);
    },
  );
}
