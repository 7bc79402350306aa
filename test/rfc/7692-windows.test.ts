import { constants, deflateRawSync } from "node:zlib";
import { expect } from "chai";
import type { WebSocketOptions } from "turnout/websocket";
import { DeflatingClient, deflatedFrame, deflatedHello, helloOnceMore } from "../support/deflating.ts";
import { fuzzSeed, Random } from "../support/random.ts";
import { clientFrame, echoing, opcode } from "../support/websocket-frames.ts";

const { text, binary } = opcode;
const takingOver: WebSocketOptions<undefined> = { perMessageDeflate: { contextTakeover: true, thresholdBytes: 10 } };
const forgetting: WebSocketOptions<undefined> = { perMessageDeflate: { thresholdBytes: 10 } };

/** Bytes that come again at the distances around each window, and at every other one. */
function selfSimilar(random: Random): Buffer {
  const parts: Buffer[] = [];
  for (const distance of [
    250, 256, 257, 511, 512, 513, 1024, 1025, 4096, 4097, 16_384, 16_385, 32_506, 32_768, 32_769,
  ]) {
    const once = random.bytes(distance);
    parts.push(once, once.subarray(0, 300), once);
  }
  return Buffer.concat(parts);
}

describe("RFC 7692 section 7.1.2.1: the server's window", () => {
  for (let bits = 8; bits <= 15; bits++) {
    for (const [how, options] of [
      ["with context takeover", takingOver],
      ["without", forgetting],
    ] as const) {
      it(`RFC 7692 section 7.1.2.1: ${bits} bits, ${how}: no distance over ${2 ** bits}, in one message or over several`, async function () {
        this.timeout(20_000);
        const random = new Random(fuzzSeed());
        const long = selfSimilar(random);
        await echoing(options, async (server) => {
          const client = await DeflatingClient.open(server, `permessage-deflate; server_max_window_bits=${bits}`);
          let compressed = 0;
          for (const message of [
            long,
            long.subarray(0, 5000),
            long.subarray(4000, 9000),
            Buffer.alloc(70_000, "ab"),
            long,
          ]) {
            const { payload, isCompressed } = await client.send(clientFrame(binary, message)).next();
            expect(payload.equals(message), `TURNOUT_SEED=${random.seed}`).to.equal(true);
            compressed += isCompressed ? 1 : 0;
          }
          expect(client.farthest, `TURNOUT_SEED=${random.seed}`).to.be.within(1, 2 ** bits);
          expect(compressed).to.be.at.least(bits === 8 ? 1 : 2);
        });
      });
    }
  }

  it("RFC 7692 section 7.1.2.1: without the parameter up to 32,768", () =>
    echoing(takingOver, async (server) => {
      const client = await DeflatingClient.open(server);
      const once = new Random(1).bytes(20_000);
      for (const message of [once, Buffer.concat([once, once])]) {
        expect((await client.send(clientFrame(binary, message)).next()).payload.equals(message)).to.equal(true);
      }
      expect(client.farthest).to.be.within(20_000, 32_768);
    }));
});

describe("RFC 7692 section 7.1.1.1: the server's context", () => {
  const message = new Random(2).bytes(300).toString("hex");

  for (const [what, options, offer, isTakenOver] of [
    ["taken over", takingOver, "", true],
    ["taken over in a window of 1,024", takingOver, "; server_max_window_bits=10", true],
    ["taken over, whatever the client does", takingOver, "; client_no_context_takeover", true],
    ["not, as the client asks", takingOver, "; server_no_context_takeover", false],
    ["not, as the server decides", forgetting, "", false],
  ] as const) {
    it(`RFC 7692 section 7.1.1.1: ${what}`, () =>
      echoing(options, async (server) => {
        const client = await DeflatingClient.open(server, `permessage-deflate${offer}`);
        const lengths: number[] = [];
        for (let count = 0; count < 3; count++) {
          expect(await client.send(clientFrame(text, message)).said()).to.equal(`compressed text "${message}"`);
          lengths.push(client.lastLength);
        }
        const [first, ...others] = lengths as [number, ...number[]];
        for (const length of others) {
          if (isTakenOver) {
            expect(length).to.be.below(first / 10);
          } else {
            expect(length).to.equal(first);
          }
        }
      }));
  }

  it("RFC 7692 section 7.1.1.1: what is sent uncompressed is no part of it", () =>
    echoing(takingOver, async (server) => {
      const client = await DeflatingClient.open(server);
      const noise = new Random(3).bytes(2000);
      for (const [sent, isCompressed] of [
        [Buffer.from(message), true],
        [noise, false],
        [noise, false],
        [Buffer.concat([noise, noise]), true],
        [noise, true],
      ] as const) {
        const next = await client.send(clientFrame(binary, sent)).next();
        expect(next.payload.equals(sent)).to.equal(true);
        expect(next.isCompressed).to.equal(isCompressed);
      }
    }));
});

describe("RFC 7692 section 7.1.1.2: the client's context", () => {
  for (const [what, options, offer, isTakenOver] of [
    ["taken over", takingOver, "", true],
    [
      "taken over, whatever the server does",
      takingOver,
      "; server_no_context_takeover; server_max_window_bits=8",
      true,
    ],
    ["taken over, whatever window the client says it uses", takingOver, "; client_max_window_bits=8", true],
    ["not, as the client says", takingOver, "; client_no_context_takeover", false],
    ["not, as the server decides", forgetting, "", false],
  ] as const) {
    it(`RFC 7692 section 7.1.1.2: ${what}`, () =>
      echoing(options, async (server) => {
        const client = await DeflatingClient.open(server, `permessage-deflate${offer}`);
        client.send(deflatedFrame(deflatedHello), deflatedFrame(helloOnceMore));
        expect(await client.said()).to.equal('text "Hello"');
        expect(await client.said()).to.equal(isTakenOver ? 'text "Hello"' : "close 1007");
      }));
  }

  for (const [what, before, isInView] of [
    ["32,768 bytes back is in view, over several messages", 32_768, true],
    ["behind more than that, too", 50_000, true],
    ["what was never said is not", 32_767, false],
  ] as const) {
    it(`RFC 7692 section 7.1.2.2: ${what}`, async () => {
      const said = new Random(4).bytes(before);
      const inPieces = [said.subarray(0, 1), said.subarray(1, 20_000), said.subarray(20_000)];
      const messages: (string | Buffer)[] = [];
      await echoing(
        {
          ...takingOver,
          message: (socket, message) => {
            messages.push(message);
            socket.send("got it");
          },
        },
        async (server) => {
          const client = await DeflatingClient.open(server);
          for (const piece of inPieces) {
            const flushed = deflateRawSync(piece, { finishFlush: constants.Z_SYNC_FLUSH });
            expect(await client.send(deflatedFrame(flushed.subarray(0, -4), {}, binary)).said()).to.equal(
              'text "got it"',
            );
          }
          client.send(deflatedFrame(copyOf300, {}, binary));
          expect(await client.said()).to.equal(isInView ? 'text "got it"' : "close 1007");
        },
      );
      const start = before - 32_768;
      const expected = isInView ? [...inPieces, said.subarray(start, start + 300)] : inPieces;
      expect(messages.map((message) => message.toString("hex"))).to.deep.equal(
        expected.map((message) => message.toString("hex")),
      );
    });
  }
});

function code(length: number, value: number): string {
  return value.toString(2).padStart(length, "0");
}

/** Extra bits come with the lowest first, codes with the highest. */
function extra(length: number, value: number): string {
  return [...code(length, value)].reverse().join("");
}

/** RFC 1951 section 3.2.6: a block of fixed codes that copies 258 and 42 bytes, both from 32,768 bytes before. */
const copyOf300 = fixedBlock([
  ...[code(8, 0b1100_0101), code(5, 29), extra(13, 32_768 - 24_577)],
  ...[code(7, 273 - 256), extra(3, 42 - 35), code(5, 29), extra(13, 32_768 - 24_577)],
]);

function fixedBlock(parts: readonly string[]): Buffer {
  const bits = `010${parts.join("")}0000000000`; // not the last, fixed; its end, and the header of an empty stored block
  const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, "0").match(/.{8}/g)!;
  return Buffer.from(bytes.map((byte) => Number.parseInt([...byte].reverse().join(""), 2)));
}
