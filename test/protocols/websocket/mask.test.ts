import { spawnSync } from "node:child_process";
import { expect } from "chai";
import { isAscii, unmask, unmaskBytes, unmaskInto } from "../../../protocols/websocket/mask.ts";
import { fuzzSeed, Random } from "../../support/random.ts";

/** A key as the receiver has it: its first byte in the lowest bits. */
const keyOf = (bytes: Uint8Array): number => bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24);

/** RFC 6455 section 5.3, to the letter. */
function plainly(payload: Uint8Array, key: Uint8Array, phase: number): Buffer {
  return Buffer.from(payload.map((octet, i) => octet ^ key[(phase + i) % 4]!));
}

/** A buffer that begins `offset` bytes behind a word's beginning. */
function aligned(offset: number, length: number): Buffer {
  return Buffer.from(new ArrayBuffer(length + 8), offset, length);
}

const random = new Random(fuzzSeed());
const source = random.bytes(1024);
const keys = [Buffer.from("37fa213d", "hex"), Buffer.from("ffeeddcc", "hex"), random.bytes(4)];
const guard = 5;

describe("unmask", () => {
  it("RFC 6455 section 5.7: the example", () => {
    const bytes = Buffer.from("7f9f4d5158", "hex");
    expect(isAscii(unmask(bytes, 0, 5, keyOf(Buffer.from("37fa213d", "hex")), 0))).to.equal(true);
    expect(bytes.toString()).to.equal("Hello");
  });

  for (const phase of [0, 1, 2, 3]) {
    it(`RFC 6455 section 5.3: every length to 600 at every alignment, ${phase} bytes into the payload`, function () {
      this.timeout(20_000);
      const key = keys[phase % keys.length]!;
      for (let offset = 0; offset < 4; offset++) {
        for (let length = 0; length <= 600; length++) {
          const bytes = aligned(offset, length + 2 * guard);
          source.copy(bytes);
          unmask(bytes, guard, guard + length, keyOf(key), phase);
          const expected = plainly(source.subarray(guard, guard + length), key, phase);
          if (!bytes.subarray(guard, guard + length).equals(expected)) {
            expect.fail(
              `TURNOUT_SEED=${random.seed}: ${length} bytes at ${offset} with the key ${key.toString("hex")}`,
            );
          }
          const untouched =
            bytes.subarray(0, guard).equals(source.subarray(0, guard)) &&
            bytes.subarray(guard + length).equals(source.subarray(guard + length, length + 2 * guard));
          expect(untouched, `what is around ${length} bytes at ${offset}`).to.equal(true);
        }
      }
    });
  }

  it("RFC 6455 section 5.3: long payloads, around every multiple of 64 KiB, and with one byte that is no ASCII", () => {
    const key = Buffer.of(0x01, 0x22, 0x43, 0x64); // ASCII stays ASCII
    for (const length of [65_535, 65_536, 65_537, 65_551, 65_552, 131_071, 131_072, 131_088, 200_001]) {
      const text = Buffer.alloc(length, "plain text, again and again; ");
      for (const at of [undefined, 0, 65_534, length - 1]) {
        if (at !== undefined) {
          text[at] = 0xc3;
        }
        const bytes = Buffer.concat([source.subarray(0, guard), plainly(text, key, 1), source.subarray(0, guard)]);
        expect(isAscii(unmask(bytes, guard, guard + length, keyOf(key), 1))).to.equal(at === undefined);
        const expected = Buffer.concat([source.subarray(0, guard), text, source.subarray(0, guard)]);
        expect(bytes.equals(expected), `${length} bytes`).to.equal(true);
        if (at !== undefined) {
          text[at] = 0x41;
        }
      }
    }
  });

  it("RFC 6455 section 5.3: a payload in pieces, and one of more bytes than 32 bits count", () => {
    const key = keys[2]!;
    for (const before of [4, 7, 255, 2 ** 31 - 1, 2 ** 31 + 2, 2 ** 32 + 1, 2 ** 40 + 3]) {
      for (const length of [1, 3, 190, 400]) {
        const bytes = Buffer.from(source.subarray(0, length));
        unmask(bytes, 0, length, keyOf(key), before);
        expect(bytes.equals(plainly(source.subarray(0, length), key, before)), `${before}, ${length}`).to.equal(true);
      }
    }
  });
});

describe("unmask, where Node has no WebAssembly, no SIMD, or no room for it", () => {
  for (const flag of ["--jitless", "--no-enable-sse4-1", "--wasm-max-mem-pages=0"]) {
    it(`RFC 6455 section 5.3: gives the same (${flag})`, () => {
      const module = new URL("../../../protocols/websocket/mask.js", import.meta.url);
      const [masked, key] = [source.subarray(0, 600), keys[0]!];
      const program = `
        import { isAscii, unmask } from ${JSON.stringify(module.href)};
        const bytes = Buffer.from("${masked.toString("hex")}", "hex");
        const seen = unmask(bytes, 0, bytes.length, ${keyOf(key)}, 3);
        console.log(isAscii(seen), bytes.toString("hex"));
      `;
      const { stdout, stderr } = spawnSync(process.execPath, [flag, "--input-type=module", "--eval", program], {
        encoding: "utf8",
      });
      expect(stdout, stderr).to.equal(`false ${plainly(masked, key, 3).toString("hex")}\n`);
    });
  }
});

describe("unmaskInto", () => {
  it("RFC 6455 section 5.3: the lengths around each turn, at every alignment of both buffers", function () {
    this.timeout(20_000);
    const key = keys[1]!;
    const lengths = [
      0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 188, 190, 191, 192, 193, 194, 195, 196, 200, 207, 208, 600,
    ];
    for (let from = 0; from < 4; from++) {
      for (let to = 0; to < 4; to++) {
        for (let phase = 0; phase < 4; phase++) {
          for (const length of lengths) {
            const bytes = aligned(from, length + 2 * guard);
            source.copy(bytes);
            const into = aligned(to, length + 2 * guard).fill(0xee);
            const seen = unmaskInto(bytes, guard, guard + length, into, guard, keyOf(key), phase);
            const expected = plainly(source.subarray(guard, guard + length), key, phase);
            const told = `TURNOUT_SEED=${random.seed}: ${length} bytes, from ${from} to ${to}, phase ${phase}`;
            expect(into.subarray(guard, guard + length).equals(expected), told).to.equal(true);
            expect(isAscii(seen), told).to.equal(expected.every((byte) => byte < 0x80));
            expect(bytes.equals(source.subarray(0, bytes.length)), `the masked bytes of ${told}`).to.equal(true);
            const around = Buffer.concat([into.subarray(0, guard), into.subarray(guard + length)]);
            expect(around.equals(Buffer.alloc(2 * guard, 0xee)), `what is around ${told}`).to.equal(true);
          }
        }
      }
    }
  });

  it("the plain way gives the same", () => {
    const [masked, into, other] = [Buffer.from(source), Buffer.alloc(1024), Buffer.alloc(1024)];
    const key = keyOf(keys[2]!);
    const [seen, plain] = [unmaskInto(masked, 3, 700, into, 3, key, 0), unmaskBytes(masked, 3, 700, other, 3, key)];
    expect(into.equals(other)).to.equal(true);
    expect(isAscii(seen)).to.equal(isAscii(plain));
  });
});

describe("isAscii", () => {
  for (const length of [1, 2, 3, 4, 5, 16, 191, 192, 193, 213]) {
    it(`is exact: ${length} bytes of ASCII, and with one byte that is none, at each place`, () => {
      const key = keys[0]!;
      for (const offset of [0, 1, 2, 3]) {
        const check = (text: Buffer): boolean => {
          const bytes = aligned(offset, length);
          plainly(text, key, 0).copy(bytes);
          return isAscii(unmask(bytes, 0, length, keyOf(key), 0));
        };
        expect(check(Buffer.alloc(length, 0x7f))).to.equal(true);
        for (let at = 0; at < length; at++) {
          const text = Buffer.alloc(length, 0x00);
          text[at] = 0x80;
          expect(check(text), `offset ${offset}, at ${at}`).to.equal(false);
        }
      }
    });
  }
});
