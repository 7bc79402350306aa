import { setTimeout as delay } from "node:timers/promises";
import { type HttpRequest, type ResponseLike, upgradeRequired } from "turnout";

type Handler = (request: HttpRequest) => ResponseLike | Promise<ResponseLike>;

interface Route {
  readonly path: RegExp;
  /** Methods that are answered; all when left out. Others get 405. */
  readonly methods?: readonly string[];
  /** Protocols may be switched to here. */
  readonly switches?: boolean;
  readonly handle: Handler;
}

const maxEchoBytes = 16 * 1024 * 1024;
const maxDelayMs = 10_000;

const text = (body: string, status = 200, headers: Readonly<Record<string, string>> = {}): ResponseLike => ({
  status,
  headers: { "Content-Type": "text/plain; charset=utf-8", ...headers },
  body,
});

/** The proving ground's site: small routes, each for one thing that a client may want to try. */
const routes: readonly Route[] = [
  { path: /^\/$/, methods: ["GET", "HEAD"], handle: (request) => text(welcome(request.host)) },
  { path: /^\/echo$/, methods: ["POST"], handle: echo },
  { path: /^\/inspect$/, handle: inspect },
  {
    path: /^\/status\/[1-9]\d\d$/,
    handle: ({ path }) => text(`the status is ${path.slice(-3)}\n`, Number(path.slice(-3))),
  },
  { path: /^\/delay\/\d{1,9}$/, handle: wait },
  {
    path: /^\/example$/,
    methods: ["GET", "HEAD", "POST"],
    switches: true,
    handle: () => text("Here the protocol example/1 is spoken, for those who ask with Upgrade: example/1\n"),
  },
  { path: /^\/ws$/, methods: ["GET"], switches: true, handle: webSocketRequired },
  { path: /^\/required$/, switches: true, handle: () => upgradeRequired("example/1") },
];

/** Answers what comes over HTTP. */
export function respond(request: HttpRequest): ResponseLike | Promise<ResponseLike> {
  const route = routes.find(({ path }) => path.test(request.path));
  if (route === undefined) {
    return text(`404 Not Found: ${request.path}\n`, 404);
  }
  if (route.methods !== undefined && !route.methods.includes(request.method)) {
    return text("405 Method Not Allowed\n", 405, { Allow: route.methods.join(", ") });
  }
  return route.handle(request);
}

/** Whether protocols may be switched to at a path: everywhere, but where the site is about HTTP itself. */
export function switchesAt(requestPath: string): boolean {
  return routes.every(({ path, switches }) => switches || !path.test(requestPath));
}

/** For those who come without WebSocket's handshake. */
function webSocketRequired(): ResponseLike {
  const { headers, ...required } = upgradeRequired("websocket");
  return { ...required, headers: { ...headers, "Sec-WebSocket-Version": "13" } };
}

async function echo(request: HttpRequest): Promise<ResponseLike> {
  const type = request.headers.get("content-type") ?? "application/octet-stream";
  return { headers: { "Content-Type": type }, body: await request.bytes(maxEchoBytes) };
}

function inspect({ method, target, host, headers, offers }: HttpRequest): ResponseLike {
  const seen = { method, target, host, headers: [...headers], upgrade: offers };
  return { headers: { "Content-Type": "application/json" }, body: `${JSON.stringify(seen, undefined, 2)}\n` };
}

async function wait({ path, signal }: HttpRequest): Promise<ResponseLike> {
  const ms = Math.min(Number(path.slice("/delay/".length)), maxDelayMs);
  await delay(ms, undefined, { signal });
  return text(`waited ${ms} ms\n`);
}

function welcome(host: string): string {
  const at = host || "127.0.0.1:8080";
  const [name, port = "80"] = at.split(/:(?=\d+$)/);
  return `This is Turnout: one port that switches protocols.

It speaks HTTP/1.1, and after an Upgrade example/1, foo/2, echo/1, WebSocket and HTTP/2. To copy:

  curl http://${at}/inspect
  curl --http2 http://${at}/inspect
  curl -d 'hello' http://${at}/echo
  curl http://${at}/delay/500
  curl -i http://${at}/required
  new WebSocket("ws://${at}/ws")     in a browser's console: it echoes
  printf 'GET /example HTTP/1.1\\r\\nHost: ${at}\\r\\nConnection: Upgrade\\r\\nUpgrade: example/1\\r\\n\\r\\nhello\\r\\n' | nc -q 1 ${name} ${port}
`;
}
