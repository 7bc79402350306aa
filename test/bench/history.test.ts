import { expect } from "chai";
import { fallen } from "../../bench/results/comparison.ts";
import { type Entry, latest, lineOf, majorOf, type Ratios, readHistory } from "../../bench/results/history.ts";
import type { Ratio } from "../../bench/results/statistics.ts";

function entry(date: string, node: string, suites: Entry["suites"]): Entry {
  return { date, node, cpu: "a processor", cores: 2, form: "short", suites };
}

function ratios(row: string, contender: string, ratio: Ratio): Ratios {
  return { [row]: { [contender]: ratio } };
}

describe("bench: history", () => {
  const first = entry("2026-01-01", "20.1.0", { wire: ratios("echo", "turnout", [0.8, 0.9, 1]) });
  const second = entry("2026-01-02", "20.2.0", { tls: ratios("new", "turnout", [0.5, 0.6, 0.7]) });
  const third = entry("2026-01-03", "26.0.0", { wire: ratios("echo", "turnout", [0.2, 0.3, 0.4]) });

  it("lines are read as they were written, with three digits behind the point", () => {
    const precise = entry("2026-01-01", "20.1.0", { wire: ratios("echo", "turnout", [0.12345, 2, 3.9996]) });
    const text = lineOf(first) + lineOf(precise);
    expect(text.split("\n")).to.have.length(3);
    expect(readHistory(text)).to.deep.equal([
      first,
      { ...precise, suites: { wire: ratios("echo", "turnout", [0.123, 2, 4]) } },
    ]);
  });

  it("latest: each contender of each row as it was last measured, of the runs that pass", () => {
    const other = entry("2026-01-04", "20.2.0", { wire: ratios("echo", "node:http", [1, 1, 1]) });
    const isOf20 = ({ node }: Entry): boolean => majorOf(node) === 20;
    expect(latest([first, second, third, other], isOf20)).to.deep.equal({
      ...other,
      suites: { wire: { echo: { turnout: [0.8, 0.9, 1], "node:http": [1, 1, 1] } }, ...second.suites },
    });
    expect(latest([first, second, third])?.suites["wire"]).to.deep.equal(third.suites["wire"]);
    expect(latest([third], isOf20)).to.equal(undefined);
  });

  it("majorOf: with and without a v", () => {
    expect([majorOf("20.20.2"), majorOf("v26.1.0")]).to.deep.equal([20, 26]);
  });
});

describe("bench: comparison", () => {
  const steady: Ratio = [0.99, 1, 1.01];

  it("what is lower by more than a tenth and by more than the rounds differ has fallen", () => {
    expect(fallen(ratios("echo", "turnout", steady), ratios("echo", "turnout", [0.84, 0.85, 0.86]))).to.deep.equal([
      { row: "echo", contender: "turnout", before: 1, now: 0.85, tolerance: 0.1 },
    ]);
  });

  it("what differs as much among its own rounds has not", () => {
    expect(fallen(ratios("echo", "turnout", steady), ratios("echo", "turnout", [0.8, 0.85, 1]))).to.deep.equal([]);
    expect(fallen(ratios("echo", "turnout", [0.8, 1, 1.1]), ratios("echo", "turnout", [0.8, 0.8, 0.8]))).to.deep.equal(
      [],
    );
  });

  it("what has risen, what others did, and what was not measured before, is passed over", () => {
    expect(fallen(ratios("echo", "turnout", steady), ratios("echo", "turnout", [2, 2, 2]))).to.deep.equal([]);
    expect(fallen(ratios("echo", "ws", steady), ratios("echo", "ws", [0.1, 0.1, 0.1]))).to.deep.equal([]);
    expect(fallen(ratios("echo", "turnout", steady), ratios("new", "turnout", [0.1, 0.1, 0.1]))).to.deep.equal([]);
    expect(fallen({}, ratios("echo", "turnout", [0.1, 0.1, 0.1]))).to.deep.equal([]);
  });
});
