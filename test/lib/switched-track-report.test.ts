import { duplexPair } from "node:stream";
import { expect } from "chai";
import { createServer, PeerError } from "turnout";
import { Client } from "turnout/testing";
import { switchingHead, underTest, upgradeTo } from "../support/exchanges.ts";
import { codeOf } from "../support/failures.ts";
import { answerInALine, LineProtocol } from "../support/modules.ts";

describe("what a module reports", () => {
  it("a PeerError is counted and emitted as refused, and the connection goes on", async () => {
    const broken = new PeerError("ERR_OWN_RULE", 7, "a rule of its own is broken");
    const module = new LineProtocol(["own/1"], {
      takeOver: (request, transport) => {
        transport.report(broken);
        return answerInALine(request, transport);
      },
    });
    await underTest(
      async ({ connect, server, faults }) => {
        const refused: PeerError[] = [];
        server.on("refused", (error) => refused.push(error));
        const client = (await connect()).send(upgradeTo("own/1"));
        await client.takeUntil("own/1 GET /x\r\n");
        expect(refused).to.deep.equal([broken]);
        expect([broken.status, broken.message]).to.deep.equal([7, "a rule of its own is broken"]);
        expect(server.stats().refused).to.deep.equal({ ERR_OWN_RULE: 1 });
        expect(faults).to.deep.equal([]);
        client.send("on\r\n");
        expect(await client.takeUntil("\r\n")).to.equal("on\r\n");
      },
      { protocols: [module] },
    );
  });

  it("anything else is a fault, with what was reported as its cause, and the connection goes on", async () => {
    const cause = new Error("it dealt with that");
    const module = new LineProtocol(["own/1"], {
      takeOver: (request, transport) => {
        transport.report(cause);
        return answerInALine(request, transport);
      },
    });
    await underTest(
      async ({ connect, faults }) => {
        const client = (await connect()).send(upgradeTo("own/1"));
        await client.takeUntil("own/1 GET /x\r\n");
        expect(faults.map((fault) => [codeOf(fault), fault.cause])).to.deep.equal([["ERR_TURNOUT_MODULE", cause]]);
        client.send("on\r\n");
        expect(await client.takeUntil("\r\n")).to.equal("on\r\n");
      },
      { protocols: [module] },
    );
  });
});

describe("a chunk that a module is given", () => {
  it("is its own to change: what the client wrote stays, where both are in one process", async () => {
    const module = new LineProtocol(["own/1"], {
      takeOver: (request, transport) => {
        transport.onData = (chunk) => transport.write(chunk.fill("x"));
        return transport.answer(`${request.target} `);
      },
    });
    const server = createServer({ protocols: [module] });
    const [ours, theirs] = duplexPair();
    server.accept(theirs);
    const client = new Client(ours);
    const said = Buffer.from("mine");
    client.send(upgradeTo("own/1"));
    await client.takeUntil(`${switchingHead("own/1")}/x `);
    client.send(said);
    expect((await client.take(4)).toString()).to.equal("xxxx");
    expect(said.toString()).to.equal("mine");
    await server.close({ graceMs: 0 });
  });
});
