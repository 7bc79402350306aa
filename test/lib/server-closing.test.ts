import { once } from "node:events";
import { expect } from "chai";
import { expectOrdinary, expectSwitch, getTwo, optionsUnderTest, underTest, upgradeTo } from "../support/exchanges.ts";
import { codeOf, rejectionOf } from "../support/failures.ts";

const never = 60_000;

describe("close({ delayMs })", () => {
  it("during the delay all goes on as before: old connections and new ones, requests and switches", () =>
    underTest(async ({ connect, server }) => {
      const old = await connect();
      await expectOrdinary(old.send(getTwo), "GET /two 0");
      const report = server.close({ delayMs: never });
      expect([server.draining, server.addresses().length]).to.deep.equal([true, 1]);
      for (const client of [old, await connect()]) {
        expect((await expectOrdinary(client.send(getTwo), "GET /two 0")).all("connection")).to.deep.equal([]);
        client.stream.once("end", () => client.end());
      }
      const switched = await connect();
      await expectSwitch(switched.send(upgradeTo("echo/1")), "echo/1", "GET /x\r\n");
      switched.stream.once("end", () => switched.end());
      expect(codeOf(await rejectionOf(server.listen({ port: 0 })))).to.equal("ERR_TURNOUT_STATE");
      void server.close();
      expect([await old.rest(), await switched.rest()]).to.deep.equal(["", ""]);
      const { http, switched: byToken } = await report;
      // What has come during the delay is counted, too.
      expect([http, byToken]).to.deep.equal([{ closed: 2, destroyed: 0 }, { "echo/1": { closed: 1, destroyed: 0 } }]);
    }));

  it("the grace period begins behind the delay", () =>
    underTest(async ({ connect, server }) => {
      const client = await connect();
      void server.close({ delayMs: never, graceMs: 1 });
      await new Promise((resolve) => setTimeout(resolve, 30));
      await expectOrdinary(client.send(getTwo), "GET /two 0");
    }));

  it("after the delay the server closes", () =>
    underTest(async ({ connect, server }) => {
      const client = await connect();
      await expectOrdinary(client.send(getTwo), "GET /two 0");
      client.stream.once("end", () => client.end());
      const report = server.close({ delayMs: 20, graceMs: never });
      expect(await client.rest()).to.equal("");
      expect((await report).http).to.deep.equal({ closed: 1, destroyed: 0 });
      expect(server.addresses()).to.deep.equal([]);
      expect(server.draining).to.equal(true);
    }));

  it("after the delay and the grace period what is left is destroyed", () =>
    underTest(
      async ({ connect, server }) => {
        (await connect()).send(getTwo);
        const closed = once(server, "closed");
        const { http } = await server.close({ delayMs: 20, graceMs: 20 });
        expect(http).to.deep.equal({ closed: 0, destroyed: 1 });
        expect(codeOf((await closed)[0])).to.equal("ERR_TURNOUT_DRAIN_TIMEOUT");
      },
      { ...optionsUnderTest(), respond: () => new Promise(() => {}) },
    ));

  for (const [what, first, second, destroyed] of [
    ["the delay ends", { delayMs: never }, {}, 0],
    ["the delay is shorter", { delayMs: never, graceMs: never }, { delayMs: 10, graceMs: never }, 0],
    ["the delay cannot be made longer", { delayMs: 10, graceMs: never }, { delayMs: never, graceMs: never }, 0],
    ["the grace period is shorter", { delayMs: 10, graceMs: never }, { graceMs: 30 }, 1],
    ["the grace period cannot be made longer", { delayMs: 10, graceMs: 20 }, { delayMs: never, graceMs: never }, 1],
    ["at once", { delayMs: never, graceMs: never }, { graceMs: 0 }, 1],
    ["at once, at the end of the delay", { delayMs: never, graceMs: never }, { delayMs: 10, graceMs: 0 }, 1],
  ] as const) {
    it(`a second call: ${what}`, () => {
      let answer = (): void => {};
      const answered = new Promise<object>((resolve) => {
        answer = () => resolve({});
      });
      return underTest(
        async ({ connect, server }) => {
          const client = await connect();
          client.stream.on("error", () => {});
          client.stream.once("end", () => client.end());
          await client.sendSegment(getTwo);
          const report = server.close(first);
          expect(server.close(second)).to.equal(report);
          if (destroyed === 0) {
            answer();
          }
          expect((await report).http).to.deep.equal({ closed: 1 - destroyed, destroyed });
        },
        { ...optionsUnderTest(), respond: () => answered },
      );
    });
  }
});

describe("draining", () => {
  it("is false until close(), and what a request shows of it", () => {
    const seen: boolean[] = [];
    return underTest(
      async ({ connect, server }) => {
        const client = await connect();
        await client.send(getTwo).response();
        const report = server.close({ delayMs: never });
        await client.send(getTwo).response();
        void server.close({ graceMs: 0 });
        await report;
        expect(seen).to.deep.equal([false, true]);
      },
      {
        respond: ({ draining }) => {
          seen.push(draining);
          return {};
        },
      },
    );
  });
});
