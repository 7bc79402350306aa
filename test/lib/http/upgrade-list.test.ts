import { expect } from "chai";
import { isProtocol, parseUpgradeList, protocolKey } from "../../../lib/http/upgrade-list.ts";

const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `p${index}`);

const lists: readonly [lines: readonly string[], offers: readonly string[]][] = [
  [[], []],
  [[""], []],
  [["websocket"], ["websocket"]],
  [["HTTP/2.0, SHTTP/1.3, IRC/6.9, RTA/x11"], ["HTTP/2.0", "SHTTP/1.3", "IRC/6.9", "RTA/x11"]],
  [["a/1,b/2"], ["a/1", "b/2"]],
  [
    ["a", "b"],
    ["a", "b"],
  ],
  [[" \ta \t,\t b"], ["a", "b"]],
  [[",, a ,,", "", ","], ["a"]],
  [["a, a"], ["a", "a"]],
  [["!#$%&'*+-.^_`|~09AZaz/1"], ["!#$%&'*+-.^_`|~09AZaz/1"]],
];

const malformed = ["a b", "a/", "/1", "a/1/2", "a;q=1", '"a"', "a=1", "é", "a\0", "a /1", "a/ 1", "\va"];

describe("parseUpgradeList", () => {
  for (const [lines, offers] of lists) {
    it(`RFC 9110 section 7.8: ${JSON.stringify(lines)}`, () => {
      expect(parseUpgradeList(lines)).to.deep.equal(offers);
    });
  }

  for (const member of malformed) {
    it(`RFC 9110 section 7.8: with ${JSON.stringify(member)} in it a list is ignored whole`, () => {
      for (const lines of [[member], [`good/1, ${member}`], [member, "good/1"]]) {
        expect(parseUpgradeList(lines)).to.deep.equal([]);
      }
      expect(isProtocol(member)).to.equal(false);
    });
  }

  it("16 members are understood, 17 are not", () => {
    expect(parseUpgradeList([many(16).join(",")])).to.deep.equal(many(16));
    expect(parseUpgradeList(many(16))).to.deep.equal(many(16));
    expect(parseUpgradeList([`${many(16).join(",")},,`])).to.deep.equal(many(16));
    expect(parseUpgradeList(many(17))).to.deep.equal([]);
  });

  it("1,024 characters are understood, 1,025 are not", () => {
    expect(parseUpgradeList(["a".repeat(1024)])).to.deep.equal(["a".repeat(1024)]);
    expect(parseUpgradeList(["a".repeat(1025)])).to.deep.equal([]);
    expect(parseUpgradeList(["a".repeat(512), "b".repeat(512)])).to.deep.equal([]); // the comma between them counts
  });
});

describe("protocolKey", () => {
  for (const [one, other, same] of [
    ["WebSocket", "websocket", true],
    ["HTTP/2.0", "http/2.0", true],
    ["a/X", "a/x", false],
    ["a", "a/1", false],
    ["a/1", "a/2", false],
  ] as const) {
    it(`RFC 9110 section 7.8: ${one} and ${other} are ${same ? "one" : "two"}`, () => {
      expect(protocolKey(one) === protocolKey(other)).to.equal(same);
    });
  }
});
