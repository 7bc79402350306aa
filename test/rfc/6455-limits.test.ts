import { expect } from "chai";
import type { PeerError } from "turnout";
import type { WebSocketLimits } from "turnout/websocket";
import { nextClosed, turns } from "../support/exchanges.ts";
import type { RawClient } from "../support/raw-client.ts";
import {
  accepts,
  clientFrame,
  closeFrame,
  echoing,
  inWords,
  opcode,
  openingHandshake,
  refuses,
  takeFrame,
  wordsIn,
} from "../support/websocket-frames.ts";

const { text, binary, continuation, ping, pong } = opcode;
const more = { fin: false };
const tooLarge = "ERR_TURNOUT_WEBSOCKET_MESSAGE_TOO_LARGE";
const tooMany = "ERR_TURNOUT_WEBSOCKET_TOO_MANY_FRAGMENTS";
const limited = (limits: Partial<WebSocketLimits>) => ({ options: { limits } });
const frames = (...all: Buffer[]): Buffer => Buffer.concat(all);

/** A message in `count` fragments, each with the same payload. */
function inFragments(count: number, payload = ""): Buffer {
  const between = clientFrame(continuation, payload, more);
  const first = clientFrame(binary, payload, more);
  return Buffer.concat([first, ...Array<Buffer>(count - 2).fill(between), clientFrame(continuation, payload)]);
}

describe("RFC 6455 sections 7.4.1 and 10.4: maxMessageBytes", () => {
  const ten = limited({ maxMessageBytes: 10 });

  accepts(
    "RFC 6455 section 10.4: messages of as many bytes, in a frame and in fragments, and each by itself",
    frames(
      clientFrame(text, "0123456789"),
      clientFrame(text, "01234", more),
      clientFrame(ping, "not counted"),
      clientFrame(continuation, "567", more),
      clientFrame(continuation, "89", more),
      clientFrame(continuation),
      clientFrame(text, "é€é€"),
    ),
    ['text "0123456789"', `pong ${Buffer.from("not counted").toString("hex")}`, 'text "0123456789"', 'text "é€é€"'],
    ten.options,
  );

  refuses("RFC 6455 section 10.4: one more: 1009", clientFrame(text, "0123456789a"), 1009, tooLarge, ten);
  refuses("RFC 6455 section 10.4: bytes count, not characters", clientFrame(text, "é€é€a"), 1009, tooLarge, ten);
  for (const length of [11, 125, 126, 65_535, 65_536, 2 ** 32]) {
    refuses(
      `RFC 6455 section 7.4.1: ${length} are told from the header to be too many`,
      clientFrame(binary, "", { length }),
      1009,
      tooLarge,
      ten,
    );
  }
  refuses(
    "RFC 6455 section 10.4: one more over fragments, told from the last header",
    frames(
      clientFrame(text, "01234", more),
      clientFrame(continuation, "56789", more),
      clientFrame(continuation, "", { length: 1 }),
    ),
    1009,
    tooLarge,
    ten,
  );
  refuses(
    "RFC 6455 section 10.4: one more over fragments, none of which is the last",
    frames(clientFrame(binary, "0123456789", more), clientFrame(continuation, "", { ...more, length: 1 })),
    1009,
    tooLarge,
    ten,
  );
  refuses(
    "RFC 6455 section 10.4: a length that is as large as numbers are, behind a fragment",
    frames(clientFrame(binary, "0", more), clientFrame(continuation, "", { length: 2n ** 63n - 1n })),
    1009,
    tooLarge,
    ten,
  );
  refuses(
    "RFC 6455 section 10.4: what came before is answered first",
    frames(clientFrame(text, "a"), clientFrame(text, "0123456789a")),
    1009,
    tooLarge,
    { ...ten, words: ['text "a"'] },
  );
  it("RFC 6455 section 10.4: 16 MiB where nothing else is said, and not one more", async function () {
    this.timeout(30_000);
    const lengths: number[] = [];
    await echoing({ message: (_socket, message) => void lengths.push(message.length) }, async ({ open, server }) => {
      const most = 16 * 1024 * 1024;
      const client = await open({}, clientFrame(binary, Buffer.alloc(most, "0123456789abc")));
      client.send(clientFrame(binary, "", { length: most + 1 }));
      expect(wordsIn(await client.rest())).to.deep.equal(["close 1009"]);
      expect(lengths).to.deep.equal([most]);
      expect(server.stats().refused).to.deep.equal({ [tooLarge]: 1 });
    });
  });
});

describe("RFC 6455 section 10.4: maxFragments", () => {
  const three = limited({ maxFragments: 3 });

  accepts(
    "RFC 6455 sections 5.4, 10.4: as many, and Pings between them, which do not count, and each message by itself",
    frames(
      clientFrame(binary, "a", more),
      clientFrame(ping),
      clientFrame(continuation, "", more),
      clientFrame(pong),
      clientFrame(ping),
      clientFrame(continuation, "b"),
      inFragments(3, "c"),
    ),
    ["pong", "pong", "binary 6162", "binary 636363"],
    three.options,
  );
  refuses("RFC 6455 section 10.4: one more: 1008", inFragments(4, "a"), 1008, tooMany, three);
  refuses("RFC 6455 section 10.4: one more, all of them empty", inFragments(4), 1008, tooMany, three);
  refuses(
    "RFC 6455 section 10.4: one more, and no last one",
    frames(inFragments(3).subarray(0, -6), clientFrame(continuation, "", more), clientFrame(continuation, "", more)),
    1008,
    tooMany,
    three,
  );

  it("RFC 6455 section 5.4: 65,537 fragments, of a byte and of none, where nothing else is said", async function () {
    this.timeout(30_000);
    await echoing({}, async ({ open }) => {
      for (const payload of ["k", ""]) {
        const client = await open({}, inFragments(65_537, payload));
        const { payload: answer } = await takeFrame(client);
        expect(answer.equals(Buffer.from(payload.repeat(65_537)))).to.equal(true);
      }
    });
  });

  it("RFC 6455 section 10.4: fragments without end are cut off where nothing else is said", async function () {
    this.timeout(30_000);
    await echoing({}, async ({ open, server }) => {
      const client = await open({}, clientFrame(binary, "", more));
      const endless = Buffer.concat(Array<Buffer>(131_071).fill(clientFrame(continuation, "", more)));
      await client.sendSegment(endless);
      expect(server.stats().refused).to.deep.equal({});
      client.send(clientFrame(continuation, "", more));
      expect(wordsIn(await client.rest())).to.deep.equal(["close 1008"]);
      expect(server.stats().refused).to.deep.equal({ [tooMany]: 1 });
    });
  });
});

describe("RFC 6455 section 5.5.3: a flood of Pings", () => {
  const count = 10_000;
  const payloadOf = (number: number): string => `${number}`.padStart(125, "0");
  const flood = Buffer.concat(Array.from({ length: count }, (_, at) => clientFrame(ping, payloadOf(at + 1))));

  it("RFC 6455 section 5.5.3: 10,000 in one write: Pongs in order, the last one answered, and it goes on", async function () {
    this.timeout(30_000);
    await echoing({}, async ({ open }) => {
      const client = await open({}, frames(flood, clientFrame(text, "on"), closeFrame(1000)));
      await expectPongs(await client.rest());
    });
  });

  it("RFC 6455 section 5.5.3: 10,000 of a client that reads nothing meanwhile", async function () {
    this.timeout(30_000);
    await echoing({}, async ({ open, sockets }) => {
      const client = await open();
      client.stream.pause();
      for (let round = 0; round < 8; round++) {
        client.send(flood);
      }
      client.send(frames(clientFrame(text, "on"), closeFrame(1000)));
      await turns(200);
      // What waits for the client is bounded by the marks of the queue, not by what it asked for.
      expect(sockets[0]!.writableLength).to.be.below(1024 * 1024);
      client.stream.resume();
      await expectPongs(await client.rest());
    });
  });

  it("RFC 6455 section 5.5.3: the latest is answered before the Close, where there was no room for all of them", () =>
    echoing(
      { message: (socket) => void Array.from({ length: 15 }, () => socket.send("x".repeat(4_000))) },
      async ({ open }) => {
        const asked = Array.from({ length: 250 }, (_, at) => clientFrame(ping, payloadOf(at + 1)));
        const client = await open();
        client.send(frames(clientFrame(text, "talk"), ...asked, closeFrame(1000)));
        const words = wordsIn(await client.rest()).slice(15);
        expect(words.length).to.be.below(asked.length);
        expect(words.slice(-2)).to.deep.equal([`pong ${Buffer.from(payloadOf(250)).toString("hex")}`, "close 1000"]);
      },
    ));

  async function expectPongs(output: string): Promise<void> {
    const words = wordsIn(output);
    expect(words.slice(-2)).to.deep.equal(['text "on"', "close 1000"]);
    const hex = Buffer.from(payloadOf(count)).toString("hex");
    expect(words.at(-3)).to.equal(`pong ${hex}`);
    expect(words.slice(0, -2).filter((word) => !word.startsWith("pong "))).to.deep.equal([]);
  }
});

describe("RFC 6455 section 7.1.7: refusals are counted", () => {
  it("RFC 6455 section 7.1.7: each by its code, and told by `refused`, with the Close code as the status", () =>
    echoing({ limits: { maxMessageBytes: 1_000, maxFragments: 2 } }, async ({ open, server, faults }) => {
      const told: PeerError[] = [];
      server.on("refused", (error) => told.push(error));
      const violations = [
        [clientFrame(text, "", { rsv: 1 }), "RESERVED_BITS", 1002],
        [clientFrame(3), "OPCODE", 1002],
        [clientFrame(ping, "", more), "CONTROL_FRAME", 1002],
        [clientFrame(continuation), "FRAGMENTS", 1002],
        [clientFrame(text, "", { key: null }), "UNMASKED", 1002],
        [clientFrame(text, "", { lengthBytes: 2 }), "LENGTH", 1002],
        [closeFrame(1005), "CLOSE", 1002],
        [clientFrame(text, Uint8Array.of(0xff)), "UTF8", 1007],
        [inFragments(3), "TOO_MANY_FRAGMENTS", 1008],
        [clientFrame(text, "", { length: 1_001 }), "MESSAGE_TOO_LARGE", 1009],
      ] as const;
      for (const times of [1, 2]) {
        for (const [bytes, , code] of violations) {
          expect(wordsIn(await (await open({}, bytes)).end().rest())).to.deep.equal([`close ${code}`]);
        }
        expect(server.stats().refused).to.deep.equal(
          Object.fromEntries(violations.map(([, name]) => [`ERR_TURNOUT_WEBSOCKET_${name}`, times])),
        );
      }
      expect(told.slice(violations.length).map(({ name, code, status }) => [name, code, status])).to.deep.equal(
        violations.map(([, name, code]) => ["PeerError", `ERR_TURNOUT_WEBSOCKET_${name}`, code]),
      );
      expect(faults).to.deep.equal([]);
    }));

  it("RFC 6455 section 7.1.7: a client that is gone before it is told is counted, and nobody's failure", () =>
    echoing({}, async ({ connect, server, faults }) => {
      const client = (await connect()).send(openingHandshake());
      await client.takeUntil("\r\n\r\n");
      const closed = nextClosed(server);
      await client.sendSegment(clientFrame(3));
      client.reset();
      await closed;
      expect([server.stats().refused, faults]).to.deep.equal([{ ERR_TURNOUT_WEBSOCKET_OPCODE: 1 }, []]);
    }));

  it("RFC 6455 section 7.1.7: a hundred that break rules, and one that does not, at the same time", () =>
    echoing({}, async ({ open, protocol, server, nextClosing }) => {
      const bystander = await open();
      const clients: RawClient[] = [];
      while (clients.length < 100) {
        clients.push(await open());
      }
      for (const [index, client] of clients.entries()) {
        client.send(clientFrame(index % 2 === 0 ? 3 : 15));
        bystander.send(clientFrame(text, `${index}`));
      }
      for (const client of clients) {
        expect(wordsIn(await client.end().rest())).to.deep.equal(["close 1002"]);
        await nextClosing();
      }
      for (const index of clients.keys()) {
        expect(inWords(await takeFrame(bystander))).to.equal(`text "${index}"`);
      }
      expect(protocol.sockets.size).to.equal(1);
      expect(server.stats().refused).to.deep.equal({ ERR_TURNOUT_WEBSOCKET_OPCODE: 100 });
    }));
});
