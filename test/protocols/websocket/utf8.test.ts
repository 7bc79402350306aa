import { expect } from "chai";
import { Utf8Validator } from "../../../protocols/websocket/utf8.ts";
import { randomPieces } from "../../support/cuts.ts";
import { fuzzSeed, Random } from "../../support/random.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function isText(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** What is missing behind a text that was cut within a code point is one of these. */
const endings = ["", "80", "8080", "808080", "a080", "908080"].map((hex) => Buffer.from(hex, "hex"));

/** How many bytes come until no text can begin so any more, whatever follows; -1: some text begins with all of them. */
function firstImpossible(bytes: Buffer): number {
  for (let length = 1; length <= bytes.length; length++) {
    const begun = bytes.subarray(0, length);
    if (!endings.some((ending) => isText(Buffer.concat([begun, ending])))) {
      return length - 1;
    }
  }
  return -1;
}

/** The first byte at which a validator that gets them one by one says no; -1 where it never does. */
function refusedByteByByte(bytes: Buffer): number {
  const validator = new Utf8Validator();
  for (let at = 0; at < bytes.length; at++) {
    if (!validator.push(bytes, at, at + 1)) {
      return at;
    }
  }
  expect(validator.complete, bytes.toString("hex")).to.equal(isText(bytes));
  return -1;
}

/** Whether a validator takes the pieces, and is left complete exactly where they are a text. */
function takes(pieces: Iterable<Buffer>, whole: Buffer): boolean {
  const validator = new Utf8Validator();
  for (const piece of pieces) {
    if (!validator.push(piece, 0, piece.length)) {
      return false;
    }
  }
  expect(validator.complete, whole.toString("hex")).to.equal(isText(whole));
  return true;
}

/** Bytes at which a range of RFC 3629 section 4 begins or ends, and their neighbours. */
const leads = [0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef];
const longLeads = [0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xff];
const followers = [0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xf0];

/** All sequences of `length` bytes that begin with one of `first` and go on with followers. */
function sequences(first: readonly number[], length: number): Buffer[] {
  let all = first.map((byte) => [byte]);
  for (let more = 1; more < length; more++) {
    all = all.flatMap((begun) => followers.map((byte) => [...begun, byte]));
  }
  return all.map((bytes) => Buffer.from(bytes));
}

const short = [1, 2, 3].flatMap((length) => sequences([...leads, ...longLeads], length));
const long = sequences([0xf0, 0xf3, 0xf4], 4);

describe("Utf8Validator", () => {
  for (const [what, all] of [
    ["1 to 3 bytes", short],
    ["4 bytes", long],
  ] as const) {
    it(`RFC 3629 section 4: sequences of ${what} at the bounds fail at the first byte that no text can have there`, function () {
      this.timeout(20_000);
      for (const bytes of all) {
        expect(refusedByteByByte(bytes), bytes.toString("hex")).to.equal(firstImpossible(bytes));
      }
    });

    it(`RFC 6455 section 8.1: sequences of ${what}, within and at the end of a longer text, cut within them`, function () {
      this.timeout(20_000);
      for (const bytes of all) {
        for (const [before, behind] of [
          ["", ""],
          ["é".repeat(20), ""],
          ["€ a".repeat(12), "\u{1f600}".repeat(9)],
        ] as const) {
          const whole = Buffer.concat([Buffer.from(before), bytes, Buffer.from(behind)]);
          const expected = behind === "" ? firstImpossible(bytes) === -1 : isText(bytes);
          const start = Buffer.byteLength(before);
          for (let at = start; at <= start + bytes.length; at++) {
            if (takes([whole.subarray(0, at), whole.subarray(at)], whole) !== expected) {
              expect.fail(`${whole.toString("hex")} cut at ${at} was ${expected ? "refused" : "taken"}`);
            }
          }
        }
      }
    });
  }

  it("RFC 3629 section 4: every code point but the surrogates, in pieces of every length", function () {
    this.timeout(20_000);
    const points = Array.from({ length: 0x11_0000 }, (_, point) => point).filter(
      (point) => point < 0xd800 || point > 0xdfff,
    );
    let text = "";
    for (let at = 0; at < points.length; at += 1024) {
      text += String.fromCodePoint(...points.slice(at, at + 1024));
    }
    const bytes = Buffer.from(text);
    for (const length of [1, 31, 32, 33, 61, 4096]) {
      const validator = new Utf8Validator();
      for (let at = 0; at < bytes.length; at += length) {
        if (!validator.push(bytes, at, Math.min(at + length, bytes.length))) {
          expect.fail(`refused in pieces of ${length}, in the one at ${at}`);
        }
      }
      expect(validator.complete).to.equal(true);
    }
  });

  it("RFC 3629 section 3: every surrogate is refused at its second byte", () => {
    for (let second = 0xa0; second <= 0xbf; second++) {
      expect(refusedByteByByte(Buffer.of(0xed, second, 0x80))).to.equal(1);
    }
  });

  it("RFC 6455 section 8.1: long pieces fail as soon as they have the byte, and not before", () => {
    for (const [bad, at] of [
      ["80", 0],
      ["c0", 0],
      ["e09f", 1],
      ["eda0", 1],
      ["f08f", 1],
      ["f490", 1],
      ["f5", 0],
      ["e28228", 2],
      ["f09f9828", 3],
    ] as const) {
      const bytes = Buffer.concat([Buffer.from("a".repeat(50)), Buffer.from(bad, "hex")]);
      expect(takes([bytes], bytes), bad).to.equal(false);
      const before = bytes.subarray(0, 50 + at);
      expect(takes([before], before), bad).to.equal(true);
    }
  });

  it(`RFC 6455 section 8.1: random text, most often spoilt, in random pieces`, function () {
    this.timeout(20_000);
    const random = new Random(fuzzSeed());
    for (let run = 0; run < 300; run++) {
      const text = random.list(60, () => random.pick(["a", "é", "€", "\u{1f600}", "\ufeff", "plain text"])).join("");
      const bytes = Buffer.from(text);
      for (let spoilt = random.below(3); spoilt > 0 && bytes.length > 0; spoilt--) {
        bytes[random.below(bytes.length)] = random.pick([...followers, 0xed, 0xf4, 0xf5]);
      }
      const told = `TURNOUT_SEED=${random.seed}, run ${run}: ${bytes.toString("hex")}`;
      const impossible = firstImpossible(bytes);
      expect(refusedByteByByte(bytes), told).to.equal(impossible);
      const pieces = randomPieces(bytes, random.pick([3, 40, 200]), (n) => random.below(n));
      expect(takes(pieces, bytes), told).to.equal(impossible === -1);
    }
  });
});
