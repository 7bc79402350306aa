import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { expect } from "chai";
import type { ServerOptions } from "turnout";
import { type Front, type Fronted, servingBehind, tcpFront } from "./fronts.ts";
import { modulesUnderTest } from "./modules.ts";
import type { RawClient, SeenResponse } from "./raw-client.ts";

/** A server under test that has adopted an http.Server. */
export interface Adopting extends Fronted {
  readonly app: HttpServer;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** The application of the tests, on node:http: 200 with method, target and the content's length. */
export const describeToNode: Handler = (request, response) => {
  let length = 0;
  request.on("data", (chunk: Buffer) => {
    length += chunk.length;
  });
  request.on("end", () => response.end(`${request.method} ${request.url} ${length}\n`));
};

/** Runs `test` against a server under test that has adopted `app`, or an http.Server with it as its application. */
export function adopting(
  app: HttpServer | Handler,
  test: (adopting: Adopting) => Promise<void>,
  options: ServerOptions = {},
  front: Front = tcpFront,
): Promise<void> {
  const http = typeof app === "function" ? createHttpServer(app) : app;
  return servingBehind(front, { protocols: modulesUnderTest(), http, ...options }, (fronted) =>
    test({ ...fronted, app: http }),
  );
}

/** The next answer is the application's, and says `line`. */
export async function expectApplication(
  client: RawClient,
  line: string,
  connection = "keep-alive",
): Promise<SeenResponse> {
  const response = await client.response();
  expect(response.body).to.equal(`${line}\n`);
  expect([response.status, response.field("connection")]).to.deep.equal([200, connection]);
  expect(response.all("upgrade")).to.deep.equal([]);
  return response;
}
