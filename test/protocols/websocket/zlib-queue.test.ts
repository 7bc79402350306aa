import { expect } from "chai";
import { ZlibQueue } from "../../../protocols/websocket/zlib-queue.ts";
import { gate, turns } from "../../support/exchanges.ts";
import { rejectionOf } from "../../support/failures.ts";

const wanted = (): boolean => true;

describe("ZlibQueue", () => {
  it("runs so many jobs at a time, the first come first", async () => {
    for (const concurrency of [1, 2, 5]) {
      const queue = new ZlibQueue(concurrency);
      const gates = Array.from({ length: 8 }, gate);
      const begun: number[] = [];
      const done = gates.map(({ opened }, index) =>
        queue.run(wanted, async () => {
          begun.push(index);
          await opened;
          return index;
        }),
      );
      for (const [index, { open }] of gates.entries()) {
        await turns(2);
        const expected = Math.min(8, index + concurrency);
        expect(begun).to.deep.equal(Array.from({ length: expected }, (_, at) => at));
        open();
        expect(await done[index]).to.equal(index);
      }
      expect(await queue.run(wanted, async () => "idle again")).to.equal("idle again");
    }
  });

  it("asks whether a job is still wanted when its turn comes, and gives its turn to the next if not", async () => {
    const queue = new ZlibQueue(1);
    const { opened, open } = gate();
    let isWanted = true;
    const first = queue.run(wanted, () => opened);
    const dropped = queue.run(
      () => isWanted,
      async () => "done all the same",
    );
    const next = queue.run(wanted, async () => "next");
    isWanted = false;
    open();
    await first;
    expect(await dropped).to.equal(undefined);
    expect(await next).to.equal("next");
  });

  it("a job that fails is told, and gives its turn to the next", async () => {
    const queue = new ZlibQueue(1);
    const failure = new Error("on purpose");
    const [failing, next] = [queue.run(wanted, () => Promise.reject(failure)), queue.run(wanted, async () => "next")];
    expect(await rejectionOf(failing)).to.equal(failure);
    expect(await next).to.equal("next");
  });
});
