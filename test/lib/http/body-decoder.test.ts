import { expect } from "chai";
import { PeerError } from "../../../lib/errors.ts";
import { BodyDecoder, type BodyLimits } from "../../../lib/http/body-decoder.ts";
import { deliveries } from "../../support/cuts.ts";

const usual: BodyLimits = {
  maxBodyBytes: 1_000_000,
  maxChunkLineBytes: 1024,
  maxTrailerBytes: 8192,
  maxTrailers: 32,
};
const chunked = -1;

type Outcome = { body: string; trailers: string[]; behind: string } | { fault: string } | "more";

/** What becomes of the pieces; `behind` is whatever the decoder did not take. */
function outcomeOf(decoder: BodyDecoder, taken: Buffer[], pieces: readonly Buffer[]): Outcome {
  for (const [index, piece] of pieces.entries()) {
    let end: number;
    try {
      end = decoder.read(piece, 0);
    } catch (error) {
      if (!(error instanceof PeerError)) {
        throw error;
      }
      expect(() => decoder.read(Buffer.from("0\r\n\r\n"), 0))
        .to.throw(PeerError)
        .which.equals(error);
      expect(decoder.done).to.equal(false);
      return { fault: error.code };
    }
    expect(decoder.done).to.equal(end !== -1);
    if (end === -1) {
      continue;
    }
    const behind = Buffer.concat([piece.subarray(end), ...pieces.slice(index + 1)]).toString("latin1");
    const trailers = decoder.trailers.map(([name, value]) => `${name}|${value}`);
    return { body: Buffer.concat(taken).toString("latin1"), trailers, behind };
  }
  expect(decoder.trailers).to.deep.equal([]);
  return "more";
}

function decoderInto(taken: Buffer[], length: number, limits: Partial<BodyLimits> = {}): BodyDecoder {
  return new BodyDecoder(length, { ...usual, ...limits }, { content: (bytes) => taken.push(bytes) });
}

/** Whole, cut at every offset, and byte by byte. */
function expectOutcome(length: number, input: string, limits: Partial<BodyLimits>, expected: Outcome): void {
  for (const { how, pieces } of deliveries(Buffer.from(input, "latin1"))) {
    const taken: Buffer[] = [];
    const decoder = decoderInto(taken, length, limits);
    expect(outcomeOf(decoder, taken, pieces), how).to.deep.equal(expected);
    expect(Math.min(...taken.map((bytes) => bytes.length)), how).to.be.above(0);
    expect(decoder.received, how).to.equal(Buffer.concat(taken).length);
  }
}

function decodes(
  title: string,
  input: string,
  body: string,
  trailers: string[] = [],
  limits: Partial<BodyLimits> = {},
) {
  it(`decodes ${title}`, () => {
    for (const behind of ["", "\r\n", "GET / HTTP/1.1\r\n", "\0\xff"]) {
      expectOutcome(chunked, input + behind, limits, { body, trailers, behind });
    }
    for (let end = 0; end < input.length; end++) {
      const taken: Buffer[] = [];
      const pieces = [Buffer.from(input.slice(0, end), "latin1")];
      expect(outcomeOf(decoderInto(taken, chunked, limits), taken, pieces), `first ${end} bytes`).to.equal("more");
    }
  });
}

function refuses(title: string, input: string, fault: string, limits: Partial<BodyLimits> = {}) {
  it(`refuses ${title}`, () => {
    expectOutcome(chunked, input, limits, { fault });
    expectOutcome(chunked, `${input}0\r\n\r\n`, limits, { fault });
  });
}

describe("BodyDecoder", () => {
  describe("RFC 9112 section 6.2: Content-Length", () => {
    for (const length of [0, 1, 5]) {
      it(`ends after ${length} bytes and leaves what is behind them`, () => {
        for (const behind of ["", "x", "\r\nGET"]) {
          if (length + behind.length === 0) {
            continue;
          }
          const body = "hello".slice(0, length);
          expectOutcome(length, body + behind, {}, { body, trailers: [], behind });
        }
      });
    }

    it("has nothing to read when it is 0", () => {
      const decoder = decoderInto([], 0);
      expect(decoder.done).to.equal(true);
      expect(decoder.remaining).to.equal(0);
      expect(decoder.read(Buffer.alloc(0), 0)).to.equal(0);
    });

    it("waits for the last byte", () => expectOutcome(5, "hell", {}, "more"));

    it("starts at `from`, and takes nothing once it is done", () => {
      const taken: Buffer[] = [];
      const decoder = decoderInto(taken, 3);
      expect(decoder.read(Buffer.from("__abcde"), 2)).to.equal(5);
      expect(decoder.read(Buffer.from("__abcde"), 5)).to.equal(5);
      expect(Buffer.concat(taken).toString()).to.equal("abc");
    });

    it("tells what was received and what remains", () => {
      const decoder = decoderInto([], 5);
      expect(decoder.read(Buffer.from("abc"), 0)).to.equal(-1);
      expect([decoder.received, decoder.remaining]).to.deep.equal([3, 2]);
    });

    it("fits when it is not above the limit; chunked content always does at first", () => {
      const fits = (length: number, limit: number) => BodyDecoder.fits(length, limit);
      expect([fits(10, 10), fits(11, 10), fits(2 ** 53 - 1, Infinity), fits(chunked, 0)]).to.deep.equal([
        ...[true, false, true, true],
      ]);
    });
  });

  it("hands over parts of what it read, one for each chunk, without copying", () => {
    for (const [length, text] of [[5, "hello"] as const, [chunked, "5\r\nhello\r\n0\r\n\r\n"] as const]) {
      const taken: Buffer[] = [];
      const input = Buffer.from(text);
      decoderInto(taken, length).read(input, 0);
      expect(taken.map(String)).to.deep.equal(["hello"]);
      expect(taken[0]?.buffer).to.equal(input.buffer);
      expect(taken[0]?.byteOffset).to.equal(input.byteOffset + text.indexOf("hello"));
    }
  });

  describe("RFC 9112 section 7.1: chunked", () => {
    decodes("an empty body", "0\r\n\r\n", "");
    decodes("one chunk", "5\r\nhello\r\n0\r\n\r\n", "hello");
    decodes(
      "several chunks",
      "4\r\nWiki\r\n5\r\npedia\r\nE\r\n in\r\n\r\nchunks.\r\n0\r\n\r\n",
      "Wikipedia in\r\n\r\nchunks.",
    );
    decodes(
      "hexadecimal digits of either case",
      `a\r\n${"x".repeat(10)}\r\nA\r\n${"y".repeat(10)}\r\n0\r\n\r\n`,
      `${"x".repeat(10)}${"y".repeat(10)}`,
    );
    decodes("a size of two digits", `1f\r\n${"x".repeat(31)}\r\n0\r\n\r\n`, "x".repeat(31));
    decodes("leading zeros", "0005\r\nhello\r\n000\r\n\r\n", "hello");
    decodes("more leading zeros than significant digits are allowed", `${"0".repeat(30)}1\r\nx\r\n0\r\n\r\n`, "x");
    decodes("data that looks like framing", "5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n");

    it("tells that what remains is unknown until the last chunk", () => {
      const decoder = decoderInto([], chunked);
      const seen = ["5\r", "\nhe", "llo\r\n", "0\r", "\n", "\r\n"].map((text) => {
        decoder.read(Buffer.from(text), 0);
        return [decoder.received, decoder.remaining];
      });
      const unknown = Number.POSITIVE_INFINITY;
      expect(seen).to.deep.equal([
        [0, unknown],
        [2, unknown],
        [5, unknown],
        [5, unknown],
        [5, 0],
        [5, 0],
      ]);
    });

    const malformed = "ERR_TURNOUT_CHUNK";
    for (const [title, line] of [
      ["no size", ""],
      ["a sign", "+5"],
      ["a minus sign", "-5"],
      ["a prefix 0x", "0x5"],
      ["a digit that is none", "5g"],
      ["a letter behind f", "g"],
      ["white space before the size", " 5"],
      ["white space behind the size", "5 "],
      ["a tab behind the size", "5\t"],
      ["an underscore", "1_0"],
      ["a comma", "5,5"],
      ["NUL", "5\0"],
      ["a full-width digit", "\xef\xbc\x95"],
    ] as const) {
      refuses(`${title}: ${JSON.stringify(line)}`, `${line}\r\nhello\r\n`, malformed);
    }
    refuses("LF alone behind the size (section 2.2)", "5\nhello\r\n", malformed);
    refuses("CR alone behind the size (section 11.2)", "5\rhello\r\n", malformed);
    refuses("CR CR LF", "5\r\r\nhello\r\n", malformed);
    refuses("LF alone behind the data", "5\r\nhello\n", malformed);
    refuses("CR alone behind the data", "5\r\nhello\r0", malformed);
    refuses("more data than the size says", "5\r\nhelloo\r\n", malformed);
    refuses("less data than the size says", "5\r\nhell\r\n0\r\n\r\n", malformed);
    refuses("an empty line between chunks", "1\r\nx\r\n\r\n", malformed);
    refuses("a size in decimal digits beyond its data", "10\r\n0123456789\r\n0\r\n\r\n ", malformed);
  });

  describe("RFC 9112 section 7.1: large sizes", () => {
    const tooLarge = "ERR_TURNOUT_CHUNK_TOO_LARGE";
    const anything = { maxBodyBytes: Number.POSITIVE_INFINITY };
    it("takes 13 significant digits", () => {
      expectOutcome(chunked, "fffffffffffff\r\nx", anything, "more");
      expectOutcome(chunked, "00fffffffffffff\r\nx", anything, "more");
    });
    refuses("14 significant digits", "10000000000000", tooLarge, anything);
    refuses("a size that wraps 64 bits to 5", "10000000000000005\r\nhello\r\n", tooLarge, anything);
    refuses(
      "a size that wraps 32 bits to 5, for the content it would be",
      "100000005\r\nhello\r\n",
      "ERR_TURNOUT_CONTENT_TOO_LARGE",
    );
    decodes("a size line as long as the limit", "00000001\r\nx\r\n0;a=bcde\r\n\r\n", "x", [], { maxChunkLineBytes: 8 });
    refuses("leading zeros beyond the line limit", "000000001\r\nx\r\n", tooLarge, { maxChunkLineBytes: 8 });
    refuses("an extension beyond the line limit", "1;a=bcdef\r\nx\r\n", tooLarge, { maxChunkLineBytes: 8 });
    refuses("a quoted extension beyond the line limit", '1;a="b; \r\n', "ERR_TURNOUT_CHUNK", { maxChunkLineBytes: 8 });
    refuses("an endless quoted extension", '1;a="bbbbbbbbbbbb', tooLarge, { maxChunkLineBytes: 8 });
  });

  describe("RFC 9112 section 7.1.1: chunk extensions are checked and ignored", () => {
    for (const extensions of [
      ...[";a", ";a=b", ";a;b=c;d", ";1=2", ';a=""', ';a="b"', ';a="b";c', ";!#$%&'*+-.^_`|~=!#$%&'*+-.^_`|~"],
      ...[';a="\\""', ';a="\\\\"', ';a=";=:,"', ';a="\t \xff"', ';a="\\\t\\ \\\xff"'],
    ]) {
      decodes(JSON.stringify(extensions), `1${extensions}\r\nx\r\n0${extensions}\r\n\r\n`, "x");
    }
    for (const extensions of [
      ...[";", ";;a", ";a;", ";=b", ";a=", ";a==b", ";a=b=c", ";a=b c", ";a/b", ";a=/", ";a:b", ";a=\xff", ";\xff"],
      ...[" ;a", "; a", ";a ", ";a =b", ";a= b", ";a=b ", '; a="b"', "\t;a"],
      ...[';a="', ';a="b', ';a="b"c', ';a="b" ', ';a=b"c"', ';a"b"', ';"a"', ';a="\\', ';a="b\\"'],
      ...[';a="\0"', ';a="\x7f"', ';a="\\\0"', ";a\0", ";a=\0", ";a=b\0"],
    ]) {
      refuses(JSON.stringify(extensions), `1${extensions}\r\nx\r\n`, "ERR_TURNOUT_CHUNK");
    }
    refuses("LF in a quoted string", '1;a="\n"\r\nx\r\n', "ERR_TURNOUT_CHUNK");
    refuses("CR in a quoted pair", '1;a="\\\r\n"\r\nx\r\n', "ERR_TURNOUT_CHUNK");
    refuses("LF alone behind an extension", "1;a\nx\r\n", "ERR_TURNOUT_CHUNK");

    it("bounds the extensions of a whole body", () => {
      const chunk = `1;${"e".repeat(1022)}\r\nx\r\n`; // with 1,023 bytes of extensions
      const flood = (count: number, last: number) =>
        Buffer.from(`${chunk.repeat(count)}1;${"e".repeat(last - 1)}\r\nx\r\n`);
      const taken: Buffer[] = [];
      expect(outcomeOf(decoderInto(taken, chunked), taken, [flood(16, 16)])).to.equal("more");
      for (const size of [Number.POSITIVE_INFINITY, 1]) {
        const input = flood(16, 17);
        const pieces = size === 1 ? Array.from(input, (byte) => Buffer.from([byte])) : [input];
        expect(outcomeOf(decoderInto([], chunked), [], pieces)).to.deep.equal({ fault: "ERR_TURNOUT_CHUNK_TOO_LARGE" });
      }
    });
  });

  describe("RFC 9110 section 15.5.14: content above the limit", () => {
    const tooLarge = "ERR_TURNOUT_CONTENT_TOO_LARGE";
    decodes("content as large as the limit", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde", [], { maxBodyBytes: 5 });
    decodes("no content when none is allowed", "0\r\n\r\n", "", [], { maxBodyBytes: 0 });
    refuses("a chunk above the limit, before its data", "6\r\n", tooLarge, { maxBodyBytes: 5 });
    refuses("the chunk that goes above the limit, before its data", "3\r\nabc\r\n3\r\n", tooLarge, { maxBodyBytes: 5 });

    it("judges the next chunk by a limit that was changed", () => {
      const taken: Buffer[] = [];
      const decoder = decoderInto(taken, chunked, { maxBodyBytes: 3 });
      expect(decoder.read(Buffer.from("3\r\nabc\r\n3"), 0)).to.equal(-1);
      decoder.maxBodyBytes = 6;
      expect(decoder.read(Buffer.from("\r\ndef\r\n"), 0)).to.equal(-1);
      expect(() => decoder.read(Buffer.from("1\r\n"), 0))
        .to.throw(PeerError)
        .with.property("code", tooLarge);
      expect(Buffer.concat(taken).toString()).to.equal("abcdef");
    });
  });

  describe("RFC 9112 section 7.1.2: the trailer section", () => {
    const section = (text: string) => `1\r\nx\r\n0\r\n${text}\r\n`;
    decodes("fields in their order", section("A: 1\r\nb:2\r\nA:3\r\n"), "x", ["A|1", "b|2", "A|3"]);
    decodes("a value without its surrounding OWS", section("A: \t b \t c\t \r\n"), "x", ["A|b \t c"]);
    decodes("values that are empty", section("A:\r\nB: \t\r\n"), "x", ["A|", "B|"]);
    decodes("obs-text, kept as latin1 with its NBSP", section("A: \xa0\xff\xa0\r\n"), "x", ["A|\xa0\xff\xa0"]);
    decodes("a value of any text", section('A: :;="\\()[]{}@\r\n'), "x", ['A|:;="\\()[]{}@']);
    decodes("a name of any tchar", section("!#$%&'*+-.^_`|~09azAZ: x\r\n"), "x", ["!#$%&'*+-.^_`|~09azAZ|x"]);
    decodes("names that objects have", section("__proto__: x\r\nconstructor: y\r\n"), "x", [
      "__proto__|x",
      "constructor|y",
    ]);

    for (const [title, text] of [
      ["an empty name", ": x\r\n"],
      ["white space before the colon (section 5.1)", "A : x\r\n"],
      ["a line without a colon", "A\r\n"],
      ["a name that is no token", "A(b): x\r\n"],
      ["obs-text in a name", "\xe9: x\r\n"],
      ["a folded field (section 5.2)", "A: x\r\n y\r\n"],
      ["white space before the first field", " A: x\r\n"],
      ["NUL in a value", "A: \0\r\n"],
      ["DEL in a value", "A: \x7f\r\n"],
      ["LF alone behind a field (section 2.2)", "A: x\nB: y\r\n"],
      ["CR alone in a value (section 2.2)", "A: x\ry\r\n"],
      ["LF alone for the empty line", "\n"],
      ["CR alone for the empty line", "\rA: x\r\n"],
    ] as const) {
      refuses(title, section(text), "ERR_TURNOUT_TRAILER");
    }

    const tooLarge = "ERR_TURNOUT_TRAILER_TOO_LARGE";
    decodes("as many bytes as the limit", section("A: 1\r\nB: 2\r\n"), "x", ["A|1", "B|2"], { maxTrailerBytes: 12 });
    refuses("a byte more than the limit", section("A: 1\r\nB: 23\r\n"), tooLarge, { maxTrailerBytes: 12 });
    refuses("an endless value", `0\r\nA: ${"x".repeat(20)}`, tooLarge, { maxTrailerBytes: 12 });
    refuses("bytes of dropped fields above the limit", section("Host: 12345\r\n"), tooLarge, { maxTrailerBytes: 12 });
    decodes("as many fields as the limit", section("A: 1\r\nB: 2\r\n"), "x", ["A|1", "B|2"], { maxTrailers: 2 });
    decodes("no fields when none are allowed", section(""), "x", [], { maxTrailers: 0, maxTrailerBytes: 0 });
    refuses("a field more than the limit", section("A: 1\r\nHost: 2\r\nC"), tooLarge, { maxTrailers: 2 });
  });

  describe("RFC 9110 section 6.5.1: fields that may not be trailers are dropped", () => {
    for (const name of [
      ...[
        "Transfer-Encoding",
        "Content-Length",
        "Host",
        "Authorization",
        "Cache-Control",
        "Connection",
        "Content-Encoding",
      ],
      ...[
        "Content-Range",
        "Content-Type",
        "Cookie",
        "Expect",
        "Keep-Alive",
        "Max-Forwards",
        "Pragma",
        "Range",
        "Set-Cookie",
      ],
      ...["Proxy-Authorization", "Proxy-Anything", "If-Match", "If-None-Match", "If-Unmodified-Since", "If-Range"],
      ...["TE", "Trailer", "Upgrade", "WWW-Authenticate", "hOST"],
    ]) {
      decodes(name, `0\r\nA: 1\r\n${name}: chunked\r\nB: 2\r\n\r\n`, "", ["A|1", "B|2"]);
    }
    decodes("those that are only called alike", "0\r\nX-Host: 1\r\nIf: 2\r\nHosts: 3\r\n\r\n", "", [
      "X-Host|1",
      "If|2",
      "Hosts|3",
    ]);
  });
});
