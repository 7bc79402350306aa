import { constants, deflateRawSync } from "node:zlib";
import { expect } from "chai";
import { compress, Deflate } from "../../../protocols/websocket/deflate.ts";
import type { DeflateAgreement } from "../../../protocols/websocket/deflate-negotiation.ts";
import { ZlibQueue } from "../../../protocols/websocket/zlib-queue.ts";
import { rejectionOf } from "../../support/failures.ts";
import { cutLastBlock, inflatePlainly } from "../../support/plain-inflate.ts";
import { fuzzRuns, fuzzSeed, Random } from "../../support/random.ts";

const wanted = (): boolean => true;
const inflation = "ERR_TURNOUT_WEBSOCKET_DEFLATE";

function deflateFor(agreement: Partial<DeflateAgreement> = {}, maxBytes = 1_000_000): Deflate {
  const usual = { serverNoContextTakeover: false, clientNoContextTakeover: false, serverWindowBits: 15, response: "" };
  return new Deflate({ ...usual, ...agreement }, new ZlibQueue(1), 6, maxBytes);
}

/** Text that repeats itself near and far, of any length. */
function wordy(random: Random, length: number): Buffer {
  const words = Array.from({ length: 40 }, () => random.bytes(1 + random.below(12)));
  const parts: Buffer[] = [];
  for (let made = 0; made < length; made += parts.at(-1)!.length) {
    parts.push(random.oneIn(20) ? random.bytes(300) : random.pick(words));
  }
  return Buffer.concat(parts).subarray(0, length);
}

/** A message as some client may compress it: in blocks of any kind, flushed anywhere. */
function anyStream(random: Random, message: Buffer, dictionary: Buffer): Buffer {
  const parts: Buffer[] = [];
  let window = dictionary;
  for (let at = 0; at < message.length || parts.length === 0; ) {
    const end = random.oneIn(2) ? message.length : Math.min(message.length, at + random.below(message.length + 1));
    const piece = message.subarray(at, end);
    const isLast = random.oneIn(4);
    const flushed = deflateRawSync(piece, {
      ...(window.length > 0 && { dictionary: window }),
      level: random.below(10),
      strategy: random.pick([constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY]),
      finishFlush: isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    });
    parts.push(flushed);
    if (end === message.length) {
      parts[parts.length - 1] = isLast ? flushed : flushed.subarray(0, -4);
    }
    window = Buffer.concat([window, piece]).subarray(-32_768);
    at = end;
  }
  return Buffer.concat(parts);
}

describe("compress", () => {
  for (let windowBits = 8; windowBits <= 15; windowBits++) {
    it(`RFC 7692 section 7.1.2.1: ${windowBits} bits: no distance goes over ${2 ** windowBits}`, async () => {
      const random = new Random(fuzzSeed());
      const once = random.bytes(2 ** windowBits - 300 < 0 ? 60 : 2 ** windowBits - 300);
      const far = random.bytes(2 ** windowBits + 1);
      for (const level of [1, 3, 6, 9]) {
        for (const [what, message] of [
          ["what is near enough", Buffer.concat([once, once, once])],
          ["what is a byte too far", Buffer.concat([far, far, far, far])],
          ["words", wordy(random, 20_000)],
        ] as const) {
          const told = `TURNOUT_SEED=${random.seed}, level ${level}, ${what}`;
          const { bytes, farthest } = inflatePlainly(await compress(message, { windowBits, level }));
          expect(bytes.equals(message), told).to.equal(true);
          expect(farthest, told).to.be.at.most(2 ** windowBits);
        }
      }
    });
  }

  it("RFC 7692 section 7.2.1: the four bytes at the end are taken away", async () => {
    const deflated = await compress(Buffer.from("Hello"), { windowBits: 15, level: 6 });
    expect(deflated.toString("hex")).to.equal("f248cdc9c90700");
  });

  it("RFC 7692 section 7.2.3.6: an empty message is one empty block", async () => {
    const deflated = await compress(Buffer.alloc(0), { windowBits: 15, level: 6 });
    expect(inflatePlainly(deflated).bytes).to.have.length(0);
    expect(deflated.length).to.be.above(0);
  });

  it("what zlib does not take is told", async () => {
    expect(await rejectionOf(compress(Buffer.alloc(1), { windowBits: 16, level: 6 }))).to.be.instanceOf(RangeError);
  });
});

describe("Deflate, compressing", () => {
  it("RFC 7692 section 7.2.1: with context takeover, each message is compressed with those before in view", async () => {
    for (const serverWindowBits of [8, 9, 12, 15]) {
      const random = new Random(fuzzSeed());
      const deflate = deflateFor({ serverWindowBits });
      let window = Buffer.alloc(0);
      let helped = 0;
      for (let count = 0; count < 30; count++) {
        const message = wordy(new Random(count % 3), 1 + random.below(5000));
        const deflated = await deflate.compress(message, wanted);
        if (deflated === undefined) {
          continue; // the other side's window does not see it either
        }
        const told = `TURNOUT_SEED=${random.seed}, message ${count}, ${serverWindowBits} bits`;
        const { bytes, farthest } = inflatePlainly(deflated, window);
        expect(bytes.equals(message), told).to.equal(true);
        expect(farthest, told).to.be.at.most(2 ** serverWindowBits);
        helped += farthest > 0 ? 1 : 0;
        window = Buffer.concat([window, message]).subarray(-(2 ** serverWindowBits));
      }
      expect(helped).to.be.above(20);
    }
  });

  it("RFC 7692 section 7.1.1.1: without, each by itself", async () => {
    const deflate = deflateFor({ serverNoContextTakeover: true });
    const message = Buffer.from("said again and again and again");
    const [first, second] = [await deflate.compress(message, wanted), await deflate.compress(message, wanted)];
    expect(first!.equals(second!)).to.equal(true);
    expect(inflatePlainly(second!).bytes.equals(message)).to.equal(true);
  });

  it("RFC 7692 section 6.1: what would not become shorter is left as it is, and is not in view afterwards", async () => {
    const deflate = deflateFor();
    const message = new Random(1).bytes(500);
    expect(await deflate.compress(message, wanted)).to.equal(undefined);
    expect(await deflate.compress(message, wanted)).to.equal(undefined);
    const twice = Buffer.concat([message, message]);
    expect(inflatePlainly((await deflate.compress(twice, wanted))!).bytes.equals(twice)).to.equal(true);
    expect((await deflate.compress(message, wanted))!.length).to.be.below(20);
    expect(await deflateFor().compress(Buffer.alloc(0), wanted)).to.equal(undefined);
  });

  it("what nobody wants is not compressed, and not in view afterwards", async () => {
    const deflate = deflateFor();
    const message = Buffer.from("said again and again and again ".repeat(300)); // too long to be done at once
    expect(await deflate.compress(message, () => false)).to.equal(undefined);
    expect(inflatePlainly((await deflate.compress(message, wanted))!).bytes.equals(message)).to.equal(true);
  });

  it("shares what it compresses only where each message is compressed by itself", () => {
    expect(deflateFor({ serverWindowBits: 9 }).sharedWindowBits).to.equal(undefined);
    const by = { serverNoContextTakeover: true, serverWindowBits: 9 };
    expect(deflateFor(by).sharedWindowBits).to.equal(9);
  });
});

describe("Deflate, inflating", () => {
  for (const maxBytes of [Number.POSITIVE_INFINITY, 2 ** 33]) {
    it(`a limit of ${maxBytes} is more than zlib takes, and no fault of the client's`, async () => {
      const deflate = deflateFor({}, maxBytes);
      expect(String(await deflate.inflate(Buffer.from("f248cdc9c90700", "hex"), wanted))).to.equal("Hello");
    });
  }

  it("what nobody wants is not inflated, and not in view afterwards", async () => {
    const deflate = deflateFor();
    const payload = await compress(new Random(1).bytes(3_000), { windowBits: 15, level: 6 });
    expect(payload.length).to.be.above(2_048); // too long to be done at once
    expect(await deflate.inflate(payload, () => false)).to.have.length(0);
    expect(await deflate.inflate(Buffer.from("f200110000", "hex"), wanted)).to.equal(inflation);
  });

  it("RFC 7692 section 7.1.1.2: without context takeover, nothing before a message is in view", async () => {
    const deflate = deflateFor({ clientNoContextTakeover: true });
    expect(String(await deflate.inflate(Buffer.from("f248cdc9c90700", "hex"), wanted))).to.equal("Hello");
    expect(await deflate.inflate(Buffer.from("f200110000", "hex"), wanted)).to.equal(inflation);
  });

  it("a message that could not be inflated leaves the window as it was", async () => {
    const deflate = deflateFor();
    await deflate.inflate(Buffer.from("f248cdc9c90700", "hex"), wanted);
    expect(await deflate.inflate(Buffer.from("ff", "hex"), wanted)).to.equal(inflation);
    expect(String(await deflate.inflate(Buffer.from("f200110000", "hex"), wanted))).to.equal("Hello");
  });

  for (const [what, count, expected] of [
    ["1,024 last blocks in a message", 1024, ""],
    ["one more", 1025, inflation],
  ] as const) {
    it(`RFC 7692 section 7.2.3.4: ${what}`, async function () {
      this.timeout(10_000);
      const payload = Buffer.from("0300".repeat(count), "hex");
      expect(String(await deflateFor().inflate(payload, wanted))).to.equal(expected);
    });
  }

  it("the limit counts what all blocks of a message make together", async () => {
    const deflate = deflateFor({}, 10);
    const hello = "f348cdc9c90700"; // a last block
    expect(String(await deflate.inflate(Buffer.from(`${hello}${hello}00`, "hex"), wanted))).to.equal("HelloHello");
    for (const more of [`${hello}00`, "4a0400"]) {
      const inflated = await deflate.inflate(Buffer.from(`${hello}${hello}${more}`, "hex"), wanted);
      expect(inflated, more).to.equal("ERR_TURNOUT_WEBSOCKET_MESSAGE_TOO_LARGE");
    }
  });

  it("RFC 1951, RFC 7692 section 7.2.2: says what a plain inflater says, of good streams and of spoilt ones", async function () {
    const runs = fuzzRuns(1500);
    this.timeout(20_000 + runs * 20);
    const seed = fuzzSeed();
    let good = 0;
    for (let run = 0; run < runs; run++) {
      const random = new Random(seed + run);
      const deflate = deflateFor();
      let window = Buffer.alloc(0);
      for (let message = 0; message < 3; message++) {
        const text = wordy(random, random.below(random.pick([10, 300, 3000])));
        let payload = anyStream(random, text, window);
        while (random.oneIn(2)) {
          payload = spoilt(payload, random);
        }
        const told = `TURNOUT_SEED=${random.seed} TURNOUT_FUZZ_RUNS=1: ${payload.toString("hex")}, message ${message}`;
        const plain = plainlyOrNot(payload, window);
        if (plain === cutLastBlock) {
          break; // what is put behind a message to find its end may be taken for the rest of such a block
        }
        const inflated = await deflate.inflate(payload, wanted);
        expect(String(typeof inflated === "string" ? inflated : inflated.toString("hex")), told).to.equal(
          plain ?? inflation,
        );
        if (plain === undefined) {
          break;
        }
        good++;
        window = Buffer.concat([window, Buffer.from(plain, "hex")]).subarray(-32_768);
      }
    }
    expect(good).to.be.above(runs / 2);
  });
});

/** In hex; undefined where it cannot be inflated. */
function plainlyOrNot(payload: Buffer, window: Buffer): string | undefined {
  try {
    return inflatePlainly(payload, window).bytes.toString("hex");
  } catch (error) {
    return (error as Error).message === cutLastBlock ? cutLastBlock : undefined;
  }
}

function spoilt(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  switch (random.below(4)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(random.below(4)), bytes.subarray(at)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(3))]);
    default:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.of((bytes[at] ?? 0) ^ (1 << random.below(8))),
        bytes.subarray(at + 1),
      ]);
  }
}
