import { PeerError } from "../errors.ts";
import { RequestHeadParser } from "./request-head.ts";

/*
 * V8 decides early, and for good, how it compiles the parser's hot functions. What it has not seen by then, such as the first
 * POST, throws the compiled code away; on Node 20 a process in which that happens at a bad moment stays at half its speed or
 * less (bench/parser, spread over fresh processes). So everything that heads may be is shown to the parser before the first connection comes.
 */

const line = (text: string): string => `${text}\r\n`;
const head = (...lines: readonly string[]): string => `${lines.map(line).join("")}\r\n`;
const get = (...fields: readonly string[]): string => head("GET /a/b?c=d HTTP/1.1", "Host: a.example", ...fields);

const long = "abcdefghijklmnopqrstuvwxyz0123456789-_.~!*'(),;:@&=+$/?#[]%".repeat(3);

/** Heads that take every branch at least once: good ones, faulty ones, and some that are not whole. */
const heads: readonly string[] = [
  head("GET / HTTP/1.1", "Host: a"),
  head("GET /a%20b/c?d=%7B%7D HTTP/1.1", "hOST: a.example:8080"),
  head("POST /a HTTP/1.1", "Host: a", "Content-Length: 12", "Content-Type: text/plain"),
  head("PUT /a HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "Expect: 100-continue"),
  head("OPTIONS * HTTP/1.1", "Host: a"),
  head("GET http://a.example:80/b?c HTTP/1.1", "Host: a.example"),
  head("CONNECT a.example:443 HTTP/1.1", "Host: a.example:443"),
  head("BREW /pot HTTP/1.1", "Host: [::1]:80"),
  head("HEAD / HTTP/1.0"),
  head("GET / HTTP/1.0", "Connection: keep-alive"),
  get(
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
  ),
  get("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
  get("connection: close", "Connection: x ,\tkeep-alive", "upgrade: a/1, b"),
  get(`User-Agent: ${long}`, `Cookie: ${long}; ${long}`, "Accept: */*", "DNT: 1"),
  get("X_1: a", "X-2!#$%&'*+.^`|~: b", "Accept:c", "Accept:  \t d \t", "Empty:", "Blank: \t ", "T:\ta\tb"),
  get("X-Latin: caf\xe9 \xff", `X-Late: ${"a".repeat(37)}\xe9${"b".repeat(21)}`, "Hose: a", "Excess: b", "Updated: c"),
  get("Connectiox: a", "Content-Lengtx: 1", "Transfer-Encodinx: a", "Expecx: b", "Upgradx: c"),
  get(...Array.from({ length: 40 }, (_, n) => `X-${n}: ${"v".repeat(n)}`)),
  get("Content-Length: 1", "Content-Length: 1"),
  get("Content-Length: 1", "Transfer-Encoding: chunked"),
  get("Content-Length: a"),
  get("Content-Length: 99999999999999999999"),
  get("Transfer-Encoding: gzip, chunked"),
  get("Transfer-Encoding: chunked, gzip"),
  head("POST / HTTP/1.0"),
  get("Expect: something"),
  get("Host: b"),
  get("Bad Name: a"),
  get("Bad: a\0b"),
  get("Bad: a\x7f"),
  get("Folded: a\r\n b"),
  get("No-Colon"),
  get("Bare: a\nb"),
  head("GET / HTTP/1.1"),
  head("GET  / HTTP/1.1", "Host: a"),
  head("GET /%zz HTTP/1.1", "Host: a"),
  head("GET /a|b HTTP/1.1", "Host: a"),
  head("GET / HTTP/2.0", "Host: a"),
  head("GET / HTTP/1.1 ", "Host: a"),
  head("G(T / HTTP/1.1", "Host: a"),
  `\r\n\r\n${get()}`,
  `${get()}${get("Connection: close")}`,
  get("Accept: */*").slice(0, -3),
];

/** The heads as bytes, in an order that mixes them, so many times that V8 has taken note of all of them. */
export function* warmUpChunks(): Generator<Buffer> {
  const chunks = heads.map((text) => Buffer.from(text, "latin1"));
  for (let round = 0; round < rounds; round++) {
    yield* chunks;
  }
}

const rounds = 4;

const limits = { maxHeadBytes: 16_384, maxTargetBytes: 8_000, maxFields: 100 };

/** Has the head parser read all sorts of heads, whole and in two pieces, and shows all of each. To be called once. */
export function warmUpHeadParser(): void {
  for (const chunk of warmUpChunks()) {
    readHeads(chunk);
    readHeads(chunk.subarray(0, 21), chunk.subarray(21));
  }
}

function readHeads(...chunks: readonly Buffer[]): void {
  const parser = new RequestHeadParser(limits);
  try {
    for (const chunk of chunks) {
      for (let end = parser.read(chunk, 0); end !== -1; end = parser.read(chunk, end)) {
        readAll(parser);
      }
    }
  } catch (error) {
    if (!(error instanceof PeerError)) {
      throw error;
    }
  }
}

function readAll(head: RequestHeadParser): unknown {
  const fields = head.fields();
  return [
    head.method,
    head.target,
    head.keepAlive,
    head.close,
    head.wantsUpgrade,
    head.expectContinue,
    head.namedInConnection("upgrade"),
    fields.get("host"),
    fields.get("cookie"),
    fields.getAll("accept"),
    [...fields],
  ];
}
