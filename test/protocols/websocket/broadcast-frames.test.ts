import { expect } from "chai";
import { BroadcastFrames } from "../../../protocols/websocket/broadcast-frames.ts";
import { ZlibQueue } from "../../../protocols/websocket/zlib-queue.ts";
import { inflatePlainly } from "../../support/plain-inflate.ts";
import { Random } from "../../support/random.ts";
import { framesIn, wordsIn } from "../../support/websocket-frames.ts";

const options = { thresholdBytes: 20, contextTakeover: false, level: 3, concurrency: 1 };

function framesOf(data: string | Uint8Array): BroadcastFrames {
  return new BroadcastFrames(data, options, new ZlibQueue(1));
}

const text = "said again and again and again";

describe("BroadcastFrames", () => {
  it("RFC 6455 section 5.6: one frame for all that compress nothing", () => {
    for (const [data, words] of [
      [text, `text ${JSON.stringify(text)}`],
      [Buffer.from("00ff", "hex"), "binary 00ff"],
      [new Uint8Array([1, 2]), "binary 0102"],
      ["", 'text ""'],
    ] as const) {
      const frames = framesOf(data);
      const frame = frames.for(undefined) as Buffer;
      expect(wordsIn(frame)).to.deep.equal([words]);
      expect(frames.bytes).to.equal(frame.length);
      expect(frames.for(undefined)).to.equal(frame);
    }
  });

  for (const data of [text, Buffer.from(text), new Uint8Array(Buffer.from(text))]) {
    it(`RFC 7692 section 7.2.1: one more for each window, made once: ${data.constructor.name}`, async () => {
      const frames = framesOf(data);
      for (const bits of [15, 9, 8]) {
        const made = frames.for(bits);
        expect(frames.for(bits)).to.equal(made);
        const [frame] = framesIn(await made);
        expect([frame!.fin, frame!.rsv, frame!.opcode]).to.deep.equal([true, 4, typeof data === "string" ? 1 : 2]);
        expect(inflatePlainly(frame!.payload).bytes.toString()).to.equal(text);
      }
      expect(frames.for(15)).to.not.equal(frames.for(9));
      expect(await frames.for(15)).to.equal(await frames.for(15));
    });
  }

  it("RFC 7692 section 7.1.2.1: the window is obeyed", async () => {
    const once = new Random(1).bytes(1000);
    const frames = framesOf(Buffer.concat([once, once]));
    const [far] = framesIn(await frames.for(15));
    expect(inflatePlainly(far!.payload).farthest).to.equal(1000);
    const [near] = framesIn(await frames.for(9));
    expect(near!.rsv).to.equal(0); // with nothing in view it does not become shorter
  });

  for (const [what, frames] of [
    ["below the threshold", framesOf("a".repeat(19))],
    ["where nothing is compressed", new BroadcastFrames(text, undefined, new ZlibQueue(1))],
  ] as const) {
    it(`${what} all get the one frame`, () => {
      expect(frames.for(15)).to.equal(frames.for(undefined));
    });
  }

  it("at the threshold it is compressed", async () => {
    const [frame] = framesIn(await framesOf("a".repeat(20)).for(15));
    expect(frame!.rsv).to.equal(4);
  });

  it("RFC 7692 section 6.1: what would not become shorter is sent as it is", async () => {
    const frames = framesOf(new Random(1).bytes(500));
    expect(await frames.for(15)).to.equal(frames.for(undefined));
  });
});
