import { mock } from "node:test";
import { expect } from "chai";
import { Assembly } from "../../../protocols/websocket/assembly.ts";
import { randomPieces } from "../../support/cuts.ts";
import { fuzzSeed, Random } from "../../support/random.ts";

/** Adds bytes that a key of zeros masks; gives how much memory is set aside then. */
function add(assembly: Assembly, bytes: Buffer, toCome = 0): number {
  assembly.add(bytes, 0, bytes.length, 0, 0, toCome);
  return assembly.buffer.buffer.byteLength;
}

describe("Assembly", () => {
  it("a message of many small frames, none of which announces the next, is moved a few times only", () => {
    const setAside = mock.method(Buffer, "allocUnsafeSlow");
    try {
      const assembly = new Assembly();
      for (let frames = 0; frames < 4_096; frames++) {
        add(assembly, Buffer.alloc(16));
      }
      expect(setAside.mock.callCount()).to.be.below(24);
    } finally {
      setAside.mock.restore();
    }
  });

  it("RFC 6455 section 5.4: pieces of several frames become one payload", () => {
    const random = new Random(fuzzSeed());
    for (let run = 0; run < 200; run++) {
      const assembly = new Assembly();
      const frames = random.list(5, () => random.bytes(random.below(3000)));
      let length = 0;
      for (const frame of frames) {
        const key = random.below(2 ** 32) | 0;
        const masked = Buffer.from(frame.map((byte, at) => byte ^ ((key >>> ((at % 4) * 8)) & 0xff)));
        let phase = 0;
        for (const piece of randomPieces(masked, 1000, (n) => random.below(n))) {
          const within = Buffer.concat([Buffer.from("around"), piece, Buffer.from("it")]);
          assembly.add(within, 6, 6 + piece.length, key, phase, frame.length - phase - piece.length);
          phase += piece.length;
          length += piece.length;
          expect(assembly.length).to.equal(length);
        }
      }
      const whole = Buffer.concat(frames);
      expect(assembly.take().equals(whole), `TURNOUT_SEED=${random.seed}, run ${run}`).to.equal(true);
    }
  });

  it("what is added is not kept, but copied", () => {
    const assembly = new Assembly();
    const bytes = Buffer.from("Hello");
    add(assembly, bytes);
    bytes.fill(0);
    expect(assembly.take().toString()).to.equal("Hello");
  });

  it("nothing at all", () => {
    expect(new Assembly().take()).to.have.length(0);
    const assembly = new Assembly();
    add(assembly, Buffer.alloc(0), 0);
    expect(assembly.take()).to.have.length(0);
    expect(assembly.takeText()).to.equal("");
  });

  for (const text of ["plain", "grüß dich, 世界 \u{1f600}", "\ufeffbom", "a".repeat(5000), `${"a".repeat(5000)}é`]) {
    it(`takeText: ${text.length} characters, wherever they are cut`, () => {
      const bytes = Buffer.from(text);
      const step = Math.ceil(bytes.length / 50);
      for (let at = 0; at <= bytes.length; at += step) {
        const assembly = new Assembly();
        add(assembly, Buffer.from(bytes.subarray(0, at)));
        add(assembly, Buffer.from(bytes.subarray(at)));
        expect(assembly.takeText() === text, `cut at ${at}`).to.equal(true);
      }
    });
  }

  it("memory set aside is at most 8 times what came, or 4 KiB, whatever is announced", () => {
    const assembly = new Assembly();
    const announced = 16 * 1024 * 1024;
    for (let come = 0; come < announced; ) {
      const bytes = Buffer.alloc(Math.min(announced - come, come < 100_000 ? 997 : 1_000_003), 1);
      come += bytes.length;
      const setAside = add(assembly, bytes, announced - come);
      expect(setAside, `after ${come}`).to.be.at.most(Math.max(4096, 8 * come));
      expect(setAside).to.be.at.most(announced);
    }
    expect(assembly.length).to.equal(announced);
  });

  it("a short message takes no more than it says", () => {
    const assembly = new Assembly();
    expect(add(assembly, Buffer.alloc(10), 90)).to.equal(100);
    expect(add(assembly, Buffer.alloc(90), 0)).to.equal(100);
  });

  it("an announced message of 16 MiB is moved a few times only, in however small pieces it comes", () => {
    const setAside = mock.method(Buffer, "allocUnsafeSlow");
    try {
      const assembly = new Assembly();
      const announced = 16 * 1024 * 1024;
      const piece = Buffer.alloc(4096);
      for (let come = piece.length; come <= announced; come += piece.length) {
        add(assembly, piece, announced - come);
      }
      expect(setAside.mock.callCount()).to.be.below(8);
    } finally {
      setAside.mock.restore();
    }
  });
});
