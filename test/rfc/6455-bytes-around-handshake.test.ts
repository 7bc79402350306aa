import { expect } from "chai";
import { decline, reject } from "turnout";
import { type Admission, admit, type WebSocketOffer, type WebSocketOptions } from "turnout/websocket";
import { deliveries } from "../support/cuts.ts";
import { deliver } from "../support/every-delivery.ts";
import {
  continueHead,
  describeRequest,
  expectOrdinary,
  expectRefused,
  gate,
  getTwo,
  nextClosed,
  turns,
} from "../support/exchanges.ts";
import { codeOf } from "../support/failures.ts";
import {
  clientFrame,
  closeFrame,
  type Echoing,
  echoing,
  inWords,
  opcode,
  openingHandshake,
  sampleAccept,
  takeFrame,
  wordsIn,
} from "../support/websocket-frames.ts";

const hello = Buffer.concat([
  clientFrame(opcode.text, "Hel", { fin: false }),
  clientFrame(opcode.ping, "p"),
  clientFrame(opcode.continuation, "lo"),
  closeFrame(1000),
]);
const helloAnswer = ["pong 70", 'text "Hello"', "close 1000"];

/** The rest is a 101, and then these frames, and then the end. */
async function expectFrames(client: { rest(): Promise<string> }, words: readonly string[], how = ""): Promise<void> {
  const output = await client.rest();
  const end = output.indexOf("\r\n\r\n") + 4;
  expect(output, how).to.match(/^HTTP\/1\.1 101 /);
  expect(output.slice(0, end), how).to.include(`Sec-WebSocket-Accept: ${sampleAccept}\r\n`);
  expect(wordsIn(output.slice(end)), how).to.deep.equal(words);
}

describe("RFC 6455 section 4.1: frames right behind the request", () => {
  it("RFC 6455 section 4.1, RFC 9931 section 3: in the same segment, cut anywhere, and byte by byte", async function () {
    this.timeout(60_000);
    await echoing({}, async ({ connect, sockets, server }) => {
      const bytes = Buffer.concat([Buffer.from(openingHandshake()), hello]);
      for (const { how, pieces } of deliveries(bytes)) {
        const client = await connect();
        await deliver(client, sockets.at(-1)!, pieces);
        await expectFrames(client, helloAnswer, how);
        client.end();
      }
      expect(server.stats().refused).to.deep.equal({});
    });
  });

  it("RFC 6455 section 5.1: a violation in the same segment is told behind the 101", () =>
    echoing({}, async ({ connect, server }) => {
      const client = (await connect()).send(`${openingHandshake()}\x81\x00`);
      await expectFrames(client.end(), ["close 1002"]);
      expect(server.stats().refused).to.deep.equal({ ERR_TURNOUT_WEBSOCKET_UNMASKED: 1 });
    }));

  it("RFC 6455 section 4.1: no message is told before the application's `open` is through, whatever it waits for", async () => {
    const [opening, opened] = [gate(), gate()];
    const order: string[] = [];
    await echoing(
      {
        open: async (socket) => {
          opening.open();
          await opened.opened;
          order.push("opened");
          socket.send("welcome");
        },
        message: (socket, message) => {
          order.push(`message ${message}`);
          socket.send(message);
        },
      },
      async ({ connect }) => {
        const client = (await connect()).send(openingHandshake()).send(clientFrame(opcode.text, "1"));
        await opening.opened;
        client.send(clientFrame(opcode.text, "2")).send(closeFrame(1000));
        await turns(10);
        expect(order).to.deep.equal([]);
        opened.open();
        await expectFrames(client, ['text "welcome"', 'text "1"', 'text "2"', "close 1000"]);
      },
    );
    expect(order).to.deep.equal(["opened", "message 1", "message 2"]);
  });
});

describe("RFC 9112 section 6.3: a handshake with content", () => {
  const chunked = "3\r\nHEL\r\n2;ext=1\r\nLO\r\n0\r\nCheck: 1\r\n\r\n";

  for (const [what, fields, content] of [
    ["Content-Length: 5", { "Content-Length": "5" }, "HELLO"],
    ["Transfer-Encoding: chunked", { "Transfer-Encoding": "chunked" }, chunked],
    ["Content-Length: 0", { "Content-Length": "0" }, ""],
  ] as const) {
    it(`RFC 9112 section 6.3, RFC 6455 section 4.1: ${what}: content, and then frames, cut anywhere`, async function () {
      this.timeout(60_000);
      const bodies = new Set<string>();
      const open: WebSocketOptions<undefined>["open"] = ({ request }) => void bodies.add(request.body.toString());
      await echoing({ open }, async ({ connect, sockets, server }) => {
        const bytes = Buffer.concat([Buffer.from(openingHandshake(fields) + content), hello]);
        for (const { how, pieces } of deliveries(bytes)) {
          const client = await connect();
          await deliver(client, sockets.at(-1)!, pieces);
          await expectFrames(client, helloAnswer, how);
          client.end();
        }
        expect(server.stats().refused).to.deep.equal({});
      });
      expect([...bodies]).to.deep.equal([content === "" ? "" : "HELLO"]);
    });
  }

  it("RFC 9112 section 6.3: content that looks like frames is content", async () => {
    const messages: unknown[] = [];
    await echoing({ message: (_socket, message) => void messages.push(message) }, async ({ connect }) => {
      const content = clientFrame(opcode.text, "smuggled").toString("latin1");
      const handshake = openingHandshake({ "Content-Length": `${content.length}` });
      await expectFrames((await connect()).send(handshake + content).send(closeFrame(1000)), ["close 1000"]);
    });
    expect(messages).to.deep.equal([]);
  });

  it("RFC 9110 section 10.1.1: Expect: 100-continue, its 100, the content, the 101", () =>
    echoing({}, async ({ connect }) => {
      const client = (await connect()).send(openingHandshake({ "Content-Length": "5", Expect: "100-continue" }));
      expect(await client.take(continueHead.length)).to.equal(continueHead);
      await expectFrames(client.send("HELLO").send(hello), helloAnswer);
    }));

  it("RFC 9110 section 7.8 (MAY ignore): with more content than is taken it is an ordinary request", () =>
    echoing(
      {},
      async ({ connect, server }) => {
        const client = (await connect()).send(openingHandshake({ "Content-Length": "16385" }) + "x".repeat(16_385));
        await expectOrdinary(client, "GET /chat 16385");
        expect(server.stats().switched).to.deep.equal({});
      },
      { respond: describeRequest },
    ));
});

type Decided = ReturnType<typeof decline> | Admission<undefined>;

/** Runs `test` against a server that decides when `answer` is called. */
async function whileDeciding(
  decide: () => Decided,
  test: (echoing: Echoing & { asked: Promise<void>; answer(): void; offers: WebSocketOffer[] }) => Promise<void>,
): Promise<void> {
  const [asked, answer] = [gate(), gate()];
  const offers: WebSocketOffer[] = [];
  const accept = async (offer: WebSocketOffer): Promise<Decided> => {
    offers.push(offer);
    void offer.signal; // asked for while it can still be aborted
    asked.open();
    await answer.opened;
    return decide();
  };
  await echoing({ accept }, (server) => test({ ...server, asked: asked.opened, answer: answer.open, offers }), {
    respond: describeRequest,
  });
}

describe("RFC 6455 section 4.2.2: the application decides before the 101", () => {
  it("RFC 6455 section 4.2.2: nothing is said until it has, and frames that come meanwhile are kept", () =>
    whileDeciding(admit, async ({ connect, asked, answer }) => {
      const client = (await connect()).send(openingHandshake()).send(hello.subarray(0, 7));
      await asked;
      await client.sendSegment(hello.subarray(7, 20));
      await client.sendSegment(hello.subarray(20));
      expect(client.pending).to.equal("");
      answer();
      await expectFrames(client, helloAnswer);
    }));

  it("RFC 6455 section 4.2.2: 100 KiB of them are kept, too", () =>
    whileDeciding(admit, async ({ connect, asked, answer }) => {
      const payload = Buffer.alloc(102_400, "0123456789abcdefg");
      const client = (await connect()).send(openingHandshake()).send(clientFrame(opcode.binary, payload));
      await asked;
      answer();
      await client.takeUntil("\r\n\r\n");
      expect((await takeFrame(client)).payload.equals(payload)).to.equal(true);
    }));

  for (const status of [301, 400, 401, 403, 404, 429, 500, 503, 599]) {
    it(`RFC 6455 section 4.2.2: ${status}, with its fields and content, and the connection stays usable`, () =>
      whileDeciding(
        () => reject(status, "no\n", { headers: { "X-A": "b" } }),
        async ({ connect, asked, answer, server }) => {
          const client = (await connect()).send(openingHandshake());
          await asked;
          answer();
          const response = await client.response();
          expect([response.status, response.body, response.field("x-a")]).to.deep.equal([status, "no\n", "b"]);
          expect([...response.all("upgrade"), ...response.all("sec-websocket-accept")]).to.deep.equal([]);
          await expectOrdinary(client.send(getTwo), "GET /two 0");
          expect(server.stats().switched).to.deep.equal({});
        },
      ));
  }

  it("RFC 6455 section 4.2.2, RFC 9931 section 3: refused, and frames came meanwhile: they are nothing, and it closes", () =>
    whileDeciding(
      () => reject(401, "no\n"),
      async ({ connect, asked, answer, server }) => {
        const client = (await connect()).send(openingHandshake()).send(hello);
        await asked;
        answer();
        expect((await expectRefused(client, 401)).body).to.equal("no\n");
        expect(server.stats().answered).to.deep.equal({ 401: 1 });
      },
    ));

  it("RFC 9110 section 7.8: declined, it is an ordinary request", () =>
    whileDeciding(decline, async ({ connect, asked, answer, server }) => {
      const client = (await connect()).send(openingHandshake());
      await asked;
      answer();
      await expectOrdinary(client, "GET /chat 0");
      await expectOrdinary(client.send(getTwo), "GET /two 0");
      expect(server.stats().switched).to.deep.equal({});
    }));

  it("RFC 6455 section 4.2.2: what it throws is a 500 and a fault, at once and later", () =>
    echoing(
      {
        accept: ({ request }) => {
          if (request.path === "/later") {
            return Promise.reject(new RangeError("later"));
          }
          throw new RangeError("at once");
        },
      },
      async ({ connect, faults }) => {
        for (const path of ["/chat", "/later"]) {
          const client = (await connect()).send(openingHandshake({}, `GET ${path} HTTP/1.1`));
          expect((await client.response()).status).to.equal(500);
        }
        expect(faults.map(({ code, cause }) => [code, (cause as Error).message])).to.deep.equal([
          ["ERR_TURNOUT_MODULE", "at once"],
          ["ERR_TURNOUT_MODULE", "later"],
        ]);
      },
    ));

  it("RFC 6455 section 4.2.2: the client is gone before: no socket comes of it", () =>
    whileDeciding(admit, async ({ connect, asked, answer, server, offers, protocol, faults }) => {
      const client = (await connect()).send(openingHandshake());
      await asked;
      const closed = nextClosed(server);
      client.reset();
      expect(codeOf(await closed)).to.equal("ERR_TURNOUT_RESET");
      expect(offers[0]!.signal.aborted).to.equal(true);
      answer();
      await turns(5);
      expect([protocol.sockets.size, server.stats().open, ...faults]).to.deep.equal([0, 0]);
    }));

  it("RFC 6455 section 4.1: a reset at any byte of the handshake and the first frame is nobody's failure", async function () {
    this.timeout(60_000);
    await echoing({}, async ({ connect, server, faults, protocol, sockets }) => {
      const bystander = (await connect()).send(openingHandshake());
      await bystander.takeUntil("\r\n\r\n");
      const bytes = Buffer.concat([Buffer.from(openingHandshake()), hello]);
      for (let at = 1; at <= bytes.length; at++) {
        const client = await connect();
        await deliver(client, sockets.at(-1)!, [bytes.subarray(0, at)]);
        const closed = nextClosed(server);
        client.reset();
        await closed;
      }
      bystander.send(clientFrame(opcode.text, "unmoved"));
      expect(inWords(await takeFrame(bystander))).to.equal('text "unmoved"');
      expect([protocol.sockets.size, server.stats().open, ...faults]).to.deep.equal([1, 1]);
    });
  });
});
