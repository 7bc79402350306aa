import { fuzzRuns, fuzzSeed, Random } from "../support/random.ts";
import { fuzzRequestHead } from "../support/request-head-fuzz.ts";

describe("RequestHeadParser, fuzzed", () => {
  it("says what the plain parser says, however the bytes are cut", function () {
    this.timeout(0);
    fuzzRequestHead(new Random(fuzzSeed()), fuzzRuns(200_000));
  });
});
