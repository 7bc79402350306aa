import { expect } from "chai";
import { composeFrame, headerLength, messageByte, writeHeader } from "../../../protocols/websocket/frame.ts";

/** Lengths at which the header changes, as it is written there (RFC 6455 section 5.2, with FIN and opcode 2). */
const headers = [
  [0, "8200"],
  [1, "8201"],
  [125, "827d"],
  [126, "827e007e"],
  [127, "827e007f"],
  [255, "827e00ff"],
  [256, "827e0100"],
  [65_535, "827effff"],
  [65_536, "827f0000000000010000"],
  [2 ** 31, "827f0000000080000000"],
  [2 ** 32 - 1, "827f00000000ffffffff"],
  [2 ** 32, "827f0000000100000000"],
  [2 ** 40 + 0x1234_5678, "827f0000010012345678"],
  [Number.MAX_SAFE_INTEGER, "827f001fffffffffffff"],
] as const;

describe("a server's frame", () => {
  for (const [length, hex] of headers) {
    it(`RFC 6455 section 5.2: the header for ${length} bytes, in the shortest way`, () => {
      const into = Buffer.alloc(20, 0xee);
      const end = writeHeader(into, 3, 0x82, length);
      expect(into.subarray(3, end).toString("hex")).to.equal(hex);
      expect(end).to.equal(3 + headerLength(length));
      expect(into.subarray(0, 3).toString("hex")).to.equal("eeeeee");
      expect(into.subarray(end).every((byte) => byte === 0xee)).to.equal(true);
    });
  }

  it("RFC 6455 section 5.6: text and binary", () => {
    expect(messageByte("")).to.equal(0x81);
    expect(messageByte(new Uint8Array())).to.equal(0x82);
  });

  for (const length of [0, 125, 126, 65_535, 65_536]) {
    it(`RFC 6455 section 5.2: a whole frame of ${length} bytes`, () => {
      const payload = Buffer.alloc(length, "payload");
      const header = Buffer.alloc(headerLength(length));
      writeHeader(header, 0, 0x81, length);
      const expected = Buffer.concat([header, payload]);
      expect(composeFrame(0x81, payload.toString()).equals(expected)).to.equal(true);
      expect(composeFrame(0x81, payload).equals(expected)).to.equal(true);
      expect(composeFrame(0x81, new Uint8Array(payload)).equals(expected)).to.equal(true);
    });
  }

  it("RFC 6455 section 5.6: the length of text is that of its bytes", () => {
    const text = "€".repeat(42); // 42 characters, 126 bytes
    expect(composeFrame(0x81, text).toString("hex")).to.equal(`817e007e${"e282ac".repeat(42)}`);
    expect(composeFrame(0x81, "\ud800").toString("hex")).to.equal("8103efbfbd"); // half a pair is no text
  });
});
