import { createServer, performServerHandshake, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type Answered, createServer as createTurnout, ProtocolModule, type Transport } from "../../lib/index.ts";
import { Http2Protocol } from "../../protocols/http2/index.ts";
import { body } from "../suites/workload.ts";
import type { Served } from "./index.ts";
import { listening, where } from "./listening.ts";

const headers = { "content-type": "text/plain", "content-length": body.length };

/** With its stream API, which is the least that node:http2 can be used with. */
export function serve(): Promise<Served> {
  const server = createServer();
  server.on("stream", onStream);
  return listening(server);
}

/** With a listener for requests, as most programs have it. */
export function serveRequests(): Promise<Served> {
  return listening(
    createServer((request, response) => {
      const answer = (): void => {
        response.writeHead(200, headers);
        response.end(body);
      };
      if (request.method === "POST") {
        request.on("end", answer).resume();
      } else {
        answer();
      }
    }),
  );
}

/** With its stream API, on sockets that Turnout has recognised and handed over: what that costs. */
export async function serveHandedOver(): Promise<Served> {
  const server = createTurnout({ protocols: [new HandingOver()] });
  return { port: ((await server.listen(where)) as AddressInfo).port };
}

class HandingOver extends ProtocolModule {
  readonly tokens: readonly string[] = ["h2"];
  readonly #http2: Http2Protocol = new Http2Protocol();

  override detect(...asked: Parameters<Http2Protocol["detect"]>): ReturnType<Http2Protocol["detect"]> {
    return this.#http2.detect(...asked);
  }

  override open(transport: Transport<undefined>): void {
    const socket: Duplex = transport.handOver();
    performServerHandshake(socket).on("stream", onStream);
  }

  takeOver(): Answered {
    throw new Error("nobody upgrades here");
  }
}

function onStream(stream: ServerHttp2Stream, request: { ":method"?: string }): void {
  stream.on("error", () => {}); // the client may go while it is answered
  const answer = (): void => {
    stream.respond({ ":status": 200, ...headers });
    stream.end(body);
  };
  if (request[":method"] === "POST") {
    stream.on("end", answer).resume();
  } else {
    answer();
  }
}
