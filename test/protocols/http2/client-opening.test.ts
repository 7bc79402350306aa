import { expect } from "chai";
import { ClientOpening, type Opened } from "../../../protocols/http2/client-opening.ts";
import { deliveries } from "../../support/cuts.ts";
import {
  clientPreface,
  dataOn,
  requestOn,
  settingsAck,
  settingsFrame,
  settingsPayload,
} from "../../support/http2-frames.ts";

const opening = Buffer.from(clientPreface, "latin1");

/** What comes of the pieces: the first verdict, and all that is left to be read behind it. */
function opened(pieces: readonly Buffer[]): { settings: string; rest: string } | false | undefined {
  const reader = new ClientOpening();
  for (const [at, piece] of pieces.entries()) {
    const verdict: Opened | false | undefined = reader.push(Buffer.from(piece));
    if (verdict === false) {
      return false;
    }
    if (verdict !== undefined) {
      const rest = Buffer.concat([verdict.rest, ...pieces.slice(at + 1)]);
      return { settings: verdict.settings.toString("hex"), rest: rest.toString("hex") };
    }
  }
  return undefined;
}

describe("a client's opening", () => {
  const twentyFour = Array.from({ length: 24 }, (_, at): [number, number] => [at, at]);
  for (const [what, settings, rest] of [
    ["empty SETTINGS", [], Buffer.alloc(0)],
    [
      "SETTINGS of two",
      [
        [3, 100],
        [4, 65_535],
      ],
      Buffer.alloc(0),
    ],
    ["SETTINGS and what follows", [[4, 10]], Buffer.concat([settingsAck, requestOn(3)])],
    ["24 settings", twentyFour, Buffer.of(0)],
  ] as [string, [number, number][], Buffer][]) {
    it(`RFC 9113 section 3.4: ${what}, however it is cut`, () => {
      const expected = { settings: settingsPayload(...settings).toString("hex"), rest: rest.toString("hex") };
      for (const { how, pieces } of deliveries(Buffer.concat([opening, settingsFrame(...settings), rest]))) {
        expect(opened(pieces), how).to.deep.equal(expected);
      }
    });
  }

  it("RFC 9113 section 3.4: undecided until the last byte of SETTINGS is there", () => {
    const bytes = Buffer.concat([opening, settingsFrame([3, 100])]);
    for (let length = 0; length < bytes.length; length++) {
      expect(new ClientOpening().push(bytes.subarray(0, length)), `${length}`).to.equal(undefined);
    }
    expect(new ClientOpening().push(bytes)).to.deep.equal({
      settings: settingsPayload([3, 100]),
      rest: Buffer.alloc(0),
    });
  });

  const large = settingsFrame(...Array.from({ length: 25 }, (): [number, number] => [3, 100]));
  for (const [what, frame] of [
    ["an acknowledgement", settingsAck],
    ["SETTINGS of a stream", Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 1])],
    ["SETTINGS with an unknown flag", Buffer.from([0, 0, 0, 4, 2, 0, 0, 0, 0])],
    ["DATA", dataOn(1, "x")],
    ["HEADERS", requestOn(3)],
    ["25 settings", large],
  ] as const) {
    it(`RFC 9113 section 3.4: ${what} instead is passed on as it came, for node:http2 to judge`, () => {
      for (const { how, pieces } of deliveries(Buffer.concat([opening, frame]))) {
        expect(opened(pieces), how).to.deep.equal({ settings: "", rest: frame.toString("hex") });
      }
    });
  }

  it("RFC 9113 section 3.4: one wrong byte of the preface, wherever it stands, and however it is cut", () => {
    for (let at = 0; at < opening.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const wrong = Buffer.concat([opening, settingsFrame()]);
        wrong[at]! ^= 1 << bit;
        for (const { how, pieces } of deliveries(wrong.subarray(0, at + 1))) {
          expect(opened(pieces), `bit ${bit} of ${at}, ${how}`).to.equal(false);
        }
      }
    }
  });

  it("RFC 9113 section 3.4: the beginning of HTTP/1.1 is not HTTP/2 from its first byte that differs", () => {
    expect(opened([Buffer.from("G")])).to.equal(false);
    expect(opened([Buffer.from("P"), Buffer.from("O")])).to.equal(false);
    expect(opened([Buffer.from("PRI * HTTP/2.")])).to.equal(undefined);
  });
});
