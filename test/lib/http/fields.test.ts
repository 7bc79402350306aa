import { expect } from "chai";
import { UsageError } from "../../../lib/errors.ts";
import { Fields } from "../../../lib/http/fields.ts";

describe("Fields", () => {
  const fields = Fields.from([
    ["Host", "example.org"],
    ["X-One", "1"],
    ["x-one", "two"],
    ["Empty", ""],
    ["Cookie", "a=1"],
    ["cookie", "b=2"],
    ["Latin", "\xe4\xff\t."],
  ]);

  it("RFC 9110 section 5.1: finds a field in any case", () => {
    expect(fields.get("host")).to.equal("example.org");
    expect(fields.get("HOST")).to.equal("example.org");
    expect(fields.get("empty")).to.equal("");
    expect(fields.get("latin")).to.equal("\xe4\xff\t.");
    expect(fields.get("hos")).to.equal(undefined);
    expect(fields.has("X-ONE")).to.equal(true);
    expect(fields.has("x-two")).to.equal(false);
  });

  it("RFC 9110 section 5.2: joins the lines of a field, RFC 6265 section 5.4 those of Cookie", () => {
    expect(fields.get("X-One")).to.equal("1, two");
    expect(fields.getAll("X-One")).to.deep.equal(["1", "two"]);
    expect(fields.getAll("none")).to.deep.equal([]);
    expect(fields.get("cookie")).to.equal("a=1; b=2");
  });

  it("RFC 9110 section 5.3: keeps names and order as sent", () => {
    expect(fields.size).to.equal(7);
    expect([...fields].map(([name]) => name)).to.deep.equal([
      "Host",
      "X-One",
      "x-one",
      "Empty",
      "Cookie",
      "cookie",
      "Latin",
    ]);
    expect([...fields][6]).to.deep.equal(["Latin", "\xe4\xff\t."]);
    expect(new Map(fields).get("x-one")).to.equal("two");
  });

  it("hands out copies", () => {
    for (const entry of fields) {
      entry[1] = "changed";
    }
    expect(fields.get("host")).to.equal("example.org");
  });

  describe("put away as text", () => {
    const lines = "Host: a\r\nX-One:  1 \r\nx-one: 2\r\nB\xe4r: \xfc\r\n";
    const all = [
      ["Host", "a"],
      ["X-One", "1"],
      ["x-one", "2"],
      ["B\xe4r", "\xfc"],
    ];

    for (const [how, use] of [
      ["before anything was asked for", (): unknown => undefined],
      ["after something was asked for", (fields: Fields): unknown => fields.get("host")],
      ["twice", (fields: Fields): unknown => fields.compact()],
    ] as const) {
      it(`says the same, and needs the chunk no more: ${how}`, () => {
        const chunk = Buffer.from(`GET / HTTP/1.1\r\n${lines}\r\nbehind`, "latin1");
        const fields = Fields.parse(chunk, 16, 16 + lines.length);
        use(fields);
        fields.compact();
        chunk.fill("x");
        expect([fields.get("HOST"), fields.get("x-one"), fields.has("y"), fields.size]).to.deep.equal([
          "a",
          "1, 2",
          false,
          4,
        ]);
        expect([...fields]).to.deep.equal(all);
        fields.compact();
        expect([...fields]).to.deep.equal(all);
        fields.compact();
        expect(fields.size).to.equal(4);
      });
    }

    it("empty, stays empty", () => {
      const fields = Fields.from([]);
      fields.compact();
      expect([fields.size, ...fields]).to.deep.equal([0]);
    });
  });

  it("is empty", () => {
    for (const none of [Fields.empty, Fields.from([]), Fields.parse(Buffer.from("\r\n"))]) {
      expect(none.size).to.equal(0);
      expect([...none]).to.deep.equal([]);
      expect(none.get("a")).to.equal(undefined);
    }
  });

  it("RFC 9112 section 5: leaves out the white space around a value, in a trailer section, too", () => {
    const trailers = Fields.parse(Buffer.from("a: \t b c\t \r\nB:\r\nc: \t \r\n\r\n"));
    expect([...trailers]).to.deep.equal([
      ["a", "b c"],
      ["B", ""],
      ["c", ""],
    ]);
    expect([...Fields.from([["a", " b "]])]).to.deep.equal([["a", "b"]]);
  });

  for (const [name, value] of [
    ["", "a"],
    ["a b", "a"],
    ["a:", "a"],
    ["\u0161", "a"],
    ["a", "b\r\nc: d"],
    ["a", "\n"],
    ["a", "\0"],
    ["a", "\x7f"],
    ["a", "\u0161"],
  ] as const) {
    it(`RFC 9110 section 5.5: ${JSON.stringify([name, value])} is a mistake of the program`, () => {
      expect(() => Fields.from([[name, value]]))
        .to.throw(UsageError)
        .with.property("code", "ERR_TURNOUT_OPTION");
    });
  }
});
