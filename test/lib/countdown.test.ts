import { EventEmitter, once } from "node:events";
import { expect } from "chai";
import { Countdown } from "../../lib/countdown.ts";
import { turns } from "../support/exchanges.ts";

/** A countdown, and how often it has come to its end. */
function counting(): { countdown: Countdown; count(): number; next(): Promise<unknown> } {
  let ends = 0;
  const emitter = new EventEmitter();
  const countdown = new Countdown(() => {
    ends++;
    emitter.emit("end");
  });
  return { countdown, count: () => ends, next: () => once(emitter, "end") };
}

const long = 2 ** 40;

describe("Countdown", () => {
  it("0 is at once, and again", () => {
    const { countdown, count } = counting();
    countdown.within(0);
    expect(count()).to.equal(1);
    countdown.within(-1);
    expect(count()).to.equal(2);
  });

  it("tells how much is left, from when it is asked for until it is done or stopped", () => {
    const { countdown } = counting();
    expect(countdown.leftMs).to.equal(Number.POSITIVE_INFINITY);
    countdown.within(long);
    expect(countdown.leftMs).to.be.within(long - 60_000, long);
    countdown.within(0);
    expect(countdown.leftMs).to.equal(0);
  });

  it("a shorter time replaces a longer one", async () => {
    const { countdown, count, next } = counting();
    countdown.within(long);
    countdown.within(5);
    await next();
    countdown.within(5);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(count()).to.equal(1);
  });

  it("a longer one changes nothing", async () => {
    const { countdown, count, next } = counting();
    countdown.within(5);
    countdown.within(long);
    countdown.within(Number.POSITIVE_INFINITY);
    await next();
    expect(count()).to.equal(1);
  });

  it("at once is once", async () => {
    const { countdown, count } = counting();
    countdown.within(5);
    countdown.within(0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(count()).to.equal(1);
  });

  it("longer than a timer can count, and for ever, is not at once", async () => {
    for (const ms of [long, Number.POSITIVE_INFINITY]) {
      const { countdown, count } = counting();
      countdown.within(ms);
      await turns(3);
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(count()).to.equal(0);
      countdown.stop();
    }
  });

  it("stopped it comes to no end", async () => {
    const { countdown, count } = counting();
    countdown.within(5);
    countdown.stop();
    countdown.within(5);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(count()).to.equal(0);
  });
});
