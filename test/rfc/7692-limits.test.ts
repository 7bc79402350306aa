import { constants, deflateRawSync } from "node:zlib";
import { expect } from "chai";
import type { WebSocketOptions } from "turnout/websocket";
import { DeflatingClient, deflatedFrame } from "../support/deflating.ts";
import { Random } from "../support/random.ts";
import { clientFrame, echoing, opcode, wordsIn } from "../support/websocket-frames.ts";

const { binary, continuation } = opcode;
const mebibyte = 1024 * 1024;

function deflated(message: Buffer, level = 6): Buffer {
  return deflateRawSync(message, { level, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

/** Answers with the length of each message. */
function measuring(options: WebSocketOptions<undefined>): WebSocketOptions<undefined> {
  return { ...options, message: (socket, message) => void socket.send(`${message.length}`) };
}

/** 1 MiB that inflates to 1 GiB: blocks that need nothing before them, one behind the other. */
function bomb(): Buffer {
  const part = deflateRawSync(Buffer.alloc(16 * mebibyte), { level: 9, finishFlush: constants.Z_FULL_FLUSH });
  return Buffer.concat([...Array.from({ length: 64 }, () => part), Buffer.of(0)]);
}

/** The most memory that the process had while `work` was done, beyond what it had before. */
async function growthOf(work: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage.rss();
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 1);
  try {
    await work();
  } finally {
    clearInterval(watch);
  }
  return Math.max(most, process.memoryUsage.rss()) - before;
}

describe("RFC 7692 section 8, RFC 6455 section 7.4.1: limits count what is inflated", () => {
  for (const contextTakeover of [false, true]) {
    for (const maxMessageBytes of [0, 1, 10, 16_383, 16_384, 16_385, 100_000, mebibyte]) {
      it(`${maxMessageBytes} bytes pass, one more is 1009${contextTakeover ? ", with context takeover" : ""}`, () =>
        echoing(measuring({ perMessageDeflate: { contextTakeover }, limits: { maxMessageBytes } }), async (server) => {
          const client = await DeflatingClient.open(server);
          for (const message of [Buffer.alloc(maxMessageBytes), new Random(1).bytes(maxMessageBytes)]) {
            for (const level of [0, 1, 9]) {
              client.send(deflatedFrame(deflated(message, level), {}, binary));
              expect(await client.said()).to.equal(`text "${maxMessageBytes}"`);
            }
          }
          client.send(deflatedFrame(deflated(Buffer.alloc(maxMessageBytes + 1)), {}, binary));
          expect(await client.said()).to.equal("close 1009");
          client.client.end();
          expect(await server.nextClosing()).to.deep.equal({
            ...{ code: 1009, reason: "", error: "ERR_TURNOUT_WEBSOCKET_MESSAGE_TOO_LARGE" },
          });
        }));
    }
  }

  it("RFC 7692 section 7.2.3.4: the blocks that call themselves the last make one message together", () =>
    echoing(measuring({ perMessageDeflate: true, limits: { maxMessageBytes: 1000 } }), async (server) => {
      const client = await DeflatingClient.open(server);
      const half = deflateRawSync(Buffer.alloc(500));
      expect(await client.send(deflatedFrame(Buffer.concat([half, half]), {}, binary)).said()).to.equal('text "1000"');
      const byte = deflateRawSync(Buffer.alloc(1));
      client.send(deflatedFrame(Buffer.concat([half, half, byte]), {}, binary));
      expect(await client.said()).to.equal("close 1009");
    }));

  it("a compressed message that is longer than what may come of it is refused before it is inflated", () =>
    echoing(measuring({ perMessageDeflate: true, limits: { maxMessageBytes: 1000 } }), async (server) => {
      const client = await DeflatingClient.open(server);
      client.send(deflatedFrame("00", { length: 2000, lengthBytes: 2 }, binary)); // the rest is never sent
      expect(await client.said()).to.equal("close 1009");
    }));

  it("the same in fragments, at the frame that makes it too long", () =>
    echoing(measuring({ perMessageDeflate: true, limits: { maxMessageBytes: 1000 } }), async (server) => {
      const client = await DeflatingClient.open(server);
      client.send(
        deflatedFrame(Buffer.alloc(900), { fin: false }, binary),
        clientFrame(continuation, "", { length: 900, lengthBytes: 2 }),
      );
      expect(await client.said()).to.equal("close 1009");
    }));
});

describe("RFC 7692 section 8: bombs", () => {
  const bytes = deflatedFrame(bomb(), {}, binary);

  it("is a bomb: 1 MiB for 1 GiB", () => {
    expect(bytes.length / mebibyte).to.be.closeTo(1, 0.05);
  });

  for (const [what, options, clients, boundMiB] of [
    ["one, with the limits that are usual", {}, 1, 150],
    ["one, with a small limit", { limits: { maxMessageBytes: 2 * mebibyte } }, 1, 100],
    ["eight at a time", {}, 8, 300],
  ] as const) {
    it(`RFC 7692 section 8: ${what}: 1009, and memory grows by less than ${boundMiB} MiB`, async function () {
      this.timeout(60_000);
      await echoing(measuring({ perMessageDeflate: true, ...options }), async (server) => {
        const open = await Promise.all(Array.from({ length: clients }, () => DeflatingClient.open(server)));
        const growth = await growthOf(async () => {
          await Promise.all(
            open.map(async (client) =>
              expect(wordsIn(await client.send(bytes).client.rest())).to.deep.equal(["close 1009"]),
            ),
          );
        });
        expect(growth / mebibyte).to.be.below(boundMiB);
        expect(server.server.stats().refused).to.deep.equal({ ERR_TURNOUT_WEBSOCKET_MESSAGE_TOO_LARGE: clients });
      });
    });
  }

  it("RFC 7692 section 7.2.3.4: 100,000 last blocks in a message: 1007", async function () {
    this.timeout(20_000);
    await echoing(measuring({ perMessageDeflate: true }), async (server) => {
      const client = await DeflatingClient.open(server);
      const growth = await growthOf(async () => {
        client.send(deflatedFrame(Buffer.from("0300".repeat(100_000), "hex"), {}, binary));
        expect(await client.said()).to.equal("close 1007");
      });
      expect(growth / mebibyte).to.be.below(150);
    });
  });

  it("RFC 7692 section 8: behind a bomb others are served, and nothing is kept of it", async function () {
    this.timeout(60_000);
    await echoing(measuring({ perMessageDeflate: { concurrency: 1 } }), async (server) => {
      const [first, second] = [await DeflatingClient.open(server), await DeflatingClient.open(server)];
      first.send(bytes);
      second.send(deflatedFrame(deflated(Buffer.alloc(1000)), {}, binary));
      expect(await first.said()).to.equal("close 1009");
      expect(await second.said()).to.equal('text "1000"');
    });
  });
});
