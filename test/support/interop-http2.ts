import { EventEmitter } from "node:events";
import { assert } from "chai";
import { type Limits, type RequestInfo, upgradeRequired } from "turnout";
import { type Http2Options, Http2Protocol } from "turnout/http2";
import { WebSocketProtocol } from "turnout/websocket";
import { type Fronted, servingBehind, tcpFront } from "./fronts.ts";
import { patiently } from "./patiently.ts";

/** What the server saw of one request that it answered. */
export interface SeenRequest {
  readonly method: string;
  readonly target: string;
  readonly httpVersion: string;
  /** Bytes of its content. */
  readonly length: number;
  readonly host: string;
  /** The client's port: requests that came on one connection have the same. */
  readonly port: number | undefined;
  readonly request: RequestInfo;
}

/** A server that speaks HTTP/2, and what it saw. */
export interface SpeakingHttp2 extends Fronted {
  readonly url: string;
  /** Requests that the application answered, in order. */
  readonly seen: readonly SeenRequest[];
  /** Has an event for each request, as soon as the application has it. */
  readonly arrivals: EventEmitter<{ request: [request: RequestInfo] }>;
  /** Connections and streams that were switched, with the request and the token, in order. */
  readonly switched: readonly { readonly request: RequestInfo; readonly token: string }[];
  /** The tokens of the connections that began with a protocol's own opening bytes. */
  readonly opened: readonly string[];
}

export interface SpeakingOptions {
  readonly http2?: Http2Options;
  readonly limits?: Partial<Limits>;
}

/** What the application answers to a request. */
export function answerTo(method: string, target: string, httpVersion: string, length = 0): string {
  return `${method} ${target} ${httpVersion} ${length}\n`;
}

/**
 * Runs `test` with a server that tells each request what it was, and echoes on WebSockets. `/required` is answered 426, and
 * behind an answer to `/trailers` comes `x-seen` with how many requests were seen.
 * Fails where anything was reported as a fault or a refusal.
 */
export function speakingHttp2(
  test: (speaking: SpeakingHttp2) => Promise<void>,
  { http2, limits = {} }: SpeakingOptions = {},
): Promise<void> {
  const seen: SeenRequest[] = [];
  const switched: { request: RequestInfo; token: string }[] = [];
  const opened: string[] = [];
  const arrivals = new EventEmitter<{ request: [request: RequestInfo] }>();
  const webSocket = new WebSocketProtocol({ message: (socket, message) => void socket.send(message) });
  return servingBehind(
    tcpFront,
    {
      protocols: [new Http2Protocol(http2), webSocket],
      limits,
      respond: async (request) => {
        arrivals.emit("request", request);
        const { length } = await request.bytes();
        const { method, target, httpVersion, host, peer } = request;
        seen.push({ method, target, httpVersion, length, host, port: peer.port, request });
        if (target === "/required") {
          return upgradeRequired("websocket");
        }
        const response = {
          headers: { "Content-Type": "text/plain" },
          body: answerTo(method, target, httpVersion, length),
        };
        return target === "/trailers" ? { ...response, trailers: () => ({ "x-seen": String(seen.length) }) } : response;
      },
    },
    async (fronted) => {
      const { server, port, faults } = fronted;
      server.on("switched", (request, token) => switched.push({ request, token }));
      server.on("opened", (token) => opened.push(token));
      await patiently(() => test({ ...fronted, url: `http://127.0.0.1:${port}`, seen, arrivals, switched, opened }));
      assert.deepEqual(faults, []);
      assert.deepEqual(server.stats().refused, {});
    },
  );
}

/** What the requests were, without what differs from one run to the next. */
export function summaryOf(seen: readonly SeenRequest[]): string[] {
  return seen.map(({ method, target, httpVersion, length }) => answerTo(method, target, httpVersion, length).trimEnd());
}

/** All requests came on one connection, the only one; it began with HTTP/1.1 and was switched. */
export function assertSwitchedOnce({ seen, switched, opened, sockets, server }: SpeakingHttp2): void {
  assert.deepEqual(
    switched.map(({ token }) => token),
    ["h2c"],
  );
  assert.deepEqual(opened, []);
  assertOneConnection(seen, sockets);
  assert.equal(server.stats().switched["h2c"]?.total, 1);
}

/** All requests came on one connection, the only one, which began with HTTP/2. */
export function assertOpenedOnce({ seen, switched, opened, sockets, server }: SpeakingHttp2): void {
  assert.deepEqual(switched, []);
  assert.deepEqual(opened, ["h2"]);
  assertOneConnection(seen, sockets);
  assert.equal(server.stats().switched["h2"]?.total, 1);
}

function assertOneConnection(seen: readonly SeenRequest[], sockets: readonly unknown[]): void {
  assert.lengthOf(sockets, 1);
  assert.equal(new Set(seen.map(({ port }) => port)).size, 1);
}
