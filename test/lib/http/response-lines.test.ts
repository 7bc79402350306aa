import { expect } from "chai";
import { composeResponse, statusLine, switchText } from "../../../lib/http/response.ts";
import { type FieldsLike, fieldLine, responseFields } from "../../../lib/http/response-fields.ts";

const facts = { method: "GET", minorVersion: 1, trails: true, close: false, advertise: "", required: "" };
const code = "ERR_TURNOUT_RESPONSE";

const badNames = ["", " ", "a b", "a:", "a\r\nb", "é", "a\0", "(a)", "a,b", '"a"'];
const badValues = ["\r", "\n", "a\r\nX: 1", "a\nb", "\0", "a\0b", "a\x1fb", "\x7f", " a", "a ", "\ta", "a\t", "€"];
const goodValues = ["", "a", "a b", "a\tb", "\x80\xff", 'a, b; c="d"'];

describe("fieldLine", () => {
  for (const name of badNames) {
    it(`RFC 9110 section 5.1: ${JSON.stringify(name)} is no name`, () => {
      expect(() => fieldLine(name, "1"))
        .to.throw()
        .with.property("code", code);
      expect(() => composeResponse({ headers: [[name, "1"]] }, facts))
        .to.throw()
        .with.property("code", code);
    });
  }

  for (const value of badValues) {
    it(`RFC 9110 section 5.5: ${JSON.stringify(value)} is no value`, () => {
      expect(() => fieldLine("X-A", value))
        .to.throw()
        .with.property("code", code);
      expect(() => composeResponse({ headers: { "X-A": value } }, facts))
        .to.throw()
        .with.property("code", code);
      expect(() => switchText("a/1", { "X-A": value }))
        .to.throw()
        .with.property("code", code);
    });
  }

  for (const value of goodValues) {
    it(`RFC 9110 section 5.5: ${JSON.stringify(value)} goes as it is`, () => {
      expect(fieldLine("X-A", value)).to.equal(`X-A: ${value}\r\n`);
    });
  }
});

describe("statusLine", () => {
  it("RFC 9112 section 4: the space behind the status stays where there is no phrase", () => {
    expect([statusLine(200), statusLine(299), statusLine(299)]).to.deep.equal([
      "HTTP/1.1 200 OK\r\n",
      "HTTP/1.1 299 \r\n",
      "HTTP/1.1 299 \r\n",
    ]);
  });
});

describe("switchText", () => {
  const start = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: a/1, b\r\nConnection: Upgrade\r\n";
  const heads: readonly [title: string, fields: FieldsLike | undefined, head: string][] = [
    ["without fields", undefined, `${start}\r\n`],
    ["with a record", { "X-A": "1", "X-B": ["2", "3"] }, `${start}X-A: 1\r\nX-B: 2\r\nX-B: 3\r\n\r\n`],
    ["with pairs", [["X-A", "1"]], `${start}X-A: 1\r\n\r\n`],
    ["with the web's Headers", new Headers({ "X-A": "1" }), `${start}x-a: 1\r\n\r\n`],
  ];
  for (const [title, fields, head] of heads) {
    it(`RFC 9110 section 15.2.2: ${title}`, () => {
      expect(switchText("a/1, b", fields)).to.equal(head);
    });
  }

  for (const name of ["Upgrade", "CONNECTION", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Date"]) {
    it(`RFC 9110 section 8.6, RFC 9112 section 6.1: a module cannot say ${name}`, () => {
      expect(() => switchText("a/1", { [name]: "1" }))
        .to.throw()
        .with.property("code", code);
    });
  }
});

describe("responseFields", () => {
  it("what was checked is not checked again, in this order and with these values only", () => {
    const lines = (fields: FieldsLike): string => responseFields(fields).lines;
    const first = { "X-A": "1", "X-B": "2" };
    expect(responseFields({ ...first })).to.equal(responseFields(first));
    expect(lines({ "X-B": "2", "X-A": "1" })).to.equal("X-B: 2\r\nX-A: 1\r\n");
    expect(lines({ "X-A": "1", "X-B": "3" })).to.equal("X-A: 1\r\nX-B: 3\r\n");
    expect(lines({ "X-A": "1" })).to.equal("X-A: 1\r\n");
    expect(lines({ ...first, "X-C": "3" })).to.equal("X-A: 1\r\nX-B: 2\r\nX-C: 3\r\n");
    expect(lines({ "x-a": "1", "X-B": "2" })).to.equal("x-a: 1\r\nX-B: 2\r\n");
  });

  it("a record that its owner has changed since is another one", () => {
    const fields: Record<string, string> = { "X-A": "1" };
    responseFields(fields);
    fields["X-A"] = "a\r\nX: 1";
    expect(() => responseFields(fields))
      .to.throw()
      .with.property("code", code);
    fields["X-A"] = "2";
    expect(responseFields(fields).lines).to.equal("X-A: 2\r\n");
  });

  it("however many different ones there are", () => {
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 40; n++) {
        expect(responseFields({ "X-N": String(n) }).lines).to.equal(`X-N: ${n}\r\n`);
      }
    }
  });

  it("as other versions of HTTP have them: by lower-case name, and repeated ones as a list", () => {
    const { record } = responseFields([
      ["Set-Cookie", "a"],
      ["X-A", "1"],
      ["set-cookie", "b"],
      ["SET-COOKIE", "c"],
    ]);
    expect(record).to.deep.equal({ "set-cookie": ["a", "b", "c"], "x-a": "1" });
  });
});
