import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { assert } from "chai";
import type { Compiled } from "./support/compiled.ts";
import { packageRoot } from "./support/package-root.ts";
import { compiledPrograms, fileOf, pages, programsOf, RunningProgram } from "./support/page-programs.ts";
import { RawClient } from "./support/raw-client.ts";

const textOf = (page: string): string => readFileSync(join(packageRoot, page), "utf8");

/** What links can lead to within a page: its headings, as their addresses are made. */
function anchorsIn(page: string, level = "#{1,6}"): string[] {
  const prose = textOf(page).replaceAll(/^```.*?^```$/gms, "");
  const headings = prose.matchAll(new RegExp(`^${level} (.*)$`, "gm"));
  return [...headings].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

describe("links between the pages", () => {
  for (const page of [...pages, "CONTRIBUTING.md", "SECURITY.md", "bench/README.md", "test/soak/README.md"]) {
    it(`${page}: what it links to is there, and has the heading`, () => {
      for (const [, link] of textOf(page).matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
        const [file, anchor] = link!.split("#");
        const path = file === "" ? page : join(dirname(page), file!);
        assert.isTrue(existsSync(join(packageRoot, path)), link);
        if (anchor !== undefined) {
          assert.include(anchorsIn(path), anchor, link);
        }
      }
    });
  }

  it("README.md: its first list leads to every section", () => {
    const [contents] = textOf("README.md").split("\n## ", 1);
    const linked = [...contents!.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor!);
    const sections = anchorsIn("README.md").slice(1);
    assert.sameMembers(
      linked,
      sections.filter((section) => section !== "licence"),
    );
  });
});

/** A conversation that a page shows: `> ` is sent, `< ` comes back. Lines of a head end in CRLF, those behind it in LF. */
function shownIn(page: string): { readonly sent: string; readonly received: string } {
  const [, block] = /^```text\n(> GET .*?)^```$/ms.exec(textOf(page))!;
  const said = (mark: string): string => {
    const lines = block!.split("\n").filter((line) => line.startsWith(mark));
    const text = lines.map((line) => `${line.slice(2)}\n`).join("");
    const head = text.slice(0, text.indexOf("\n\n") + 2);
    return head.replaceAll("\n", "\r\n") + text.slice(head.length);
  };
  return { sent: said(">"), received: said("<") };
}

describe("what a page shows on the wire", () => {
  const shown = ["README.md", "protocols/echo/README.md"].map((page) => ({ page, program: programsOf(page)[0]! }));
  let output: Compiled;

  before(function () {
    this.timeout(60_000);
    output = compiledPrograms(shown.map(({ program }) => program));
  });

  after(() => output.remove());

  for (const { page, program } of shown) {
    it(`${page}: its first program says just that`, async function () {
      this.timeout(60_000);
      const running = new RunningProgram(fileOf(output, program));
      try {
        const { sent, received } = shownIn(page);
        const client = await RawClient.connect(await running.port());
        const [head, answer] = (await client.send(sent).end().rest()).split(/(?<=\r\n\r\n)/);
        assert.equal(head! + answer!.replaceAll("\r\n", "\n"), received);
      } finally {
        await running.kill();
      }
    });
  }
});

describe("what README.md says of conformance", () => {
  it("names the RFCs that test/rfc has suites for, and no others", () => {
    const [, section] = /^## Conformance\n(.*?)^## /ms.exec(textOf("README.md"))!;
    const named = new Set([...section!.matchAll(/RFC (\d{4})/g)].map(([, number]) => number));
    const suites = new Set(readdirSync(join(packageRoot, "test", "rfc")).flatMap((name) => /^\d{4}/.exec(name) ?? []));
    assert.sameMembers([...named], [...suites]);
  });
});
