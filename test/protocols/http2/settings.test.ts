import { getPackedSettings, getUnpackedSettings } from "node:http2";
import { expect } from "chai";
import { decodeSettings } from "../../../protocols/http2/settings.ts";
import { settingsPayload } from "../../support/http2-frames.ts";
import { fuzzSeed, Random } from "../../support/random.ts";

/** RFC 9113 section 6.5.2 once more, without a table. */
function isAllowed(id: number, value: number): boolean {
  return id === 2 || id === 8 || id === 9
    ? value <= 1
    : id === 4
      ? value < 2 ** 31
      : id === 5
        ? value >= 16_384 && value < 2 ** 24
        : true;
}

describe("HTTP2-Settings", () => {
  it("RFC 7540 section 3.2.1: what Node packs is unpacked again", () => {
    const packed = getPackedSettings({
      headerTableSize: 0,
      enablePush: false,
      initialWindowSize: 10,
      maxFrameSize: 20_000,
    });
    const payload = decodeSettings(packed.toString("base64url"));
    expect(payload?.equals(packed)).to.equal(true);
    expect(getUnpackedSettings(payload!)).to.include({
      initialWindowSize: 10,
      maxFrameSize: 20_000,
      enablePush: false,
    });
  });

  it("T-69: nothing at all is no settings", () => {
    expect(decodeSettings("")?.length).to.equal(0);
  });

  it("T-69 RFC 9113 section 6.5.2: each setting at and beyond the ends of its range", () => {
    const values = [0, 1, 2, 16_383, 16_384, 2 ** 24 - 1, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
    for (const id of [0, 1, 2, 3, 4, 5, 6, 7, 8, 0x0502, 0xffff]) {
      for (const value of values) {
        const payload = settingsPayload([id, value]);
        const expected = isAllowed(id, value) ? payload : undefined;
        expect(decodeSettings(payload.toString("base64url")), `${id} ${value}`).to.deep.equal(expected);
      }
    }
  });

  it("T-69: 24 settings, and not one more", () => {
    expect(decodeSettings(Buffer.alloc(144).toString("base64url"))?.length).to.equal(144);
    expect(decodeSettings(Buffer.alloc(150).toString("base64url"))).to.equal(undefined);
  });

  it("T-69 RFC 4648 section 5: every length, of which only whole settings count", () => {
    for (let length = 0; length <= 160; length++) {
      const decoded = decodeSettings(Buffer.alloc(length).toString("base64url"));
      expect(decoded?.length, `${length}`).to.equal(length % 6 === 0 && length <= 144 ? length : undefined);
    }
  });

  it("T-69 RFC 4648 section 5: every character, at every place of a field", () => {
    const field = settingsPayload([3, 100], [1, 7]).toString("base64url");
    const alphabet = /^[A-Za-z0-9_-]$/;
    for (let at = 0; at < field.length; at++) {
      for (let character = 0; character < 256; character++) {
        const text = String.fromCharCode(character);
        const seen = decodeSettings(field.slice(0, at) + text + field.slice(at + 1));
        expect(seen !== undefined && !alphabet.test(text), `${text} at ${at}`).to.equal(false);
      }
    }
  });

  it("T-69 RFC 4648 section 3.5: a field whose last bits are not zero says the same bytes in two ways: refused", () => {
    for (const length of [1, 2, 4, 5]) {
      const field = Buffer.alloc(length).toString("base64url");
      expect(decodeSettings(`${field.slice(0, -1)}B`)).to.equal(undefined);
    }
  });

  it("T-69: random settings: taken exactly where all of them are allowed", () => {
    const random = new Random(fuzzSeed());
    for (let round = 0; round < 5_000; round++) {
      const settings = random.list(6, (): [number, number] => [
        random.below(10),
        random.pick([0, 1, 2, 16_384, random.below(2 ** 24), random.below(2 ** 32)]),
      ]);
      const payload = settingsPayload(...settings);
      const expected = settings.every(([id, value]) => isAllowed(id, value)) ? payload : undefined;
      const said = `seed ${random.seed}, round ${round}: ${JSON.stringify(settings)}`;
      expect(decodeSettings(payload.toString("base64url")), said).to.deep.equal(expected);
    }
  });
});
