import { expect } from "chai";
import { published, tableHead, tableRow } from "../../bench/results/markdown.ts";

describe("bench: markdown", () => {
  it("a table: its columns, a line, its rows", () => {
    expect(tableHead(["a", "b"]) + tableRow(["1", "2"])).to.equal("| a | b |\n|---|---|\n| 1 | 2 |\n");
  });

  it("published: what is between the comments is replaced, however often", () => {
    const before = "# Title\n\n<!-- bench:wire -->\nold\n<!-- /bench:wire -->\n\nbehind\n";
    const after = "# Title\n\n<!-- bench:wire -->\n\nnew\n\n<!-- /bench:wire -->\n\nbehind\n";
    expect(published(before, "bench:wire", "\nnew\n")).to.equal(after);
    expect(published(after, "bench:wire", "new")).to.equal(after);
  });

  it("published: a document without a place for it", () => {
    expect(() => published("# Title\n", "bench:wire", "new")).to.throw("no place for bench:wire");
  });
});
