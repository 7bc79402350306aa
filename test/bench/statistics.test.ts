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

  it("ratioOf: round by round, so that a slow round of both does not count; quartiles and the median", () => {
    expect(ratioOf([100, 10, 60], [100, 10, 120])).to.deep.equal([0.75, 1, 1]);
    expect(ratioOf([5, 1, 2, 4, 3], [1, 1, 1, 1, 1])).to.deep.equal([2, 3, 4]);
    expect(ratioOf([1, 2], [1, 1])).to.deep.equal([1.25, 1.5, 1.75]);
    expect(ratioOf([7], [2])).to.deep.equal([3.5, 3.5, 3.5]);
  });
});
