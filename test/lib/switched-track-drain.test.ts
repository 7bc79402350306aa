import { expect } from "chai";
import {
  continueHead,
  gate,
  postWithUpgradeTo,
  switchingHead,
  turns,
  underTest,
  upgradeTo,
} from "../support/exchanges.ts";
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

  it("is not asked for before the receipt where the module does not say so: that is waited for", async () => {
    const [taken, settle] = [gate(), gate()];
    const module = new LineProtocol(["own/1"], {
      takeOver: async (request, transport) => {
        taken.open();
        await settle.opened;
        return answerInALine(request, transport);
      },
      drain: (transport) => transport.end("bye\r\n"),
    });
    await underTest(
      async ({ connect, server }) => {
        const client = (await connect()).send(upgradeTo("own/1"));
        await taken.opened;
        const closing = server.close();
        await turns(3);
        expect(await client.takeUntil("\r\n\r\n")).to.equal(switchingHead("own/1"));
        expect(client.pending).to.equal("");
        settle.open();
        expect(await client.rest()).to.equal(`${answer}bye\r\n`);
        client.end();
        await closing;
      },
      { protocols: [module] },
    );
  });

  for (const [how, report] of [
    ["ends the connection", { "own/1": { closed: 1, destroyed: 0 } }],
    ["answers", { "own/1": { closed: 1, destroyed: 0 } }],
  ] as const) {
    it(`where the module says so it is asked for before the receipt, and only once: it ${how}`, async () => {
      const [taken, told] = [gate(), [] as string[]];
      let settle = (): void => {};
      const module = new LineProtocol(["own/1"], {
        drainsUnanswered: true,
        takeOver: (request, transport) =>
          new Promise((resolve) => {
            settle = () => resolve(answerInALine(request, transport));
            taken.open();
          }),
        drain: (transport) => {
          told.push("drain");
          if (how === "answers") {
            settle();
            transport.end("bye\r\n");
          } else {
            transport.destroy();
          }
        },
      });
      await underTest(
        async ({ connect, server, faults }) => {
          const client = (await connect()).send(upgradeTo("own/1"));
          client.stream.once("end", () => client.end());
          await taken.opened;
          const closing = [server.close({ graceMs: 60_000 }), server.close()];
          const all = await client.gone();
          expect(all).to.equal(`${switchingHead("own/1")}${how === "answers" ? `${answer}bye\r\n` : ""}`);
          expect((await closing[0]!).switched).to.deep.equal(report);
          expect([told, faults]).to.deep.equal([["drain"], []]);
        },
        { protocols: [module] },
      );
    });
  }

  for (const [how, isPending] of [
    ["has answered", false],
    ["waits with its answer", true],
  ] as const) {
    it(`is not asked for within takeOver, where the module would not be ready, but behind it: it ${how}`, async () => {
      const [told, asked] = [[] as string[], gate()];
      let close = (): void => {};
      const module = new LineProtocol(["own/1"], {
        drainsUnanswered: true,
        takeOver: (request, transport) => {
          close();
          told.push("taken over");
          return isPending
            ? asked.opened.then(() => answerInALine(request, transport))
            : answerInALine(request, transport);
        },
        drain: (transport) => {
          told.push("drain");
          asked.open();
          setImmediate(() => transport.end());
        },
      });
      await underTest(
        async ({ connect, server }) => {
          close = () => void server.close();
          const client = (await connect()).send(upgradeTo("own/1"));
          expect(await client.rest()).to.equal(`${switchingHead("own/1")}${answer}`);
          client.end();
          await server.close();
          expect(told).to.deep.equal(["taken over", "drain"]);
        },
        { protocols: [module] },
      );
    });
  }

  it("T-63: content that is complete when the server closes already: 503, and no 101", () =>
    underTest(
      async ({ connect, server, faults }) => {
        const client = (await connect()).send(postWithUpgradeTo("own/1", "Content-Length: 5\r\nExpect: 100-continue"));
        expect(await client.take(continueHead.length)).to.equal(continueHead);
        const closing = server.close();
        const response = await client.send("HELLO").response();
        expect([response.status, response.field("connection")]).to.deep.equal([503, "close"]);
        expect(await client.end().rest()).to.equal("");
        expect((await closing).http).to.deep.equal({ closed: 1, destroyed: 0 });
        expect(faults).to.deep.equal([]);
      },
      { protocols: [new LineProtocol(["own/1"], { methods: "*", maxBody: 5 })] },
    ));
});
