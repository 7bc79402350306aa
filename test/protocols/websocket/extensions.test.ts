import { expect } from "chai";
import { type ExtensionOffer, parseExtensions } from "../../../protocols/websocket/extensions.ts";

type Parameters = ExtensionOffer["parameters"];

/** An offer of x with these parameters. */
const x = (...parameters: Parameters): ExtensionOffer => ({ name: "x", parameters });

const wellFormed: readonly [field: string, offers: readonly ExtensionOffer[]][] = [
  ["x", [x()]],
  [" \tx\t ", [x()]],
  ["x;a", [x(["a", true])]],
  ["x;a=1", [x(["a", "1"])]],
  ["x \t;\t a \t=\t 1 ", [x(["a", "1"])]],
  ["x; a; b=2; c", [x(["a", true], ["b", "2"], ["c", true])]],
  ["x; a=1; a=2; a", [x(["a", "1"], ["a", "2"], ["a", true])]],
  ['x; a="1"', [x(["a", "1"])]],
  ['x; a = "1" ; b', [x(["a", "1"], ["b", true])]],
  ['x; a="\\1\\0"', [x(["a", "10"])]],
  ["x, x;a , y", [x(), x(["a", true]), { name: "y", parameters: [] }]],
  ["x,x", [x(), x()]],
  ["x, \t", [x()]],
  [",, x ,\t,y,", [x(), { name: "y", parameters: [] }]],
  ["!#$%&'*+-.^_`|~09AZaz", [{ name: "!#$%&'*+-.^_`|~09AZaz", parameters: [] }]],
  ["x; __proto__=1; constructor", [x(["__proto__", "1"], ["constructor", true])]],
  [
    "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
    [
      {
        name: "permessage-deflate",
        parameters: [
          ["client_max_window_bits", true],
          ["server_max_window_bits", "10"],
        ],
      },
    ],
  ],
];

const malformed = [
  ...["", " ", "\t", ",", " , ,"],
  ...["x y", "x;", "x; ", "x;;a", "x; a;", "x; ;a", "x, y;", ";a", "x, ;a", "=1", "x=1"],
  ...["x; a=", "x; a= ", "x; a=,y", "x; a=;b", "x; a==1", "x; a=1=2", "x; a=1 2", "x; a b", "x; =1"],
  ...['x; a="', 'x; a="1', 'x; a="1\\"', 'x; a=1"', 'x; a="1"2', 'x; a="1""2"', '"x"', 'x; "a"', 'x; "a"=1'],
  // RFC 6455 section 9.1: what is in quotes has to be a token as well
  ...['x; a=""', 'x; a=" "', 'x; a="1 2"', 'x; a="1,2"', 'x; a="1;b"', 'x; a="\\""', 'x; a="\\\\"', 'x; a="é"'],
  ...["é", "x\0", "x; a=é", "x; é", "x/1", "x(1)", "x; a=@", "\u00a0x", "x\u00a0", "x; a=1\u00a0"],
];

describe("parseExtensions", () => {
  for (const [field, offers] of wellFormed) {
    it(`RFC 6455 section 9.1: ${JSON.stringify(field)}`, () => {
      expect(parseExtensions(field)).to.deep.equal(offers);
    });
  }

  for (const field of malformed) {
    it(`RFC 6455 section 9.1: ${JSON.stringify(field)} is malformed, also behind or before a good one`, () => {
      expect(parseExtensions(field)).to.equal(undefined);
      if (/[^ \t,]/.test(field)) {
        expect(parseExtensions(`good, ${field}`)).to.equal(undefined);
        expect(parseExtensions(`${field}, good`)).to.equal(undefined);
      }
    });
  }

  it("4,096 characters are understood, 4,097 are not", () => {
    expect(parseExtensions("x".repeat(4096))).to.have.length(1);
    expect(parseExtensions("x".repeat(4097))).to.equal(undefined);
    expect(parseExtensions("x,".repeat(2048))).to.have.length(2048);
    expect(parseExtensions(`x${";a".repeat(2047)}`)?.[0]?.parameters).to.have.length(2047);
  });

  it("RFC 9110 section 5.6.4: every character that is none of a token is refused in quotes, every other is taken", () => {
    for (let code = 0; code < 256; code++) {
      const character = String.fromCharCode(code);
      const isToken = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(character);
      const expected = isToken ? [x(["a", `1${character}`])] : undefined;
      expect(parseExtensions(`x; a="1\\${character}"`), `quoted pair of ${code}`).to.deep.equal(expected);
      if (character !== "\\" && character !== '"') {
        expect(parseExtensions(`x; a="1${character}"`), `quoted ${code}`).to.deep.equal(expected);
      }
    }
  });
});
