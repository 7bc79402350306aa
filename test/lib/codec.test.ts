import { expect } from "chai";
import { type Codec, type CodecOptions, fromCodec } from "turnout";
import { switched } from "turnout/testing";
import { gate, switchingHead, underTest, upgradeTo } from "../support/exchanges.ts";
import { servingBehind, tcpFront } from "../support/fronts.ts";
import { serving } from "../support/serving.ts";

/** A codec that sends back, of which a part may be replaced. */
function codecModule(codec: Partial<Codec> = {}, options: Partial<CodecOptions> = {}) {
  return fromCodec({
    tokens: ["own/1"],
    ...options,
    codec: () => ({
      begin: ({ target }) => [`hello ${target}\n`],
      receive: (chunk) => [chunk],
      ...codec,
    }),
  });
}

describe("fromCodec", () => {
  it("declares what it was given, and else what every module does", () => {
    expect(codecModule()).to.include({ maxBody: 0, halfClose: "mirror" });
    expect(codecModule().methods).to.deep.equal(["GET"]);
    expect(codecModule({}, { methods: "*", maxBody: 9 })).to.include({ methods: "*", maxBody: 9 });
    expect(codecModule({}, { tokens: ["a", "b"] }).tokens).to.deep.equal(["a", "b"]);
  });

  it("begins with the answer, all of it in order, and ends with the client", async () => {
    const module = codecModule({
      begin: ({ target }) => ["hello ", Buffer.from(target), "\n"],
      end: () => ["good", "bye\n"],
    });
    const run = await switched(module, { target: "/x", early: "ping" });
    expect(run.decision).to.equal("switched");
    expect(String(await run.end())).to.equal("hello /x\npinggoodbye\n");
    expect(run.faults).to.deep.equal([]);
  });

  it("without an end() nothing more is said", async () => {
    const run = await switched(codecModule(), { target: "/x" });
    expect(String(await run.end())).to.equal("hello /x\n");
  });

  it("makes one codec a connection", async () => {
    let made = 0;
    const module = fromCodec({
      tokens: ["own/1"],
      codec: () => {
        const number = ++made;
        return { begin: () => [`${number}\n`], receive: () => [`${number}\n`] };
      },
    });
    await underTest(
      async ({ connect }) => {
        const [one, other] = [await connect(), await connect()];
        await one.send(upgradeTo("own/1")).takeUntil("\r\n\r\n1\n");
        await other.send(upgradeTo("own/1")).takeUntil("\r\n\r\n2\n");
        expect(await one.send("x").take(2)).to.equal("1\n");
        expect(await other.send("x").take(2)).to.equal("2\n");
      },
      { protocols: [module] },
    );
  });

  for (const part of ["begin", "receive", "end"] as const) {
    it(`what ${part} throws ends this connection, and is reported with its cause`, async () => {
      const reason = new Error(part);
      const module = codecModule({
        [part]: () => {
          throw reason;
        },
      });
      await serving({ protocols: [module] }, async ({ connect, faults }) => {
        const client = (await connect()).send(`${upgradeTo("own/1")}ping`).end();
        await client.gone();
        expect(faults.map(({ code, cause }) => [code, cause])).to.deep.equal([["ERR_TURNOUT_MODULE", reason]]);
      });
    });
  }

  it("a client that does not read is not read from either, and is later", async () => {
    const received = gate();
    let total = 0;
    const piece = Buffer.alloc(65_536, "x");
    const module = codecModule({
      receive: (chunk) => {
        total += chunk.length;
        received.open();
        return [...chunk].map(() => piece);
      },
    });
    await servingBehind(tcpFront, { protocols: [module] }, async ({ connect, sockets }) => {
      const client = await connect();
      client.stream.pause();
      client.send(upgradeTo("own/1"));
      client.send("a".repeat(200));
      await received.opened;
      while (!sockets[0]!.isPaused()) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      client.send("b".repeat(100));
      const before = total;
      client.stream.resume();
      const head = `${switchingHead("own/1")}hello /x\n`;
      expect(await client.take(head.length)).to.equal(head);
      await client.take(300 * piece.length);
      expect([before, total]).to.deep.equal([200, 300]);
    });
  });
});
