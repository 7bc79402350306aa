import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { usage } from "../../../lib/cli/options.ts";
import { packageRoot } from "../../support/package-root.ts";

const readme = readFileSync(join(packageRoot, "README.md"), "utf8");
const [, section] = /^## The demonstration server\n(.*?)^## /ms.exec(readme)!;

/** The options by name, each with its value's name and its default; "" where it has none. */
const options = new Map(
  [...usage().matchAll(/^ {2}(--[\w-]+)(?: ([A-Z]+))? .*?(?: \(default (.+)\))?$/gm)].map(
    ([, name, value = "", byDefault = ""]) => [name!, { value, byDefault }],
  ),
);

/** What a row of the table names: each option with its value. */
const named = (cell: string): RegExpExecArray[] => [...cell.matchAll(/`(--[\w-]+)(?: ([A-Z]+))?`/g)];

describe("what the README says of the demonstration server", () => {
  const rows = [...section!.matchAll(/^\| (`--.*?) \| (.*?) ?\| (.*) \|$/gm)];

  it("has a table of options", () => {
    expect(rows.length).to.be.above(4);
  });

  for (const [, cell, byDefault] of rows) {
    it(`${cell} is an option, with its default`, () => {
      const found = named(cell!).map(([, name]) => options.get(name!));
      expect(found).to.not.include(undefined);
      expect(found.map((option) => option!.value)).to.deep.equal(named(cell!).map(([, , value = ""]) => value));
      expect(found.map((option) => option!.byDefault).join(", ")).to.equal(byDefault);
    });
  }

  it("names no other option that is none", () => {
    for (const [, name, value = ""] of named(section!)) {
      expect(options.get(name!), name).to.include({ value });
    }
  });

  it("tells of exit codes as --help does", () => {
    const [sentence] = /It ends with 0 .*\./.exec(usage())!;
    expect(section).to.include(sentence);
  });
});
