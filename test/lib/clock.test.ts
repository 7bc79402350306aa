import { EventEmitter, once } from "node:events";
import { expect } from "chai";
import { Clock, type Timed } from "../../lib/clock.ts";

/** Something with a deadline, which tells when it is past. */
class Waiting extends EventEmitter implements Timed {
  deadline: number;
  place = -1;
  expired = 0;

  constructor(deadline: number) {
    super();
    this.deadline = deadline;
  }

  expire(): void {
    this.expired++;
    this.deadline = Number.POSITIVE_INFINITY;
    this.emit("expired");
  }
}

/** Runs `test` with a clock and whatever it watches, and lets go of everything afterwards. */
async function watching(ms: readonly number[], test: (clock: Clock, waiting: Waiting[]) => Promise<void>) {
  const clock = new Clock(20);
  const waiting = ms.map((one) => new Waiting(clock.in(one)));
  for (const one of waiting) {
    clock.watch(one);
  }
  try {
    await test(clock, waiting);
  } finally {
    for (const one of waiting) {
      clock.unwatch(one);
    }
  }
}

describe("Clock", () => {
  for (const [shortestMs, tickMs] of [
    [400, 100],
    [4, 5],
    [100_000, 250],
    [Number.POSITIVE_INFINITY, 250],
  ] as const) {
    it(`with ${shortestMs} ms as the shortest deadline it lags by up to ${tickMs} ms, and no deadline is early for that`, () => {
      const clock = new Clock(shortestMs);
      expect(clock.in(20)).to.equal(clock.now + 20 + tickMs);
    });
  }

  it("expires in the order of the deadlines, each once, and leaves the rest alone", () =>
    watching([Number.POSITIVE_INFINITY, 60, 20], async (_clock, [never, late, soon]) => {
      await once(soon!, "expired");
      expect([never!.expired, late!.expired]).to.deep.equal([0, 0]);
      await once(late!, "expired");
      expect([never!.expired, late!.expired, soon!.expired]).to.deep.equal([0, 1, 1]);
    }));

  it("a deadline that is moved holds where it was moved to", () =>
    watching([20, 80], async (clock, [moved, other]) => {
      moved!.deadline = clock.in(100_000);
      await once(other!, "expired");
      expect(moved!.expired).to.equal(0);
      moved!.deadline = clock.now;
      await once(moved!, "expired");
    }));

  it("what is not watched any more does not expire", () =>
    watching([20, 80], async (clock, [gone, other]) => {
      clock.unwatch(gone!);
      await once(other!, "expired");
      expect(gone!.expired).to.equal(0);
    }));

  it("runs on while anything is watched, and starts again", () =>
    watching([20], async (clock, [first]) => {
      await once(first!, "expired");
      clock.unwatch(first!);
      const second = new Waiting(clock.in(20));
      clock.watch(second);
      await once(second, "expired");
      clock.unwatch(second);
    }));

  it("RFC 9110 section 5.6.7: a date is an IMF-fixdate, and of now", () => {
    const before = Math.floor(Date.now() / 1000) * 1000;
    const date = new Clock(20).date();
    expect(date).to.match(/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/);
    expect(Date.parse(date)).to.be.within(before, Date.now());
  });

  it("RFC 9110 section 6.6.1: the date is made anew when the second is another", () => {
    const clock = new Clock(20);
    const first = clock.date();
    expect(clock.date()).to.equal(first);
    const { toUTCString } = Date.prototype;
    Date.prototype.toUTCString = () => "another";
    try {
      expect(clock.date()).to.equal(first);
      clock.now += 1_000;
      expect(clock.date()).to.equal("another");
    } finally {
      Date.prototype.toUTCString = toUTCString;
    }
  });
});
