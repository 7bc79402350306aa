import { hash } from "node:crypto";
import type { RequestInfo } from "turnout";
import { parseExtensions } from "./extensions.ts";

/** RFC 6455 section 4.2.2: what the key is joined with before it is hashed. */
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** 16 bytes in base64 (RFC 4648 section 4): the last character before the padding has four bits that are zero. */
const keyGrammar = /^[A-Za-z0-9+/]{21}[AQgw]==$/;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export const version = "13";

/** Which pages may connect (RFC 6455 section 10.2); asked only where there is an Origin field, as browsers send. */
export type OriginPolicy =
  | "same-origin"
  | "any"
  | readonly string[]
  | ((origin: string, request: RequestInfo) => boolean);

/** What is wrong with an opening handshake, as the answer to it. */
export interface HandshakeFault {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Checks the client's side (RFC 6455 section 4.2.1). What HTTP itself asks for has been checked by then. */
export function faultOfHandshake(request: RequestInfo, policy: OriginPolicy): HandshakeFault | undefined {
  const { method, headers } = request;
  const isExtendedConnect = overHttp2(request);
  if (method !== "GET" && !isExtendedConnect) {
    return { status: 405, body: "WebSocket begins with GET\n", headers: { Allow: "GET" } };
  }
  if (headers.get("sec-websocket-version") !== version) {
    // RFC 6455 section 4.2.2 (4); the core adds Upgrade, as RFC 9110 section 15.5.22 asks.
    return {
      status: 426,
      body: `WebSocket version ${version} is spoken here\n`,
      headers: { "Sec-WebSocket-Version": version },
    };
  }
  if (!isExtendedConnect && !keyGrammar.test(headers.get("sec-websocket-key") ?? "")) {
    return { status: 400, body: "Sec-WebSocket-Key has to be 16 bytes in base64, once\n" };
  }
  if (!allowsOrigin(policy, request)) {
    return { status: 403, body: "pages of this origin may not connect\n" };
  }
  if (offeredSubprotocols(request) === undefined) {
    return { status: 400, body: "Sec-WebSocket-Protocol has to be a list of tokens, each of them once\n" };
  }
  // RFC 6455 section 9.1: what does not conform to the grammar fails the connection, whatever is spoken here.
  const extensions = headers.get("sec-websocket-extensions");
  if (extensions !== undefined && parseExtensions(extensions) === undefined) {
    return { status: 400, body: "Sec-WebSocket-Extensions is malformed\n" };
  }
  return undefined;
}

/** RFC 8441 section 5: a stream is opened by extended CONNECT, and neither key nor accept is there. */
export function overHttp2({ httpVersion }: RequestInfo): boolean {
  return httpVersion === "2.0";
}

/** The value of Sec-WebSocket-Accept. */
export function acceptOf(key: string): string {
  return hash("sha1", key + guid, "base64");
}

/**
 * The subprotocols that the client offers, in its order; undefined where the field is malformed (RFC 6455 section 4.1:
 * one or more tokens, each once).
 */
export function offeredSubprotocols({ headers }: RequestInfo): readonly string[] | undefined {
  const list = headers.get("sec-websocket-protocol");
  if (list === undefined) {
    return [];
  }
  const offered = list
    .split(",")
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ""))
    .filter((member) => member !== "");
  const wellFormed = offered.length > 0 && offered.every((one) => token.test(one));
  return wellFormed && new Set(offered).size === offered.length ? offered : undefined;
}

/** Whether the policy lets the request in. */
function allowsOrigin(policy: OriginPolicy, request: RequestInfo): boolean {
  const origin = request.headers.get("origin");
  if (origin === undefined || policy === "any") {
    return true;
  }
  if (policy === "same-origin") {
    return isSameHost(origin, request.host);
  }
  return typeof policy === "function" ? policy(origin, request) : policy.includes(origin);
}

/**
 * Whether the page comes from the host that it connects to. The scheme is left out: behind a proxy that ends TLS, nobody
 * here knows it. It gives the port where Host has none.
 */
function isSameHost(origin: string, host: string): boolean {
  const parts = /^([a-z][a-z0-9+.-]*):\/\/([^/?#@]+)$/i.exec(origin);
  if (parts === null) {
    return false; // "null", for one: a page without an origin
  }
  const defaultPort = parts[1]!.toLowerCase() === "https" ? "443" : "80";
  const withPort = (authority: string): string =>
    (/:\d+$/.test(authority) ? authority : `${authority}:${defaultPort}`).toLowerCase();
  return withPort(parts[2]!) === withPort(host);
}
