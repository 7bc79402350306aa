import { expect } from "chai";
import { gate, switchingHead, underTest, upgradeTo } from "../support/exchanges.ts";
import { answerInALine, LineProtocol } from "../support/modules.ts";

const answer = "own/1 GET /x\r\n";

describe("drain of a switched connection", () => {
  it("ends our side, unless the module says otherwise", () =>
    underTest(
      async ({ connect, server }) => {
        const client = (await connect()).send(upgradeTo("own/1"));
        await client.takeUntil(answer);
        const closing = server.close();
        expect(await client.rest()).to.equal("");
        client.end();
        expect((await closing).switched).to.deep.equal({ "own/1": { closed: 1, destroyed: 0 } });
      },
      { protocols: [new LineProtocol(["own/1"])] },
    ));

  it("is asked for once the receipt is there, and only once", async () => {
    const [taken, settle, told] = [gate(), gate(), [] as string[]];
    const module = new LineProtocol(["own/1"], {
      takeOver: async (request, transport) => {
        taken.open();
        await settle.opened;
        told.push("answered");
        return answerInALine(request, transport);
      },
      drain: (transport) => {
        told.push("drain");
        transport.end("bye\r\n");
      },
    });
    await underTest(
      async ({ connect, server }) => {
        const client = (await connect()).send(upgradeTo("own/1"));
        client.stream.once("end", () => client.end());
        await taken.opened;
        const closing = [server.close(), server.close()];
        settle.open();
        expect(await client.rest()).to.equal(`${switchingHead("own/1")}${answer}bye\r\n`);
        await Promise.all(closing);
        expect(told).to.deep.equal(["answered", "drain"]);
      },
      { protocols: [module] },
    );
  });
});
