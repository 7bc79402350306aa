import { setTimeout as delay } from "node:timers/promises";
import { type HttpRequest, type RequestInfo, type ResponseLike, upgradeRequired } from "turnout";
import type { BundledName } from "./bundled.ts";
import { commandsFor, harmless, tongues } from "./commands.ts";
import { livePath } from "./live/web-socket.ts";
import { wantsHtml } from "./negotiation.ts";
import type { Page } from "./page.ts";

type Handler = (request: HttpRequest) => ResponseLike | Promise<ResponseLike>;

interface Route {
  readonly path: RegExp;
  /** Methods that are answered; all when left out. Others get 405. */
  readonly methods?: readonly string[];
  /** Protocols may be switched to here. */
  readonly switches?: boolean;
  /** The route is there where this protocol is spoken. */
  readonly needs?: BundledName;
  readonly handle: Handler;
}

export interface SiteOptions {
  readonly protocols: readonly BundledName[];
  /** The token that every request has to switch to; `""` for none. */
  readonly require: string;
  readonly page: Page;
  /** Where the server listens, for requests that do not say a host that could be shown. */
  readonly authority: () => string;
}

const maxEchoBytes = 16 * 1024 * 1024;
const maxDelayMs = 10_000;

const text = (body: string, status = 200, headers: Readonly<Record<string, string>> = {}): ResponseLike => ({
  status,
  headers: { "Content-Type": "text/plain; charset=utf-8", ...headers },
  body,
});

/** The proving ground's site: small routes, each for one thing that a client may want to try. */
export class Site {
  readonly #routes: readonly Route[];
  readonly #required: string;

  constructor({ protocols, require, page, authority }: SiteOptions) {
    const welcome: Handler = (request) => {
      const host = harmless(request.host, authority());
      return wantsHtml(request.headers.get("accept"))
        ? page.respond(host)
        : text(welcomeText(host, protocols), 200, vary);
    };
    this.#routes = [{ path: /^\/$/, methods: ["GET", "HEAD"], handle: welcome }, ...routes].filter(
      ({ needs }: Route) => needs === undefined || protocols.includes(needs),
    );
    this.#required = require;
  }

  /** Answers what comes over HTTP. */
  respond(request: HttpRequest): ResponseLike | Promise<ResponseLike> {
    // What came over HTTP/2 has switched to that already.
    if (this.#required !== "" && !(this.#required === "h2c" && request.httpVersion === "2.0")) {
      return requireSwitch(this.#required);
    }
    const route = this.#routes.find(({ path }) => path.test(request.path));
    if (route === undefined) {
      return text(`404 Not Found: ${request.path}\n`, 404);
    }
    if (route.methods !== undefined && !route.methods.includes(request.method)) {
      return text("405 Method Not Allowed\n", 405, { Allow: route.methods.join(", ") });
    }
    return route.handle(request);
  }

  /** Which offers are taken: all but where the site is about HTTP itself, which is the same over h2c; or the required one. */
  negotiate({ path: requested }: RequestInfo, offers: readonly string[]): readonly string[] {
    if (this.#required !== "") {
      return offers.filter((offer) => offer === this.#required);
    }
    const switches = this.#routes.every((route) => route.switches || !route.path.test(requested));
    return offers.filter((offer) => offer === "h2c" || switches);
  }
}

const vary = { Vary: "Accept" };

const routes: readonly Route[] = [
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
    needs: "example",
    handle: () => text("Here the protocol example/1 is spoken, for those who ask with Upgrade: example/1\n"),
  },
  {
    path: new RegExp(`^(?:/ws|${livePath})$`),
    methods: ["GET"],
    switches: true,
    needs: "websocket",
    handle: () => requireSwitch("websocket"),
  },
  { path: /^\/required$/, switches: true, needs: "example", handle: () => requireSwitch("example/1") },
];

/** For those who come without the switch (RFC 9110 section 15.5.22; for WebSocket RFC 6455 section 4.4 as well). */
function requireSwitch(token: string): ResponseLike {
  const { headers, ...required } = upgradeRequired(token);
  return token === "websocket"
    ? { ...required, headers: { ...headers, "Sec-WebSocket-Version": "13" } }
    : { ...required, headers: headers! };
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

/** For those who do not ask for a page. */
function welcomeText(authority: string, protocols: readonly BundledName[]): string {
  const lines = commandsFor(authority, protocols).map(({ title, command }) => `  # ${title}\n  ${command}\n`);
  return `This is Turnout: one port that switches protocols.

It speaks ${tongues(protocols)}. A browser shows what the port is doing. To copy:

${lines.join("\n")}`;
}
