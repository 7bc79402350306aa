import type { AddressInfo } from "node:net";
import { type Answered, createServer, type OriginalRequest, ProtocolModule, type Transport } from "../../lib/index.ts";
import { Http2Protocol } from "../../protocols/http2/index.ts";
import { TlsProtocol } from "../../protocols/tls/index.ts";
import { WebSocketProtocol } from "../../protocols/websocket/index.ts";
import { givenCertificate } from "../machine/certificate.ts";
import type { ModuleName } from "../suites/suite.ts";
import { body, compression, payloadOf, type Workload } from "../suites/workload.ts";
import type { Order, Served } from "./index.ts";
import { where } from "./listening.ts";

const headers = { "Content-Type": "text/plain" };
const answer = { headers, body };

class BenchProtocol extends ProtocolModule {
  readonly tokens: readonly string[];

  constructor(token: string) {
    super();
    this.tokens = [token];
  }

  takeOver(request: OriginalRequest, transport: Transport): Answered {
    transport.onData = (chunk) => transport.write(chunk);
    return transport.answer(`${request.method} ${request.target}\n`);
  }
}

const modules: Readonly<Record<ModuleName, (workload: Workload) => ProtocolModule<unknown>>> = {
  "bench/1": () => new BenchProtocol("bench/1"),
  websocket: webSocket,
  http2: () => new Http2Protocol({ upgrade: "on" }),
  tls: () => new TlsProtocol(givenCertificate()),
};

/** Text is handed over and sent as a string, which is how an application gets it. */
function webSocket({ does, message, deflate }: Workload): ProtocolModule<unknown> {
  const text = payloadOf(message).toString("latin1");
  const protocol: WebSocketProtocol = new WebSocketProtocol({
    origin: "any",
    perMessageDeflate: deflate && { ...compression, contextTakeover: false },
    message:
      does === "broadcast"
        ? () => {
            protocol.broadcast(text);
          }
        : (socket, data) => {
            socket.send(data);
          },
  });
  return protocol as ProtocolModule<unknown>;
}

export async function serve({ workload, modules: names, idleModules }: Order): Promise<Served> {
  const server = createServer({
    protocols: [
      ...Array.from({ length: idleModules }, (_, n) => new BenchProtocol(`unasked-${n}/1`)),
      ...names.map((name) => modules[name](workload)),
    ],
    limits: { maxFields: 1000, maxHeadBytes: 32_768 },
    timeouts: { keepAliveMs: 60_000 },
    respond: (request) => (request.method === "POST" ? request.bytes().then(() => answer) : answer),
  });
  return { port: ((await server.listen(where)) as AddressInfo).port };
}
