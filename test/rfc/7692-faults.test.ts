import { deflateRawSync } from "node:zlib";
import { expect } from "chai";
import type { WebSocketOptions } from "turnout/websocket";
import { DeflatingClient, deflatedFrame, deflatedHello } from "../support/deflating.ts";
import { Random } from "../support/random.ts";
import { clientFrame, echoing, inWords, opcode, takeFrame, wordsIn } from "../support/websocket-frames.ts";

const options: WebSocketOptions<undefined> = { perMessageDeflate: { contextTakeover: true } };

/** The message is refused with 1007; what came before it is answered, and another client does not notice. */
function refuses(title: string, payload: string | Uint8Array, fault = "DEFLATE", code: number = opcode.text): void {
  it(title, () =>
    echoing(options, async (server) => {
      const bystander = await DeflatingClient.open(server);
      const { client } = (await DeflatingClient.open(server)).send(
        clientFrame(opcode.text, "before"),
        deflatedFrame(payload, {}, code),
        clientFrame(opcode.text, "behind"),
      );
      expect(wordsIn(await client.rest())).to.deep.equal(['text "before"', "close 1007"]);
      client.end();
      const error = `ERR_TURNOUT_WEBSOCKET_${fault}`;
      expect(await server.nextClosing()).to.deep.equal({ code: 1007, reason: "", error });
      expect(server.server.stats().refused).to.deep.equal({ [error]: 1 });
      bystander.send(deflatedFrame(deflatedHello));
      expect(inWords(await takeFrame(bystander.client))).to.equal('text "Hello"');
      expect(server.faults).to.deep.equal([]);
    }),
  );
}

const sentence = Buffer.from("said again and again and again, and then something else");
const dynamic = deflateRawSync(Buffer.concat([sentence, new Random(5).bytes(40), sentence, sentence]), { level: 9 });

describe("RFC 7692 section 7.2.2: what cannot be inflated", () => {
  for (const [what, hex] of [
    ["a block of type 3", "07"],
    ["a block of type 3 behind a good one", "f248cdc9c907000000ffff06"],
    ["a stored block whose length is not confirmed", "000500faf048656c6c6f00"],
    ["a stored block that is cut", "000500faff4865"],
    ["the header of a stored block that is cut", "000500"],
    ["a literal code that there is not", "1bff"],
    ["a distance behind the beginning", "020100"],
    ["a distance behind the beginning of the window", "f200120000"],
    ["a dynamic block with too many codes", "fcff"],
    ["a dynamic block whose code lengths are no code", "0400feff"],
    ["text instead of a stream", "48656c6c6f2c20776f726c64"],
    ["a stream of zlib's, with its header", "789cf248cdc9c907000581"],
    ["a stream of gzip's", "1f8b0800000000000003f348cdc9c9070082"],
    ["nothing at all", ""],
    ["a byte behind the end", "f248cdc9c90700ff"],
    ["garbage behind a last block", "f348cdc9c90700ff"],
    ["bytes of ff", "ffffffffffff"],
  ] as const) {
    refuses(`RFC 7692 section 7.2.2: ${what}`, hex);
    refuses(`RFC 7692 section 7.2.2: ${what}, in a binary message`, hex, "DEFLATE", opcode.binary);
  }

  it("RFC 7692 section 7.2.2: a message that was cut anywhere", async function () {
    this.timeout(20_000);
    await echoing(options, async (server) => {
      for (const whole of [Buffer.from(deflatedHello, "hex"), dynamic.subarray(0, -1)]) {
        for (let length = 0; length < whole.length; length++) {
          const { client } = (await DeflatingClient.open(server)).send(
            deflatedFrame(notLast(whole).subarray(0, length), {}, opcode.binary),
          );
          expect(wordsIn(await client.rest()), `${length} of ${whole.toString("hex")}`).to.deep.equal(["close 1007"]);
          client.end();
        }
      }
    });
  });

  it("RFC 7692 section 7.2.2: faults of several clients at a time, each is told its own", () =>
    echoing({ perMessageDeflate: { concurrency: 1 } }, async (server) => {
      const clients: DeflatingClient[] = [];
      for (let count = 0; count < 10; count++) {
        clients.push(await DeflatingClient.open(server));
      }
      for (const [index, client] of clients.entries()) {
        client.send(deflatedFrame(index % 2 === 0 ? "ff" : deflatedHello));
      }
      for (const [index, client] of clients.entries()) {
        expect(await client.said()).to.equal(index % 2 === 0 ? "close 1007" : 'text "Hello"');
      }
      expect(server.server.stats().refused).to.deep.equal({ ERR_TURNOUT_WEBSOCKET_DEFLATE: 5 });
    }));
});

/** The first block does not call itself the last. */
function notLast(stream: Buffer): Buffer {
  const changed = Buffer.from(stream);
  changed[0]! &= 0xfe;
  return changed;
}

describe("RFC 6455 section 8.1: inflated text that is not UTF-8", () => {
  for (const [what, hex] of [
    ["a byte that begins nothing", "ff"],
    ["an overlong form", "c080"],
    ["a surrogate", "eda080"],
    ["a code point over U+10FFFF", "f4908080"],
    ["a code point that is cut", "48656c6c6fe282"],
  ] as const) {
    const bytes = Buffer.from(hex, "hex");
    const stored = Buffer.concat([Buffer.of(0, bytes.length, 0, ~bytes.length, 0xff), bytes, Buffer.of(0)]);
    refuses(`RFC 6455 section 8.1: ${what}`, stored, "UTF8");
  }

  it("RFC 6455 section 8.1: the same is taken in a binary message", () =>
    echoing(options, async (server) => {
      const client = await DeflatingClient.open(server);
      client.send(deflatedFrame("00 02 00 fd ff c0 80 00", {}, opcode.binary));
      expect(await client.said()).to.equal("binary c080");
    }));
});
