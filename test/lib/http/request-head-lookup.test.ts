import { expect } from "chai";
import { RequestHeadParser } from "../../../lib/http/request-head.ts";
import { host, usualLimits, withFields } from "../../support/request-heads.ts";

function parserOf(text: string): RequestHeadParser {
  const parser = new RequestHeadParser(usualLimits);
  const bytes = Buffer.from(text, "latin1");
  expect(parser.read(bytes, 0)).to.equal(bytes.length);
  return parser;
}

/** `check` while the parser's head was scanned last, and while another parser's was. */
function whoeverScanned(title: string, head: string, check: (parser: RequestHeadParser) => void): void {
  it(title, () => check(parserOf(head)));
  it(`${title}, after another parser has read`, () => {
    const parser = parserOf(head);
    parserOf(`POST /other HTTP/1.1\r\nOther: x\r\nHost: other\r\nConnection: close\r\n\r\n`);
    check(parser);
  });
}

describe("RequestHeadParser, fields by name", () => {
  const head = withFields([
    "X-a: 1",
    "Accept: b",
    "x-A: 2",
    "Cookie: c=1",
    "cookie: d=2",
    "Accenr: d",
    "Connection: Upgrade, HTTP2-Settings ,x",
    "connection:\ty",
  ]);
  whoeverScanned("RFC 9110 section 5.1: names compare without case", head, (parser) => {
    expect(parser.get("accept")).to.equal("b");
    expect(parser.get("ACCEPT")).to.equal("b");
    expect(parser.get("HOST")).to.equal("example.org");
  });
  whoeverScanned("RFC 9110 section 5.2: several lines make a list", head, (parser) => {
    expect(parser.get("x-a")).to.equal("1, 2");
    expect(parser.values("X-A")).to.deep.equal(["1", "2"]);
    expect(parser.values("accept")).to.deep.equal(["b"]);
  });
  whoeverScanned("RFC 6265 section 5.4: lines of Cookie", head, (parser) => {
    expect(parser.get("Cookie")).to.equal("c=1; d=2");
  });
  whoeverScanned("a field that is not there", head, (parser) => {
    for (const name of ["x-b", "accep", "", "ac\u0163ept", "accep\u1e97"]) {
      expect(parser.get(name)).to.equal(undefined);
      expect(parser.values(name)).to.deep.equal([]);
    }
  });
  whoeverScanned("RFC 9110 section 7.6.1: options of Connection", head, (parser) => {
    for (const option of ["upgrade", "http2-settings", "x", "y"]) {
      expect(parser.namedInConnection(option), option).to.equal(true);
    }
    for (const option of ["", "close", "settings", "http2", "up"]) {
      expect(parser.namedInConnection(option), option).to.equal(false);
    }
  });
  it("no Connection, no options", () => {
    expect(parserOf(withFields([])).namedInConnection("close")).to.equal(false);
  });

  it("fields() stays good, and is the same object until the next head", () => {
    const parser = parserOf(head);
    const fields = parser.fields();
    expect(parser.fields()).to.equal(fields);
    expect(parser.read(Buffer.from(`GET /2 HTTP/1.1\r\nHost: two\r\n\r\n`), 0)).to.be.above(0);
    expect(fields.get("host")).to.equal("example.org");
    expect(parser.fields().get("host")).to.equal("two");
  });

  it("fields() does not keep a chunk that is much larger than the head", () => {
    const chunk = Buffer.alloc(60_000, "z");
    chunk.write(head, 0, "latin1");
    const parser = new RequestHeadParser(usualLimits);
    parser.read(chunk, 0);
    const fields = parser.fields();
    chunk.fill(0);
    expect(fields.get("accept")).to.equal("b");
  });

  it("release() lets go of the head, and the next one can be read", () => {
    const parser = parserOf(head);
    const fields = parser.fields();
    parser.release();
    expect(parser.target).to.equal("");
    expect(parser.get("accept")).to.equal(undefined);
    expect(fields.get("accept")).to.equal("b");
    parserOf(head);
    parser.release();
    expect(parser.read(Buffer.from(head), 0)).to.equal(head.length);
    expect(parser.get("accept")).to.equal("b");
  });
});

describe("RequestHeadParser, several heads", () => {
  const first = `GET /1 HTTP/1.1\r\n${host}a: 1\r\n\r\n`;
  const second = `PURGE /2?${"q".repeat(600)} HTTP/1.0\r\nb: 2\r\n\r\n`;

  it("RFC 9112 section 9.3.2: pipelined in one chunk", () => {
    const parser = new RequestHeadParser(usualLimits);
    const chunk = Buffer.from(`junk${first}${second}`.repeat(40) + first.slice(0, 20));
    let at = 0;
    for (let n = 0; n < 40; n++) {
      at = parser.read(chunk, at + 4);
      expect([parser.target, parser.get("a"), parser.get("b")]).to.deep.equal(["/1", "1", undefined]);
      at = parser.read(chunk, at);
      expect([parser.method, parser.get("a"), parser.get("b")]).to.deep.equal(["PURGE", undefined, "2"]);
    }
    expect(parser.read(chunk, at)).to.equal(-1);
    expect(parser.begun).to.equal(true);
    expect(parser.read(Buffer.from(first.slice(20)), 0)).to.equal(first.length - 20);
    expect(parser.target).to.equal("/1");
  });

  it("RFC 9112 section 9.3.2: pipelined in a chunk that is larger than the limit of a head", () => {
    const parser = new RequestHeadParser({ ...usualLimits, maxHeadBytes: 2 * first.length + 10 });
    const chunk = Buffer.from(first.repeat(20));
    for (let n = 0; n < 20; n++) {
      expect(parser.read(chunk, n * first.length)).to.equal((n + 1) * first.length);
      expect([parser.target, parser.get("a")]).to.deep.equal(["/1", "1"]);
    }
  });

  it("in large pieces, cut within a line again and again", () => {
    const head = Buffer.from(`GET /1 HTTP/1.1\r\n${host}long: ${"x".repeat(1000)}\r\na: ${"y".repeat(500)}\r\n\r\n`);
    for (let size = 60; size < head.length; size += 7) {
      const parser = new RequestHeadParser(usualLimits);
      let end = -1;
      for (let at = 0; at < head.length; at += size) {
        end = parser.read(head.subarray(at, at + size), 0);
      }
      expect(end).to.equal(head.length % size || size);
      expect(parser.get("long")).to.have.length(1000);
      expect(parser.get("a")).to.have.length(500);
    }
  });

  it("a chunk that ends behind a head has nothing more", () => {
    const parser = parserOf(first);
    expect(parser.read(Buffer.from(first), first.length)).to.equal(-1);
    expect(parser.begun).to.equal(false);
    expect(parser.read(Buffer.alloc(0), 0)).to.equal(-1);
  });

  it("two parsers take turns within one chunk and within one head", () => {
    const one = new RequestHeadParser(usualLimits);
    const two = new RequestHeadParser(usualLimits);
    const chunk = Buffer.from(first + second + first);
    const ends = [first.length, first.length + second.length, chunk.length];
    let [a, b] = [0, 0];
    for (const end of ends) {
      a = one.read(chunk, a);
      const target = one.target;
      b = two.read(chunk, b);
      expect([a, b]).to.deep.equal([end, end]);
      expect(one.target).to.equal(target);
      expect(one.get("a")).to.equal(two.get("a"));
      expect(one.get("b")).to.equal(two.get("b"));
    }
    for (let at = 0; at < first.length; at++) {
      const [byteOne, byteTwo] = [Buffer.from(first.slice(at, at + 1)), Buffer.from(second.slice(at, at + 1))];
      expect(one.read(byteOne, 0)).to.equal(at === first.length - 1 ? 1 : -1);
      expect(two.read(byteTwo, 0)).to.equal(-1);
    }
    expect(two.read(Buffer.from(second.slice(first.length)), 0)).to.equal(second.length - first.length);
    expect([one.get("a"), two.get("b"), two.get("a")]).to.deep.equal(["1", "2", undefined]);
  });
});
