import { fuzzRuns, fuzzSeed } from "../../support/random.ts";
import { fuzzReceiver } from "../../support/receiver-fuzz.ts";

describe("FrameReceiver, a little fuzzed", () => {
  it("tells what the plain reader tells, however the bytes are cut and whenever it is stopped", function () {
    this.timeout(60_000);
    fuzzReceiver(fuzzSeed(), fuzzRuns(1500));
  });
});
