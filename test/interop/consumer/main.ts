import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import {
  type Answered,
  type Codec,
  createServer,
  type Decision,
  decline,
  Fields,
  fromCodec,
  type HttpRequest,
  health,
  type Limits,
  ModuleError,
  type Offer,
  type OriginalRequest,
  PeerError,
  ProtocolModule,
  type ResponseLike,
  reject,
  type Server,
  type ServerOptions,
  type ServerStats,
  selfSigned,
  switchTo,
  type Timeouts,
  type Transport,
  UsageError,
  upgradeRequired,
} from "turnout";
import { EchoProtocol } from "turnout/echo";
import { ExampleProtocol } from "turnout/example";
import { type Http2Options, Http2Protocol } from "turnout/http2";
import { prometheus } from "turnout/metrics";
import { type ContractScript, contract, type Switched, switched } from "turnout/testing";
import { TlsProtocol } from "turnout/tls";
import { admit, type Message, type ServerWebSocket, WebSocketProtocol } from "turnout/websocket";

/** What belongs to one connection. */
interface Visit {
  readonly name: string;
  count: number;
}

/** A module with all that can be declared and overridden, and with state. */
class Visits extends ProtocolModule<Visit> {
  readonly tokens = ["visits/2", "visits/1"];
  override readonly methods = ["GET", "POST"];
  override readonly maxBody = 1_024;
  override readonly halfClose = "mirror";
  readonly transports: Set<Transport<Visit>> = new Set();

  override async accept({ request, signal }: Offer): Promise<Decision<Visit>> {
    signal.throwIfAborted();
    const name = request.headers.get("x-name");
    if (name === undefined) {
      return reject(401, "who is there?\n", { headers: [["X-Reason", "no name"]] });
    }
    return name === "nobody" ? decline() : switchTo({ name, count: 0 }, { headers: { "X-Visit": ["yes"] } });
  }

  takeOver(request: OriginalRequest, transport: Transport<Visit>, visit: Visit): Answered {
    this.transports.add(transport);
    transport.onData = (chunk: Buffer) => transport.write(`${visit.name} ${++visit.count}: ${chunk.toString()}`);
    return transport.answer(`${request.method} ${request.target}, ${transport.state.name}, ${request.body.length}\n`);
  }

  override drain(transport: Transport<Visit>): void {
    transport.end("bye\n");
  }

  override onClose(transport: Transport<Visit>, error: Error | undefined): void {
    this.transports.delete(transport);
    assert.equal(error, undefined);
  }
}

const lines = fromCodec({
  tokens: ["lines/1"],
  codec: (): Codec => ({ begin: ({ path }) => [`${path}\n`], receive: (chunk) => [chunk], end: () => ["end\n"] }),
});

const chat = new WebSocketProtocol<{ readonly nick: string }>({
  origin: (origin) => origin !== "https://evil.example",
  accept: ({ subprotocols }) => admit({ nick: subprotocols[0] ?? "nobody" }, { compress: false }),
  message(socket: ServerWebSocket<{ readonly nick: string }>, message: Message): void {
    chat.broadcast(`${socket.state.nick}: ${message.toString()}`, { except: socket });
  },
  limits: { maxMessageBytes: 65_536 },
});

const http2Options: Http2Options = { upgrade: "direct-only", limits: { maxConcurrentStreams: 10 } };
const limits: Partial<Limits> = { maxHeadBytes: 8_192 };
const timeouts: Partial<Timeouts> = { drainMs: 1_000 };

/** Declared by what is inferred: its type has to have a name. */
export const exposition = () => prometheus(server.stats());

async function respond(request: HttpRequest): Promise<ResponseLike> {
  const fields = Fields.from([["X-Agent", request.headers.get("user-agent") ?? "none"]]);
  switch (request.path) {
    case "/required":
      return upgradeRequired("visits/2");
    case "/metrics":
      return exposition();
    case "/web":
      return new Response(`${request.method} ${new URL(request.toWeb().url).pathname}`);
    default:
      return { status: 200, headers: fields, body: [await request.text(), new Uint8Array([10])] };
  }
}

const options: ServerOptions = {
  protocols: [
    new Visits(),
    lines,
    chat,
    new EchoProtocol(),
    new ExampleProtocol(),
    new Http2Protocol(http2Options),
    new TlsProtocol({ ...selfSigned(), upgrade: false }),
  ],
  respond: health({ live: "/live", ready: "/ready" }, respond),
  negotiate: (_request, offers) => offers,
  limits,
  timeouts,
};

const server: Server = createServer(options);
const refused: PeerError[] = [];
server.on("refused", (error) => refused.push(error));
server.on("fault", (error: ModuleError) => assert.fail(error));
const { port } = (await server.listen({ port: 0, host: "127.0.0.1" })) as AddressInfo;

const socket = connect({ port, host: "127.0.0.1" });
socket.write("GET /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: visits/2\r\nX-Name: ada\r\n\r\nhello");
let heard = "";
while (!heard.endsWith("ada 1: hello")) {
  heard += String(...(await once(socket, "data")));
}
assert.match(heard, /^HTTP\/1\.1 101 [\s\S]*\r\nX-Visit: yes\r\n\r\nGET \/a, ada, 0\nada 1: hello$/);
const response = await fetch(`http://127.0.0.1:${port}/echo`, { method: "POST", body: "content" });
assert.equal(await response.text(), "content\n");
assert.equal(await (await fetch(`http://127.0.0.1:${port}/web`)).text(), "GET /web");
assert.match(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(), /turnout/);
const stats: ServerStats = server.stats();
assert.deepEqual(stats.switched["visits/2"], { open: 1, total: 1 });
const { switched: drained } = await server.close();
assert.deepEqual(drained, { "visits/2": { closed: 1, destroyed: 0 } });
assert.throws(() => createServer({ limits: { maxFields: -1 } }), UsageError);
assert.deepEqual(refused, []);
assert.ok(new PeerError("ERR_OWN", 400, "own") instanceof Error && ModuleError.name !== "");

const run: Switched = await switched(new EchoProtocol(), { target: "/x", early: "ping" });
assert.equal(String(await run.end()), "GET /x\r\nping");
const script: ContractScript = { input: "ping" };
for (const { title, run } of contract(() => lines, script)) {
  await run().catch((cause: unknown) => assert.fail(`${title}: ${String(cause)}`));
}
console.log("all of it works");
