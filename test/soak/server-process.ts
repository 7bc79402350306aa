import type { AddressInfo } from "node:net";
import { createServer, type DrainReport, type HttpRequest, type Server, type ServerStats, selfSigned } from "turnout";
import { EchoProtocol } from "turnout/echo";
import { Http2Protocol } from "turnout/http2";
import { TlsProtocol } from "turnout/tls";
import { WebSocketProtocol } from "turnout/websocket";
import { largeBytes } from "./conversation.ts";
import { type Measurement, measured } from "./measurement.ts";
import { serve } from "./part.ts";

/** How a server has closed. */
export interface Closed {
  readonly report: DrainReport;
  readonly stats: ServerStats;
  /** What it said when it was closed of those who were still there. */
  readonly leftConnections: number;
  readonly leftWebSockets: number;
}

/** What the process has when no server is there. */
export interface Rest extends Measurement {
  /** Servers that have closed and are still reached by something. */
  readonly servers: number;
}

const certificate = selfSigned();
const servers: { readonly server: Server; readonly webSockets: WebSocketProtocol }[] = [];
/** Servers that have closed, as long as something still reaches them. */
const gone: WeakRef<Server>[] = [];
/** Requests that the application has answered, by the first word of their path. */
const served: Record<string, number> = {};

async function* pieces(count: number): AsyncGenerator<Uint8Array> {
  for (let piece = 0; piece < count; piece++) {
    await undefined;
    yield Buffer.alloc(65_536, "x");
  }
}

async function respond(request: HttpRequest): Promise<{ body: string | Uint8Array | AsyncIterable<Uint8Array> }> {
  const kind = request.path.slice(1);
  served[kind] = (served[kind] ?? 0) + 1;
  switch (kind) {
    case "large":
      return { body: pieces(largeBytes / 65_536) };
    case "endless":
      return { body: pieces(Number.POSITIVE_INFINITY) };
    default: {
      const content = await request.bytes();
      return { body: request.method === "POST" ? content : `${request.method} ${request.target}\n` };
    }
  }
}

async function start(): Promise<number> {
  const webSockets = new WebSocketProtocol({
    message: (socket, message) => void socket.send(message),
    perMessageDeflate: true,
  });
  const server = createServer({
    protocols: [
      new TlsProtocol({ ...certificate, handshakeTimeout: 2_000 }),
      new Http2Protocol({ timeouts: { idleMs: 5_000 } }),
      webSockets,
      new EchoProtocol(),
    ],
    respond,
    timeouts: { headMs: 3_000, bodyMs: 3_000, keepAliveMs: 1_500, stallMs: 1_000, closeMs: 1_000 },
  });
  servers.push({ server, webSockets });
  return ((await server.listen({ port: 0, host: "127.0.0.1" })) as AddressInfo).port;
}

async function close(): Promise<Closed> {
  const { server, webSockets } = servers.shift()!;
  // The delay is for connections that the system has made and the server has not seen: it would reset them.
  const report = await server.close({ delayMs: 1_000, graceMs: 8_000 });
  gone.push(new WeakRef(server));
  return {
    report,
    stats: server.stats(),
    leftConnections: server.connections().length,
    leftWebSockets: webSockets.sockets.size,
  };
}

async function measure(): Promise<Rest> {
  const measurement = await measured();
  return { ...measurement, servers: gone.filter((one) => one.deref() !== undefined).length };
}

/** What this part does. */
export type ServerDuties = {
  /** One more server; its port. */
  readonly start: () => Promise<number>;
  /** Closes the oldest of them. */
  readonly close: () => Promise<Closed>;
  readonly measure: () => Promise<Rest>;
  /** Requests that the application has answered, by the first word of their path. */
  readonly served: () => Readonly<Record<string, number>>;
};

serve({ start, close, measure, served: () => served } satisfies ServerDuties);
