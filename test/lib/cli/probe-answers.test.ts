import { expect } from "chai";
import { membersOf, namesOption, readAnswers } from "../../../lib/cli/probe/answers.ts";

/** The answers in words. */
function inWords(text: string, ended = false): string[] {
  const { answers, rest, garbled } = readAnswers(Buffer.from(text, "latin1"), ended);
  const words = answers.map(
    ({ version, status, complete, closes }) =>
      `${version} ${status}${complete ? "" : " incomplete"}${closes ? " closes" : ""}`,
  );
  return [...words, ...(garbled ? [`garbled ${rest.length}`] : rest.length > 0 ? [`rest ${rest.length}`] : [])];
}

const plain = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: 1\r\n\r\n";

/** Bytes that are whole, and what they say. */
const examples: readonly (readonly [text: string, ...words: string[]])[] = [
  [plain, "1.1 200"],
  [plain + plain, "1.1 200", "1.1 200"],
  [chunked, "1.1 200"],
  [chunked + plain, "1.1 200", "1.1 200"],
  ["HTTP/1.1 204 No Content\r\n\r\n", "1.1 204"],
  ["HTTP/1.1 304 \r\nContent-Length: 7\r\n\r\n", "1.1 304"],
  ["HTTP/1.1 100 Continue\r\n\r\n", "1.1 100"],
  [`HTTP/1.1 100 Continue\r\n\r\n${plain}`, "1.1 100", "1.1 200"],
  ["HTTP/1.1 400 \r\nConnection: a, CLOSE\r\nContent-Length: 0\r\n\r\n", "1.1 400 closes"],
  ["HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "1.0 200 closes"],
  ["HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx", "1.0 200"],
  ["HTTP/1.1 101 S\r\nUpgrade: a\r\n\r\n", "1.1 101"],
];

describe("readAnswers", () => {
  for (const [text, ...words] of examples) {
    describe(JSON.stringify(text), () => {
      it("whole", () => expect(inWords(text)).to.deep.equal(words));

      it("cut at every offset: nothing is garbled, and what is complete stays so", () => {
        for (let at = 0; at < text.length; at++) {
          const seen = inWords(text.slice(0, at));
          const whole = seen.filter((word) => /^1\.\d \d{3}( closes)?$/.test(word));
          expect(whole, `${at}`).to.deep.equal(words.slice(0, whole.length));
          expect(
            seen.filter((word) => word.startsWith("garbled")),
            `${at}`,
          ).to.deep.equal([]);
        }
      });

      it("with trailing bytes that are no answer", () => {
        const trailing = text.includes(" 101 ") ? "rest 7" : "garbled 7";
        expect(inWords(`${text}garbage`)).to.deep.equal([...words, trailing]);
      });
    });
  }

  it("content without a length goes on until the end", () => {
    const text = "HTTP/1.1 200 OK\r\n\r\nabc";
    expect(inWords(text)).to.deep.equal(["1.1 200 incomplete closes"]);
    expect(inWords(text, true)).to.deep.equal(["1.1 200 closes"]);
    const coded = text.replace("OK", "OK\r\nTransfer-Encoding: gzip");
    expect(inWords(coded, true)).to.deep.equal(["1.1 200 closes"]);
  });

  for (const [what, text, ...words] of [
    ["what is no answer", "SSH-2.0-x\r\n", "garbled 11"],
    ["HTTP/2", "HTTP/2 200\r\n\r\n", "garbled 14"],
    ["a status that is none", "HTTP/1.1 2000 OK\r\n\r\n", "garbled 20"],
    ["a line that is no field", "HTTP/1.1 200 OK\r\nx\r\n\r\n", "garbled 22"],
    ["a length that is none", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "1.1 200 incomplete", "garbled 0"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n", "1.1 200 incomplete", "garbled 0"],
    ["a chunk that is none", chunked.replace("3;", "z;"), "1.1 200 incomplete", "garbled 23"],
    ["a head without end", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(70_000)}`, "garbled 70020"],
  ] as const) {
    it(`${what} is garbled`, () => expect(inWords(text)).to.deep.equal(words));
  }

  it("a head that is cut off is garbled once nothing more can come", () => {
    expect(inWords("HTTP/1.1 200 O")).to.deep.equal(["rest 14"]);
    expect(inWords("HTTP/1.1 200 O", true)).to.deep.equal(["garbled 14"]);
  });

  it("content that is cut off is not complete", () => {
    expect(inWords(plain.slice(0, -1), true)).to.deep.equal(["1.1 200 incomplete"]);
    expect(inWords(chunked.slice(0, -1), true)).to.deep.equal(["1.1 200 incomplete"]);
  });

  it("RFC 9110 section 5.6.1: a field is a list, over all of its lines", () => {
    const text = "HTTP/1.1 200 OK\r\nUpgrade: a/1 ,, b\r\nCONNECTION: x\r\nupgrade: c\r\nConnection: Upgrade\r\n\r\n";
    const [answer] = readAnswers(Buffer.from(text), true).answers;
    expect(membersOf(answer!, "upgrade")).to.deep.equal(["a/1", "b", "c"]);
    expect(namesOption(answer!, "upgrade")).to.equal(true);
    expect(namesOption(answer!, "close")).to.equal(false);
  });
});
