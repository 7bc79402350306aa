import { once } from "node:events";
import { expect } from "chai";
import { describeRequest, getTwo, turns } from "../support/exchanges.ts";
import { codeOf } from "../support/failures.ts";
import { servingBehind, tcpFront } from "../support/fronts.ts";

const many = 200_000;

describe("a client that pipelines without end", () => {
  it("and reads nothing: the server stops reading, too, and gives up after stallMs", () =>
    servingBehind(
      tcpFront,
      { respond: describeRequest, timeouts: { stallMs: 100 } },
      async ({ connect, server, sockets }) => {
        const closed = once(server, "closed");
        const client = await connect();
        client.stream.pause();
        client.send(getTwo.repeat(many));
        const [error] = await closed;
        expect(codeOf(error)).to.equal("ERR_TURNOUT_STALLED");
        expect(sockets[0]!.bytesRead).to.be.below((getTwo.length * many) / 2);
        expect(server.stats().answered[200]).to.be.below(many / 2);
      },
    ));

  it("while an answer takes its time: what is behind it is held up to maxEarlyBytes, and then answered in order", async () => {
    let answer = (): void => {};
    const first = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const some = 10_000;
    await servingBehind(
      tcpFront,
      {
        respond: async (request) => {
          await first;
          return describeRequest(request);
        },
        limits: { maxEarlyBytes: 16_384 },
      },
      async ({ connect, server, sockets }) => {
        const client = (await connect()).send(getTwo.repeat(some)).end();
        while (!sockets[0]!.isPaused()) {
          await turns(1);
        }
        await turns(10);
        expect(sockets[0]!.bytesRead).to.be.below(16_384 + sockets[0]!.readableHighWaterMark + 2 * 65_536);
        answer();
        const all = await client.rest();
        expect(all.split("GET /two 0").length - 1).to.equal(some);
        expect(server.stats().answered).to.deep.equal({ 200: some });
      },
    );
  });
});
