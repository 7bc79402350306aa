import { expect } from "chai";
import { ModuleError, PeerError } from "../../lib/errors.ts";
import { Tally } from "../../lib/stats.ts";

describe("Tally", () => {
  it("starts with nothing", () => {
    expect(new Tally().snapshot(0)).to.deep.equal({
      open: 0,
      accepted: 0,
      answered: {},
      switched: {},
      refused: {},
      faults: {},
      unanswered: 0,
    });
  });

  it("counts each kind by what tells it apart", () => {
    const tally = new Tally();
    tally.accepted += 3;
    tally.answered(200);
    tally.answered(200);
    tally.answered(404);
    tally.switched("a/1");
    tally.switched("a/1");
    tally.switched("b");
    tally.switchedClosed("a/1");
    tally.refused(new PeerError("ERR_TURNOUT_HOST"));
    tally.fault(new ModuleError("ERR_TURNOUT_MODULE", "M", "threw"));
    tally.fault(new ModuleError("ERR_TURNOUT_NOT_ANSWERED", "M", "gave no receipt"));
    expect(tally.snapshot(2)).to.deep.equal({
      open: 2,
      accepted: 3,
      answered: { 200: 2, 404: 1 },
      switched: { "a/1": { open: 1, total: 2 }, b: { open: 1, total: 1 } },
      refused: { ERR_TURNOUT_HOST: 1 },
      faults: { ERR_TURNOUT_MODULE: 1, ERR_TURNOUT_NOT_ANSWERED: 1 },
      unanswered: 1,
    });
  });

  it("a snapshot does not change afterwards", () => {
    const tally = new Tally();
    tally.switched("a/1");
    const snapshot = tally.snapshot(1);
    tally.switchedClosed("a/1");
    tally.answered(200);
    expect([snapshot.switched["a/1"], snapshot.answered]).to.deep.equal([{ open: 1, total: 1 }, {}]);
  });
});
