import { expect } from "chai";
import { UsageError } from "turnout";
import { abnormalClosure, composeClose, readClose } from "../../../protocols/websocket/close-frame.ts";

/** RFC 6455 section 7.4, and the codes that are registered since. */
const sendable = new Set([
  ...[1000, 1001, 1002, 1003],
  ...[1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014],
  ...Array.from({ length: 2000 }, (_, index) => 3000 + index),
]);

function payloadOf(code: number, reason = ""): Buffer {
  const bytes = Buffer.from(`  ${reason}`);
  bytes.writeUInt16BE(code, 0);
  return bytes;
}

describe("readClose", () => {
  it("RFC 6455 section 7.1.5: no body is 1005", () => {
    expect(readClose(Buffer.alloc(0))).to.deep.equal({ code: 1005, reason: "" });
  });

  it("RFC 6455 section 5.5.1: a body of one byte", () => {
    for (const byte of [0x00, 0x03, 0xff]) {
      expect(readClose(Buffer.of(byte))).to.equal("ERR_TURNOUT_WEBSOCKET_CLOSE");
    }
  });

  it("RFC 6455 section 7.4: each of the 65,536 codes, alone and with a reason", () => {
    for (let code = 0; code < 65_536; code++) {
      for (const reason of ["", "why"]) {
        const expected = sendable.has(code) ? { code, reason } : "ERR_TURNOUT_WEBSOCKET_CLOSE";
        const read = readClose(payloadOf(code, reason));
        if (JSON.stringify(read) !== JSON.stringify(expected)) {
          expect(read, `${code} ${reason}`).to.deep.equal(expected);
        }
      }
    }
  });

  for (const [what, hex] of [
    ["a byte that begins nothing", "ff"],
    ["a code point that is cut", "e282"],
    ["an overlong form", "c0af"],
    ["a surrogate", "eda080"],
    ["a code point over U+10FFFF", "f4908080"],
  ] as const) {
    it(`RFC 6455 section 5.5.1, 8.1: ${what} in the reason`, () => {
      const payload = Buffer.concat([payloadOf(1000, "why "), Buffer.from(hex, "hex")]);
      expect(readClose(payload)).to.equal("ERR_TURNOUT_WEBSOCKET_UTF8");
      const worse = Buffer.concat([payloadOf(999, "why "), Buffer.from(hex, "hex")]);
      expect(readClose(worse)).to.equal("ERR_TURNOUT_WEBSOCKET_CLOSE");
    });
  }

  it("RFC 6455 section 5.5.1: a reason of more than ASCII, and with a BOM", () => {
    for (const reason of ["grüß dich, 世界 \u{1f600}", "\ufeffbom"]) {
      expect(readClose(payloadOf(4999, reason))).to.deep.equal({ code: 4999, reason });
    }
  });
});

describe("composeClose", () => {
  it("RFC 6455 section 5.5.1: what it makes is read again", () => {
    for (const code of sendable) {
      expect(readClose(composeClose(code, ""))).to.deep.equal({ code, reason: "" });
      expect(readClose(composeClose(code, "grüß"))).to.deep.equal({ code, reason: "grüß" });
    }
  });

  it("RFC 6455 section 7.4.1: 1005 without a reason is an empty body", () => {
    expect(composeClose(1005, "")).to.have.length(0);
  });

  for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_536, -1, 1000.5, Number.NaN, Infinity]) {
    it(`RFC 6455 section 7.4: ${code} with a reason must not be sent`, () => {
      expect(() => composeClose(code, "why"))
        .to.throw(UsageError)
        .with.property("code", "ERR_TURNOUT_OPTION");
    });
  }

  it("RFC 6455 section 7.4.1: 1006 is never sent", () => {
    expect(() => composeClose(abnormalClosure.code, abnormalClosure.reason)).to.throw(UsageError);
  });

  it("RFC 6455 section 5.5: a reason has 123 bytes at most", () => {
    expect(composeClose(1000, "a".repeat(123))).to.have.length(125);
    expect(composeClose(1000, "€".repeat(41))).to.have.length(125);
    for (const reason of ["a".repeat(124), `${"€".repeat(41)}a`]) {
      expect(() => composeClose(1000, reason))
        .to.throw(UsageError)
        .with.property("code", "ERR_TURNOUT_OPTION");
    }
  });
});
