import { expect } from "chai";
import { suites } from "../../bench/suites/index.ts";
import { headOf, scriptOf } from "../../bench/suites/script.ts";
import { payloadOf, usual } from "../../bench/suites/workload.ts";

const usualHttp = { ...usual, title: "" };

describe("bench: suites", () => {
  it("a name on a command line means one thing: one row, or contenders", () => {
    const tables = suites.flatMap((suite) => suite.tables);
    const rows = tables.flatMap((table) => Object.keys(table.rows));
    const names = [...rows, ...suites.map(({ name }) => name), "parser"];
    expect(new Set(names).size).to.equal(names.length);
    expect(tables.flatMap(({ contenders }) => Object.keys(contenders)).filter((name) => names.includes(name))).to.be
      .empty;
  });

  it("every suite has a short form, and every table somebody to compare with", () => {
    for (const { name, tables } of suites) {
      expect(
        tables.flatMap(({ rows }) => Object.values(rows)).some(({ short }) => short),
        name,
      ).to.equal(true);
      for (const { title, contenders } of tables) {
        expect(Object.keys(contenders).length, title).to.be.at.least(2);
      }
    }
  });

  it("heads have as many bytes as are asked for, less a field at most", () => {
    for (const headBytes of [0, 40, 2048, 16_384]) {
      const { length } = headOf({ ...usualHttp, headBytes });
      expect(length)
        .to.be.at.most(Math.max(headBytes, 35))
        .and.greaterThan(headBytes - 66);
    }
  });

  it("messages have as many bytes as are asked for", () => {
    for (const kind of ["text", "binary", "json"] as const) {
      expect(payloadOf({ kind, bytes: 1000 })).to.have.length(1000);
    }
  });

  it("an opening is what new connections are measured by, and comes before everything else", () => {
    const upgrade = { ...usualHttp, speaks: "bench/1" } as const;
    expect(scriptOf(upgrade).opening!.says.toString()).to.include("Upgrade: bench/1\r\n");
    expect(scriptOf(upgrade).unit.says).to.have.length(32);
    const { opening, unit } = scriptOf({ ...upgrade, does: "connections" });
    expect(opening).to.equal(undefined);
    expect(unit.says.toString()).to.include("Upgrade: bench/1\r\n");
  });
});
