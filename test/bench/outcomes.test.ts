import { expect } from "chai";
import { busyness, outcomesOf, rounded, type Seen } from "../../bench/results/outcomes.ts";

function seen(perSecond: number, serverBusy = 1, other: Partial<Seen> = {}): Seen {
  return { perSecond, serverBusy, medianMs: 0, bytesEach: 0, ...other };
}

describe("bench: outcomes", () => {
  it("a rate is told by processor time, and by the clock in brackets where that differs", () => {
    const outcomes = outcomesOf(
      new Map([
        ["base", [seen(50_000, 0.5), seen(60_000, 0.5)]],
        ["as busy", [seen(25_000, 0.5), seen(30_000, 0.5)]],
        ["busier", [seen(50_000, 1), seen(60_000, 1)]],
      ]),
      "rate",
    );
    expect([...outcomes.values()].map(({ cell }) => cell)).to.deep.equal(["1 (110 k/s ±9 %)", "0.50", "0.50 (1.00)"]);
    expect(outcomes.get("busier")!.ratio).to.deep.equal([0.5, 0.5, 0.5]);
  });

  it("of times and memory the ratio is greater where less is used", () => {
    const times = new Map([
      ["base", [seen(0, 0, { medianMs: 1 })]],
      ["slow", [seen(0, 0, { medianMs: 4 })]],
    ]);
    const memory = new Map([
      ["base", [seen(0, 0, { bytesEach: 4096 })]],
      ["small", [seen(0, 0, { bytesEach: 512 })]],
    ]);
    expect(outcomesOf(times, "time").get("slow")).to.deep.equal({ ratio: [0.25, 0.25, 0.25], cell: "4.00 ms" });
    expect(outcomesOf(memory, "memory").get("small")).to.deep.equal({ ratio: [8, 8, 8], cell: "512 B" });
  });

  it("busyness: the medians of server and clients; a dash where nobody looked at the clients", () => {
    expect(busyness([seen(1, 0.5, { clientBusy: 0.9 }), seen(1, 0.7, { clientBusy: 0.7 })])).to.equal("60 %, 80 %");
    expect(busyness([seen(1, 0.971)])).to.equal("97 %, -");
  });

  it("rounded: in full below ten thousand", () => {
    expect([9_876.5, 10_000, 1_234_567].map(rounded)).to.deep.equal(["9877", "10 k", "1235 k"]);
  });
});
