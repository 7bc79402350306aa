import { createServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { Context } from "mocha";
import type { Respond } from "turnout";
import { requirePackage } from "./client-program.ts";

/** Real applications with the same routes: `GET /hello`, `POST /echo`, and `GET /pieces`, which takes its time. */

/** What comes piece by piece, and is still the same. */
export const pieces: readonly string[] = ["one ", "two ", "three"];

// The packages are the benches', and bring no types here: this is what is used of them.

interface ExpressResponse {
  send(body: string | Buffer): void;
  write(piece: string): void;
  end(): void;
}
type ExpressHandler = (request: IncomingMessage & { body: Buffer; secure: boolean }, response: ExpressResponse) => void;
interface Express {
  (): {
    get(path: string, handler: ExpressHandler): void;
    post(path: string, handler: ExpressHandler): void;
    use(handler: unknown): void;
  };
  raw(options: object): unknown;
}

export function express(test: Context): HttpServer {
  const make = requirePackage(test, "express") as Express;
  const app = make();
  app.use(make.raw({ type: "*/*", limit: "10mb" }));
  app.get("/hello", ({ secure }, response) => response.send(`hello ${secure}`));
  app.post("/echo", ({ body }, response) => response.send(body));
  app.get("/pieces", async (_request, response) => {
    for (const piece of pieces) {
      response.write(piece);
      await turn();
    }
    response.end();
  });
  return createServer(app as never);
}

interface FastifyRequest {
  readonly body: Buffer;
  readonly protocol: string;
}
interface Fastify {
  readonly server: HttpServer;
  addContentTypeParser(
    type: string,
    options: object,
    parser: (request: unknown, body: Buffer, done: (error: null, body: Buffer) => void) => void,
  ): void;
  get(path: string, handler: (request: FastifyRequest, reply: { send(body: unknown): unknown }) => unknown): void;
  post(path: string, handler: (request: FastifyRequest) => unknown): void;
  ready(): PromiseLike<unknown>;
}

export async function fastify(test: Context): Promise<HttpServer> {
  const app = (requirePackage(test, "fastify") as (options: object) => Fastify)({ bodyLimit: 10_000_000 });
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.get("/hello", ({ protocol }) => `hello ${protocol === "https"}`);
  app.post("/echo", ({ body }) => body);
  app.get("/pieces", (_request, reply) => reply.send(Readable.from(slowly())));
  await app.ready();
  return app.server;
}

interface HonoContext {
  readonly req: { arrayBuffer(): Promise<ArrayBuffer>; readonly url: string };
  text(body: string): Response;
  body(body: ArrayBuffer): Response;
}
interface Hono {
  get(path: string, handler: (context: HonoContext) => unknown): void;
  post(path: string, handler: (context: HonoContext) => unknown): void;
  fetch(request: Request): Promise<Response>;
}

/** In the style of fetch: as an application of Turnout's own. */
export function hono(test: Context): Respond {
  const { Hono: Class } = requirePackage(test, "hono") as { Hono: new () => Hono };
  const { stream } = requirePackage(test, "hono/streaming") as {
    stream(context: HonoContext, write: (stream: { write(text: string): Promise<unknown> }) => Promise<void>): Response;
  };
  const app = new Class();
  app.get("/hello", (context) => context.text(`hello ${context.req.url.startsWith("https:")}`));
  app.post("/echo", async (context) => context.body(await context.req.arrayBuffer()));
  app.get("/pieces", (context) =>
    stream(context, async (answer) => {
      for await (const piece of slowly()) {
        await answer.write(piece);
      }
    }),
  );
  return (request) => app.fetch(request.toWeb());
}

async function* slowly(): AsyncGenerator<string> {
  for (const piece of pieces) {
    yield piece;
    await turn();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
