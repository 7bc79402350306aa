import { expect } from "chai";
import { PeerError, type PeerErrorCode, UsageError } from "../../../lib/errors.ts";
import { type HeadLimits, RequestHeadParser } from "../../../lib/http/request-head.ts";
import { host, outcomeOf, reads, refuses, usualLimits } from "../../support/request-heads.ts";

const minimal = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

function limits(some: Partial<HeadLimits>): HeadLimits {
  return { ...usualLimits, ...some };
}

/** How many bytes of `endless` are taken, one by one, before they are refused with `code`. */
function bytesUntil(code: PeerErrorCode, start: string, endless: string, some: Partial<HeadLimits>): number {
  const parser = new RequestHeadParser(limits(some));
  const bytes = Buffer.from(start + endless.repeat(Math.ceil(70_000 / endless.length)), "latin1");
  for (let at = 0; at < bytes.length; at++) {
    try {
      parser.read(bytes.subarray(at, at + 1), 0);
    } catch (error) {
      expect(error).to.be.instanceOf(PeerError).with.property("code", code);
      return at;
    }
  }
  throw new Error("not refused");
}

describe("the limits of a request head", () => {
  describe("RFC 9112 section 3: the target, 414", () => {
    const long = `GET /${"a".repeat(9)} HTTP/1.1\r\n${host}\r\n`;
    reads("as long as the limit", long, { method: "GET" }, limits({ maxTargetBytes: 10 }));
    refuses("one byte longer", long, "ERR_TURNOUT_TARGET_TOO_LONG", limits({ maxTargetBytes: 9 }));
    refuses(
      "in absolute-form",
      `GET http://a/b HTTP/1.1\r\n${host}\r\n`,
      "ERR_TURNOUT_TARGET_TOO_LONG",
      limits({ maxTargetBytes: 9 }),
    );
    refuses(
      "a bad byte within it goes before",
      `GET /#${"a".repeat(9)}`,
      "ERR_TURNOUT_TARGET",
      limits({ maxTargetBytes: 9 }),
    );
    it("is known before the line ends", () => {
      expect(bytesUntil("ERR_TURNOUT_TARGET_TOO_LONG", "GET /", "a", {})).to.equal("GET ".length + 8000);
    });
  });

  describe("RFC 6585 section 5: the whole head, 431", () => {
    reads("as large as the limit", minimal, { method: "GET" }, limits({ maxHeadBytes: minimal.length }));
    refuses("one byte larger", minimal, "ERR_TURNOUT_HEAD_TOO_LARGE", limits({ maxHeadBytes: minimal.length - 1 }));
    reads(
      "empty lines before it count",
      `\r\n${minimal}`,
      { method: "GET" },
      limits({ maxHeadBytes: minimal.length + 2 }),
    );
    refuses(
      "empty lines before it count",
      `\r\n${minimal}`,
      "ERR_TURNOUT_HEAD_TOO_LARGE",
      limits({ maxHeadBytes: minimal.length + 1 }),
    );
    refuses(
      "a bad byte within it goes before",
      `G(${"a".repeat(9)}`,
      "ERR_TURNOUT_METHOD",
      limits({ maxHeadBytes: 2 }),
    );
    refuses("a bad byte behind it does not", "GE(", "ERR_TURNOUT_HEAD_TOO_LARGE", limits({ maxHeadBytes: 2 }));
    for (const [what, start, endless] of [
      ["an endless method", "", "A"],
      ["endless empty lines", "", "\r\n"],
      ["an endless name", "GET / HTTP/1.1\r\n", "a"],
      ["an endless value", "GET / HTTP/1.1\r\na:", "a"],
      ["endless white space", "GET / HTTP/1.1\r\na:", " "],
    ] as const) {
      it(`${what} is refused at the limit`, () => {
        for (const maxHeadBytes of [100, 16_384, 65_536]) {
          expect(bytesUntil("ERR_TURNOUT_HEAD_TOO_LARGE", start, endless, { maxHeadBytes })).to.equal(maxHeadBytes);
        }
        const whole = Buffer.from(start + endless.repeat(70_000), "latin1");
        expect(outcomeOf([whole])).to.deep.equal({ is: "fault", code: "ERR_TURNOUT_HEAD_TOO_LARGE" });
      });
    }
    it("counts anew for each head", () => {
      const parser = new RequestHeadParser(limits({ maxHeadBytes: minimal.length + 2 }));
      const bytes = Buffer.from(`\r\n${minimal}`.repeat(3));
      let at = 0;
      for (let n = 1; n <= 3; n++) {
        at = parser.read(bytes, at);
        expect(at).to.equal((minimal.length + 2) * n);
      }
    });
  });

  describe("RFC 6585 section 5: the number of fields, 431", () => {
    const three = `GET / HTTP/1.1\r\n${host}a: b\r\nc: d\r\n\r\n`;
    reads("as many as the limit", three, { method: "GET" }, limits({ maxFields: 3 }));
    refuses("one more", three, "ERR_TURNOUT_TOO_MANY_FIELDS", limits({ maxFields: 2 }));
    refuses(
      "one more, even malformed",
      three.replace("c:", "c("),
      "ERR_TURNOUT_TOO_MANY_FIELDS",
      limits({ maxFields: 2 }),
    );
    refuses(
      "what is no field is not counted",
      three.replace("c:", "(:"),
      "ERR_TURNOUT_FIELD_NAME",
      limits({ maxFields: 2 }),
    );
    it("is known at the first byte", () => {
      expect(bytesUntil("ERR_TURNOUT_TOO_MANY_FIELDS", "GET / HTTP/1.1\r\n", "a:\r\n", {})).to.equal(16 + 400);
    });
  });

  it("the largest head of all: 64 KiB of the shortest fields", () => {
    const lines = 16_370;
    const start = `GET / HTTP/1.1\r\nHost: a\r\n`;
    const filled = start + "a:\r\n".repeat(lines);
    const head = Buffer.from(`${filled}x:${"y".repeat(65_536 - filled.length - 6)}\r\n\r\n`);
    expect(head.length).to.equal(65_536);
    const parser = new RequestHeadParser({ maxHeadBytes: 65_536, maxTargetBytes: 8000, maxFields: 20_000 });
    expect(parser.read(head, 0)).to.equal(65_536);
    expect(parser.values("A")).to.have.length(lines);
    expect(parser.fields().size).to.equal(lines + 2);
    expect(parser.read(head.subarray(0, 40_000), 0)).to.equal(-1);
    expect(parser.read(head.subarray(40_000), 0)).to.equal(25_536);
  });

  it("a limit above 64 KiB is a mistake of the program", () => {
    expect(() => new RequestHeadParser(limits({ maxHeadBytes: 65_537 })))
      .to.throw(UsageError)
      .with.property("code", "ERR_TURNOUT_OPTION");
  });
});
