import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import { peerErrorStatuses } from "../lib/errors.ts";
import { resolveLimits, resolveTimeouts } from "../lib/options.ts";
import { follows } from "../lib/phase.ts";
import { closeCodeOf } from "../protocols/websocket/faults.ts";
import * as webSocketOptions from "../protocols/websocket/options.ts";
import type { Compiled } from "./support/compiled.ts";
import { packageRoot } from "./support/package-root.ts";
import {
  compiledPrograms,
  fileOf,
  pages,
  programsBefore,
  programsOf,
  RunningProgram,
} from "./support/page-programs.ts";
import { RawClient } from "./support/raw-client.ts";
import { clientFrame, opcode, openingHandshake } from "./support/websocket-frames.ts";

const readme = readFileSync(join(packageRoot, "README.md"), "utf8");
const webSocketReadme = readFileSync(join(packageRoot, "protocols", "websocket", "README.md"), "utf8");

/** Something said to a program, and what has to come back. */
type Conversation = readonly [says: string, hears: string];

const upgrade = (token: string, target = "/", more = ""): string =>
  `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: ${token}\r\n${more}\r\n`;

const textFrame = (text: string): string => clientFrame(opcode.text, text).toString("latin1");

/** An empty SETTINGS frame of HTTP/2; with the flag 1 it acknowledges one. */
const settings = (flags = "\0"): string => `\0\0\0\x04${flags}\0\0\0\0`;

/** For each program, known by a piece of its text, what it is tried with. */
const conversations: Readonly<Record<string, Conversation>> = {
  "class Shout": [`${upgrade("tea/9, shout/1", "/tea")}please\n`, "\r\n\r\nYOU ASKED FOR /tea\nPLEASE\n"],
  "class Chat": [
    `${upgrade("chat/1", "/hall", "Authorization: Basic YWRhOmxvdmVsYWNl\r\n")}hi`,
    "welcome to /hall, ada\n<ada> hi",
  ],
  "class Gunzip": [upgrade("gunzip/1"), "ready\n"],
  "const counter": [`${upgrade("count/1", "/x")}12345`, "counting for /x\n5\n"],
  "/only-echo": ["POST /upper HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", "\r\n\r\nABC"],
  "http: app": [upgrade("h2c", "/old"), "\r\n\r\nhello /old\n"],
  "Repr-Digest": [
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
    "3\r\nabc\r\n0\r\nRepr-Digest: sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:\r\n\r\n",
  ],
  "behind a proxy": [
    `PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n`,
    "192.0.2.1, behind a proxy\n",
  ],
  "you come from": ["PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "from 192.0.2.1\n"],
  'command("SUBSCRIBE"': ["PROXY UNKNOWN\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", " has 0 sockets\n"],
  "health({ live": ["GET /readyz HTTP/1.0\r\n\r\n", "\r\n\r\nready\n"],
  "inheritedListeners()": ["GET / HTTP/1.1\r\nHost: h\r\n\r\n", "\r\n\r\nprocess "],
  "cluster.isPrimary": ["GET / HTTP/1.1\r\nHost: h\r\n\r\n", "\r\n\r\nworker "],
  "/plain/": [upgrade("echo/1", "/plain/x"), "HTTP/1.1 404 "],
  "prometheus(server.stats())": ["GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", "turnout_connections_open 1\n"],
  "function traceRequests": [
    "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\nGET /b HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /a: app.route /a\nGET /a: http.response.status_code 200\nGET /a: over\nGET /b: app.route /b\n",
  ],
  "protocols: [new EchoProtocol()] }).listen": [`${upgrade("echo/1", "/x")}ping`, "GET /x\r\nping"],
  "const echo = new WebSocketProtocol": [openingHandshake() + textFrame("Hello"), "\r\n\r\n\x81\x05Hello"],
  "const chat = new WebSocketProtocol": [
    openingHandshake({ Authorization: "Bearer lovelace", "Sec-WebSocket-Protocol": "chat.v1" }) + textFrame("hi"),
    "Sec-WebSocket-Protocol: chat.v1\r\n\r\n\x81\x0cwelcome, ada\x81\x07ada: hi",
  ],
  "const rooms = new WebSocketProtocol": [openingHandshake({}, "GET /tea HTTP/1.1"), "HTTP/1.1 401 Unauthorized\r\n"],
  "class LimitedEcho": [upgrade("echo/1", "/x"), "HTTP/1.1 101 "],
  "const live = new WebSocketProtocol": [openingHandshake({}, "GET /live HTTP/1.1"), "\r\n\r\n\x81\x010"],
  "const irc": [`${upgrade("IRC/6.9", "/tea")}PING x\r\n`, ":turnout PONG turnout x\r\n"],
  "class Attach": [upgrade("tcp").replace("GET", "POST"), "HTTP/1.1 101 "],
  "const everybody = new WebSocketProtocol": [openingHandshake(), "HTTP/1.1 401 Unauthorized\r\n"],
  "const sums = new WebSocketProtocol": [openingHandshake() + textFrame("40") + textFrame("2"), "\x81\x0240\x81\x0242"],
  "you speak HTTP/": [`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${settings()}`, settings("\x01")],
  "nobody listens in": ["\x16\x03\x01\0\x05hello", "\x15\x03"],
  "in TLS": [`GET / HTTP/1.1\r\nHost: h\r\n\r\n`, "HTTP/1.1, in clear text\n"],
  "protocols: [new ExampleProtocol()] }).listen": [upgrade("example/1, foo/2"), "example/1 GET / \r\n"],
};

const programs = pages.flatMap(programsOf);

describe("the README's programs", () => {
  let output: Compiled;

  before(function () {
    this.timeout(60_000);
    output = compiledPrograms(programs);
  });

  after(() => output.remove());

  it("compile in a strict project", () => {
    assert.deepEqual(output.errors, []);
    assert.isAbove(programs.length, 6);
  });

  for (const program of programs) {
    it(`${program.title} ${program.listens ? "answers" : "runs"}`, async function () {
      this.timeout(60_000);
      const running = new RunningProgram(fileOf(output, program));
      try {
        if (program.listens) {
          const known = Object.entries(conversations).find(([piece]) => program.text.includes(piece));
          assert.isDefined(known, "no conversation is known for this program");
          await converse(await running.port(), known![1]);
        } else {
          assert.deepEqual(await running.exited, [0, null], running.complaints);
        }
      } finally {
        await running.kill();
      }
    });
  }
});

describe("the programs of before", () => {
  // They need what is not installed here; test/interop/migration.test.ts has it, and runs them.
  for (const { title, text } of pages.flatMap(programsBefore)) {
    it(`${title} is not run here, and says where it is`, () => {
      const [, test] = /^\/\/ Before: .* run by (\S+),/.exec(text) ?? [];
      assert.isTrue(existsSync(join(packageRoot, test!)), text);
      assert.notInclude(text, "turnout");
    });
  }
});

async function converse(port: number, [says, hears]: Conversation): Promise<void> {
  const client = await RawClient.connect(port);
  try {
    client.send(says);
    await client.takeUntil(hears);
  } finally {
    client.stream.destroy();
  }
}

describe("what the README says of the code", () => {
  it("the diagram has the arrows of the phase table, and no others", () => {
    const drawn = [...readme.matchAll(/^ {2}(\w+) --> (\w+)/gm)].map(([, from, to]) => `${from} --> ${to}`);
    const allowed = Object.entries(follows).flatMap(([from, tos]) => tos.map((to) => `${from} --> ${to}`));
    assert.sameMembers(drawn, allowed);
  });

  it("limits and deadlines have their defaults", () => {
    const said = tableRows(/^\| `(\w+Ms|m[ai][xn]\w+[a-z])` \| ([\d,]+|Infinity) \| (?!bytes)/gm);
    const real = { ...resolveLimits(), ...resolveTimeouts() };
    assert.deepEqual(
      Object.fromEntries(said.map(([name, value]) => [name, Number(value.replaceAll(",", ""))])),
      real as Record<string, number>,
    );
  });

  it("each fault of a peer has its code and its status", () => {
    const said = tableRows(/^\| `(ERR_TURNOUT_\w+)` \| (\d{3}|closed) \|/gm);
    const real = peerErrorStatuses() as Record<string, number>;
    assert.deepEqual(Object.fromEntries(said.map(([code, status]) => [code, Number(status) || 0])), real);
  });

  it("every other code is in the table", () => {
    const source = readFileSync(join(packageRoot, "lib", "errors.ts"), "utf8");
    const codes = new Set(source.match(/ERR_TURNOUT_\w+/g));
    codes.delete("ERR_TURNOUT_");
    const said = tableRows(/^\| `(ERR_TURNOUT_\w+)` (\|)/gm).map(([code]) => code);
    assert.sameMembers(said, [...codes]);
  });
});

describe("what the README of WebSocket says of the code", () => {
  it("limits and deadlines have their defaults", () => {
    const said = tableRows(/^\| `([a-z]\w+)` \| ([\d,]+|Infinity) \|/gm, webSocketReadme);
    const real = { ...webSocketOptions.resolveLimits(), ...webSocketOptions.resolveTimeouts() };
    assert.deepEqual(
      Object.fromEntries(said.map(([name, value]) => [name, Number(value.replaceAll(",", ""))])),
      real as Record<string, number>,
    );
  });

  it("each fault of a client has its code and its Close code", () => {
    const said = tableRows(/^\| `(ERR_TURNOUT_\w+)` \| (\d{4}) \|/gm, webSocketReadme);
    assert.deepEqual(
      Object.fromEntries(said.map(([code, status]) => [code, Number(status)])),
      closeCodeOf as Record<string, number>,
    );
  });

  it("the defaults of compression are those of the code", () => {
    const { thresholdBytes, contextTakeover, level, concurrency } = webSocketOptions.resolveDeflate(true)!;
    const said = `(defaults ${thresholdBytes.toLocaleString("en")} bytes, ${contextTakeover}, ${level}, ${concurrency})`;
    assert.include(webSocketReadme, said);
  });
});

function tableRows(pattern: RegExp, page = readme): [string, string][] {
  return [...page.matchAll(pattern)].map(([, first, second]) => [first!, second!]);
}
