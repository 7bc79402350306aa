import { once } from "node:events";
import { connect } from "node:net";
import { expect } from "chai";
import type { Compiled } from "./support/compiled.ts";
import { deliveries } from "./support/cuts.ts";
import { compiledPrograms, fileOf, programsOf, RunningProgram } from "./support/page-programs.ts";
import { RawClient, type SeenResponse } from "./support/raw-client.ts";
import { clientFrame, inWords, opcode, openingHandshake, takeFrame } from "./support/websocket-frames.ts";

const programs = programsOf("protocols/README.md");

/** A recipe's program at work. */
interface Cooked {
  connect(localAddress?: string): Promise<RawClient>;
  /** The answer to a request on a connection of its own. */
  answerTo(request: string): Promise<SeenResponse>;
}

describe("the recipes", function () {
  this.timeout(60_000);
  let output: Compiled;

  before(() => {
    output = compiledPrograms(programs);
    expect(output.errors).to.deep.equal([]);
  });

  after(() => output.remove());

  /** Runs the program that has `piece` in it while `test` talks to it. */
  async function cooking(
    piece: string,
    test: (cooked: Cooked) => Promise<void>,
    flags: readonly string[] = [],
  ): Promise<void> {
    const running = new RunningProgram(fileOf(output, programs.find(({ text }) => text.includes(piece))!), flags);
    const clients: RawClient[] = [];
    try {
      const port = await running.port();
      const cooked: Cooked = {
        async connect(localAddress = "127.0.0.1") {
          const socket = connect({ port, host: "127.0.0.1", localAddress, allowHalfOpen: true, noDelay: true });
          await once(socket, "connect");
          const client = new RawClient(socket);
          clients.push(client);
          return client;
        },
        answerTo: async (request) => (await cooked.connect()).send(request).response(),
      };
      await test(cooked);
      expect(running.complaints).to.equal("");
    } finally {
      for (const { stream } of clients) {
        stream.destroy();
      }
      await running.kill();
    }
  }

  describe("who may switch", () => {
    const rooms = (test: (cooked: Cooked) => Promise<void>): Promise<void> => cooking("const rooms =", test);
    const admitted = { Authorization: "Bearer c29kYQ" };

    it("without a token, or with another: 401, which says what it takes, and the connection stays", () =>
      rooms(async ({ connect }) => {
        const client = await connect();
        for (const fields of [{}, { Authorization: "Bearer other" }, { Cookie: "xsession=c29kYQ" }]) {
          const response = await client.send(openingHandshake(fields, "GET /tea HTTP/1.1")).response();
          expect([response.status, response.field("WWW-Authenticate")]).to.deep.equal([401, "Bearer"]);
        }
      }));

    it("with the token of somebody who may not be here: 403", () =>
      rooms(async ({ answerTo }) => {
        const { status, body } = await answerTo(openingHandshake(admitted, "GET /coffee HTTP/1.1"));
        expect([status, body]).to.deep.equal([403, "ada may not be here\n"]);
      }));

    for (const fields of [admitted, { Cookie: "a=b; session=c29kYQ; c=d" }]) {
      it(`with ${Object.keys(fields)}: the socket knows whose it is`, () =>
        rooms(async ({ connect }) => {
          const client = (await connect()).send(openingHandshake(fields, "GET /tea HTTP/1.1"));
          expect((await client.response()).status).to.equal(101);
          client.send(clientFrame(opcode.text, "hi"));
          expect(inWords(await takeFrame(client))).to.equal('text "ada: hi"');
        }));
    }

    it("a cookie that a page of another origin has sent: 403", () =>
      rooms(async ({ answerTo }) => {
        const fields = { Cookie: "session=c29kYQ", Origin: "https://evil.example" };
        expect((await answerTo(openingHandshake(fields, "GET /tea HTTP/1.1"))).status).to.equal(403);
      }));
  });

  it("how often: ten switches for each address, then 429 with the seconds to wait; ordinary requests go on", () =>
    cooking("class LimitedEcho", async ({ connect, answerTo }) => {
      const echo = "GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo/1\r\n\r\n";
      const statuses: number[] = [];
      for (let count = 0; count < 10; count++) {
        statuses.push((await answerTo(echo)).status);
      }
      expect(statuses).to.deep.equal(Array(10).fill(101));
      const client = (await connect()).send(echo);
      const refused = await client.response();
      expect(refused.status).to.equal(429);
      expect(Number(refused.field("Retry-After"))).to.be.within(1, 60);
      expect((await client.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n").response()).status).to.equal(404);
      const other = (await connect("127.0.0.2")).send(echo);
      expect((await other.response()).status).to.equal(101);
    }));

  describe("an HTTP application and WebSocket on one port", () => {
    const together = (test: (cooked: Cooked) => Promise<void>): Promise<void> => cooking("const live =", test);

    it("what a request changes, every socket is told", () =>
      together(async ({ connect, answerTo }) => {
        const sockets = [await connect(), await connect()];
        for (const socket of sockets) {
          socket.send(openingHandshake({}, "GET /live HTTP/1.1"));
          expect((await socket.response()).status).to.equal(101);
          expect(inWords(await takeFrame(socket))).to.equal('text "0"');
        }
        const { body } = await answerTo("POST /vote HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
        expect(body).to.equal('{"votes":1}');
        for (const socket of sockets) {
          expect(inWords(await takeFrame(socket))).to.equal('text "1"');
        }
      }));

    it("elsewhere the application answers, whatever is offered; at the socket's path others are told 426", () =>
      together(async ({ answerTo }) => {
        const home = await answerTo(openingHandshake({}, "GET / HTTP/1.1"));
        expect([home.status, home.field("content-type")]).to.deep.equal([200, "text/html"]);
        expect(home.body).to.include("<title>Votes</title>");
        expect((await answerTo("GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n")).status).to.equal(404);
        const required = await answerTo("GET /live HTTP/1.1\r\nHost: h\r\n\r\n");
        expect([required.status, required.field("upgrade")]).to.deep.equal([426, "websocket"]);
      }));
  });

  describe("a protocol of lines", () => {
    const head = "GET /tea HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: IRC/6.9\r\n\r\n";
    const welcome = ":turnout 001 * :Welcome to /tea\r\n";
    const tooLong = ":turnout 417 * :Input line was too long\r\n";

    /** All that is said after the 101. */
    async function heard(client: RawClient, pieces: readonly Uint8Array[]): Promise<string> {
      client.send(head);
      expect((await client.response()).head).to.include("\r\nUpgrade: IRC/6.9\r\n");
      for (const piece of pieces) {
        await client.sendSegment(piece);
      }
      return client.end().rest();
    }

    it("cut anywhere, they are the same lines; what has not ended is no line", () =>
      cooking("const irc", async ({ connect }) => {
        for (const { how, pieces } of deliveries(Buffer.from("PING a\r\nFOO b\nping \xfc\r\nPING c", "latin1"))) {
          expect(await heard(await connect(), pieces), how).to.equal(
            `${welcome}:turnout PONG turnout a\r\n:turnout 421 * FOO :Unknown command\r\n:turnout PONG turnout \xfc\r\n`,
          );
        }
      }));

    it("510 bytes are a line, 511 are none, nor is a megabyte; and the next one is", () =>
      cooking("const irc", async ({ connect }) => {
        const ping = (bytes: number): string => `PING ${"x".repeat(bytes - 5)}`;
        const lines = [ping(510), ping(511), `${ping(510)}\r${ping(510)}`, ping(1_000_000), "PING y"];
        const said = Buffer.from(`${lines.join("\r\n")}\r\n`);
        const answers = [`:turnout PONG turnout ${"x".repeat(505)}\r\n`, tooLong, tooLong, tooLong];
        for (const pieces of [[said], [said.subarray(0, 520), said.subarray(520, 1029), said.subarray(1029)]]) {
          expect(await heard(await connect(), pieces)).to.equal(
            `${welcome}${answers.join("")}:turnout PONG turnout y\r\n`,
          );
        }
      }));
  });

  it("a line that does not end is not kept: 256 MiB of one in a heap of 64", () =>
    cooking(
      "const irc",
      async ({ connect }) => {
        const client = (await connect()).send(
          "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: IRC/6.9\r\n\r\n",
        );
        const mebibyte = Buffer.alloc(1024 * 1024, "x");
        for (let sent = 0; sent < 256; sent++) {
          await client.sendSegment(mebibyte);
        }
        expect(await client.end("\r\nPING x\r\n").rest()).to.match(/ 417 .*\r\n:turnout PONG turnout x\r\n$/);
      },
      ["--max-old-space-size=64"],
    ));

  describe("a program's standard streams", () => {
    const head = "POST /attach HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n";
    const attach = (test: (cooked: Cooked) => Promise<void>): Promise<void> => cooking("class Attach", test);

    /** What the frames carry, by their source; throws where they are not whole. */
    function carried(bytes: string): Record<number, string> {
      const carried: Record<number, string> = {};
      let left = Buffer.from(bytes, "latin1");
      while (left.length > 0) {
        const length = left.readUInt32BE(4);
        const source = left.readUInt32BE(0) / 2 ** 24;
        expect(left.length).to.be.at.least(8 + length);
        carried[source] = (carried[source] ?? "") + left.toString("latin1", 8, 8 + length);
        left = left.subarray(8 + length);
      }
      return carried;
    }

    it("the output comes behind the end of the input, in frames; then the server ends", () =>
      attach(async ({ connect }) => {
        const client = (await connect()).send(`${head}pear\nfig\n`); // behind the head, in the same segment
        const response = await client.response();
        expect([response.status, response.field("content-type")]).to.deep.equal([
          101,
          "application/vnd.docker.multiplexed-stream",
        ]);
        await client.sendSegment("apple\n");
        expect(client.pending).to.equal("");
        expect(await client.end().rest()).to.equal("\x01\0\0\0\0\0\0\x0fapple\nfig\npear\n");
      }));

    it("as much as one likes, both ways", () =>
      attach(async ({ connect }) => {
        const lines = Array.from({ length: 100_000 }, (_, at) => String(999_999 - at));
        const client = (await connect()).send(head);
        await client.response();
        const output = await client.end(`${lines.join("\n")}\n`).rest();
        expect(carried(output)).to.deep.equal({ 1: `${lines.reverse().join("\n")}\n` });
      }));

    it("a client that is gone harms nobody else; nothing is attached to a GET", () =>
      attach(async ({ connect, answerTo }) => {
        const client = (await connect()).send(`${head}pear\n`);
        await client.response();
        client.reset();
        expect((await answerTo(head.replace("POST", "GET"))).status).to.equal(404);
        expect(await (await connect()).send(head).end("fig\n").rest()).to.match(/fig\n$/);
      }));
  });

  it("each has a program, and a test here", () => {
    expect(programs).to.have.lengthOf(5);
  });
});
