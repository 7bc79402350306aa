import { once } from "node:events";
import { expect } from "chai";
import type { Transport } from "turnout";
import { gate, turns, underTest, upgradeTo } from "../support/exchanges.ts";
import { codeOf } from "../support/failures.ts";
import { LineProtocol } from "../support/modules.ts";

type Own = Transport<undefined>;

const nothingSent = { "own/1": { open: 0, total: 1 } };

describe("a module that ends before its time", () => {
  it("early bytes do not come before takeOver has returned, also when it ends the transport", () => {
    const order: string[] = [];
    const module = new LineProtocol(["own/1"], {
      takeOver: (_request, transport) => {
        transport.onData = (chunk) => order.push(String(chunk));
        const receipt = transport.answer("bye\n");
        transport.end();
        order.push("returned");
        return receipt;
      },
    });
    return underTest(
      async ({ connect }) => {
        await (await connect()).send(`${upgradeTo("own/1")}early`).takeUntil("bye\n");
        await turns(3);
        expect(order).to.deep.equal(["returned", "early"]);
      },
      { protocols: [module] },
    );
  });

  it("a client that has finished is not waited for when the receipt comes late, and nobody reads what it said", () => {
    const [taken, answer] = [gate(), gate()];
    const module = new LineProtocol(["own/1"], {
      takeOver: async (_request, transport) => {
        taken.open();
        await answer.opened;
        return transport.answer("late\n");
      },
    });
    return underTest(
      async ({ connect, server, faults }) => {
        const closed = once(server, "closed");
        const client = (await connect()).send(`${upgradeTo("own/1")}unread`).end();
        await taken.opened;
        await turns(10); // the end has come, and is held behind what nobody reads
        answer.open();
        await client.takeUntil("late\n");
        expect(await client.rest()).to.equal("");
        await closed;
        expect(faults).to.deep.equal([]);
      },
      { protocols: [module] },
    );
  });

  for (const how of ["end", "destroy"] as const) {
    it(`RFC 9110 section 7.8: there is no receipt for an answer behind ${how}()`, () => {
      const module = new LineProtocol(["own/1"], {
        takeOver: (_request, transport) => {
          transport[how]();
          return transport.answer("never");
        },
      });
      return underTest(
        async ({ connect, server, faults }) => {
          const closed = once(server, "closed");
          const client = (await connect()).send(upgradeTo("own/1"));
          expect(await client.gone()).to.not.include("never");
          client.stream.destroy();
          await closed;
          expect(faults.map(({ cause }) => codeOf(cause))).to.deep.equal(["ERR_TURNOUT_STATE"]);
          expect(server.stats().switched).to.deep.equal(nothingSent);
        },
        { protocols: [module] },
      );
    });
  }

  it("what fails because the client has gone is no fault of the module", () => {
    const [received, gone, failed] = [gate(), gate(), gate()];
    const work = async (transport: Own): Promise<void> => {
      received.open();
      await gone.opened;
      failed.open();
      throw new Error(`nobody to answer: ${transport.ended}`);
    };
    const module = new LineProtocol(["own/1"], {
      takeOver: (_request, transport) => {
        transport.onData = () => work(transport);
        return transport.answer("ready\n");
      },
    });
    return underTest(
      async ({ connect, server, faults }) => {
        const closed = once(server, "closed");
        const client = (await connect()).send(`${upgradeTo("own/1")}x`);
        await received.opened;
        client.reset();
        await closed;
        gone.open();
        await failed.opened;
        await turns(3);
        expect(faults).to.deep.equal([]);
      },
      { protocols: [module] },
    );
  });
});
