import { fuzzProxyHeader } from "../support/proxy-header-fuzz.ts";
import { fuzzRuns, fuzzSeed, Random } from "../support/random.ts";

describe("readProxyHeader, fuzzed", () => {
  it("says what the plain reader says, however the bytes are cut", function () {
    this.timeout(0);
    fuzzProxyHeader(new Random(fuzzSeed()), fuzzRuns(200_000));
  });
});
