import { expect } from "chai";
import { median, ratioOf, spread } from "../../bench/results/statistics.ts";

describe("bench: statistics", () => {
  it("median: the middle, or the mean of the two middle values; the order does not matter", () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([10, 1, 3, 2])).to.equal(2.5);
    expect(median([7])).to.equal(7);
  });

  it("spread: from the least to the greatest, in percent of the median", () => {
    expect(spread([90, 100, 120])).to.equal(30);
    expect(spread([5])).to.equal(0);
  });

  it("ratioOf: round by round, so that a slow round of both does not count", () => {
    expect(ratioOf([100, 10, 60], [100, 10, 120])).to.deep.equal([0.5, 1, 1]);
  });
});
