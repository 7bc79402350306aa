import { fuzzRuns, fuzzSeed } from "../support/random.ts";
import { fuzzReceiver } from "../support/receiver-fuzz.ts";

describe("FrameReceiver, fuzzed", () => {
  it("tells what the plain reader tells, however the bytes are cut and whenever it is stopped", function () {
    this.timeout(0);
    fuzzReceiver(fuzzSeed(), fuzzRuns(100_000));
  });
});
