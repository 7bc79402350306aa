import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import { packageRoot } from "./support/package-root.ts";

const page = readFileSync(join(packageRoot, "SECURITY.md"), "utf8");

/** The tests that the page names: what is a link into `test`. */
const named = [...page.matchAll(/\[([^\]]+)\]\((test\/[^)]+)\)/g)].map(([, title, file]) => ({
  title: title!,
  file: file!,
}));

/** What a test file has as titles: text that a call begins with, as the source has it. */
function titlesIn(file: string): string[] {
  const source = readFileSync(join(packageRoot, file), "utf8");
  const texts = /\b(?:it|describe|judges|refuses|ignores)\(\s*(["'`])((?:\\.|(?!\1).)*)\1/gs;
  return [...source.matchAll(texts)].map(([, , title]) => title!);
}

describe("the threats in SECURITY.md", () => {
  it("have each a defence, and a test that shows it", () => {
    const rows = page.split("\n").filter((line) => line.startsWith("| **"));
    assert.isAbove(rows.length, 15);
    for (const row of rows) {
      assert.match(row, /^\| \*\*[^|]+ \| [^|]{20,} \| \[[^|]+\]\(test\/[^|]+\) \|$/);
    }
  });

  for (const { title, file } of named) {
    it(`"${title}" is the title of a test in ${file}`, () => {
      assert.isTrue(titlesIn(file).some((known) => known.includes(title)));
    });
  }
});
