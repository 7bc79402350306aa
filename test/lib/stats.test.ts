import { expect } from "chai";
import type { ByteCounts } from "../../lib/connection-info.ts";
import { ModuleError, PeerError } from "../../lib/errors.ts";
import { Tally } from "../../lib/stats.ts";

const bytes = (bytesRead: number, bytesWritten: number): ByteCounts => ({ bytesRead, bytesWritten });

describe("Tally", () => {
  it("starts with nothing", () => {
    expect(new Tally().snapshot(0, [])).to.deep.equal({
      open: 0,
      accepted: 0,
      bytesRead: 0,
      bytesWritten: 0,
      answered: {},
      switched: {},
      bytes: {},
      handshakes: {},
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
    tally.opened("a/1");
    tally.opened("a/1");
    tally.opened("b");
    tally.switchedClosed("a/1");
    tally.refused(new PeerError("ERR_TURNOUT_HOST"));
    tally.fault(new ModuleError("ERR_TURNOUT_MODULE", "M", "threw"));
    tally.fault(new ModuleError("ERR_TURNOUT_NOT_ANSWERED", "M", "gave no receipt"));
    const { open, accepted, answered, switched, refused, faults, unanswered } = tally.snapshot(2, []);
    expect({ open, accepted, answered, switched, refused, faults, unanswered }).to.deep.equal({
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
    tally.opened("a/1");
    const snapshot = tally.snapshot(1, []);
    tally.switchedClosed("a/1");
    tally.answered(200);
    tally.closed({ protocol: "a/1", onWire: true, bytes: bytes(1, 2) });
    expect([snapshot.switched["a/1"], snapshot.answered]).to.deep.equal([{ open: 1, total: 1 }, {}]);
    expect([snapshot.bytesRead, snapshot.bytes]).to.deep.equal([0, {}]);
  });

  it("bytes are HTTP/1.1's until the switch, and the other protocol's from there on", () => {
    const tally = new Tally();
    tally.switched("a/1", bytes(100, 10), 1);
    const layer = { protocol: "a/1", onWire: true, bytes: bytes(150, 90) };
    const whileOpen = tally.snapshot(1, [layer]);
    tally.closed(layer);
    for (const snapshot of [whileOpen, tally.snapshot(0, [])]) {
      expect(snapshot.bytes).to.deep.equal({ "HTTP/1.1": bytes(100, 10), "a/1": bytes(50, 80) });
      expect(snapshot).to.include(bytes(150, 90));
    }
  });

  it("what is inside of another counts for its protocol, and not for the wire", () => {
    const tally = new Tally();
    tally.opened("TLS");
    tally.closed({ protocol: "HTTP/1.1", onWire: false, bytes: bytes(70, 80) });
    const carrier = { protocol: "TLS", onWire: true, bytes: bytes(500, 600) };
    const snapshot = tally.snapshot(1, [carrier]);
    expect(snapshot.bytes).to.deep.equal({ "HTTP/1.1": bytes(70, 80), TLS: bytes(500, 600) });
    expect(snapshot).to.include(bytes(500, 600));
  });

  it("bytes of what nobody knows yet are on the wire only: they will be one protocol's or another's", () => {
    const tally = new Tally();
    const snapshot = tally.snapshot(1, [{ protocol: undefined, onWire: true, bytes: bytes(3, 0) }]);
    expect([snapshot.bytes, snapshot.bytesRead]).to.deep.equal([{}, 3]);
  });

  it("handshakes have their quantiles, to 1 %", () => {
    const tally = new Tally();
    for (let ms = 1; ms <= 100; ms++) {
      tally.switched("a/1", bytes(0, 0), ms);
    }
    const { count, sumMs, p50Ms, p99Ms, maxMs } = tally.snapshot(0, []).handshakes["a/1"]!;
    expect([count, sumMs]).to.deep.equal([100, 5050]);
    expect(p50Ms).to.be.closeTo(50, 0.5);
    expect(p99Ms).to.be.closeTo(99, 0.99);
    expect(maxMs).to.be.closeTo(100, 1);
  });

  it("a stream that does not count its bytes has none to show", () => {
    const tally = new Tally();
    tally.switched("a/1", bytes(0, 0), 1);
    tally.closed({ protocol: "a/1", onWire: false, bytes: bytes(0, 0) });
    expect(tally.snapshot(0, []).bytes).to.deep.equal({});
  });

  for (const [what, ms] of [
    ["no time at all", 0],
    ["longer than the histogram goes", 5 * 3_600_000],
  ] as const) {
    it(`a handshake that took ${what} is counted`, () => {
      const tally = new Tally();
      tally.switched("a/1", bytes(0, 0), ms);
      expect(tally.snapshot(0, []).handshakes["a/1"]).to.include({ count: 1, sumMs: ms });
    });
  }
});
