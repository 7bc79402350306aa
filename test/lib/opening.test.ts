import { expect } from "chai";
import { type Answered, type OriginalRequest, ProtocolModule, type ServerOptions, type Transport } from "turnout";
import { deliveries } from "../support/cuts.ts";
import { deliver } from "../support/every-delivery.ts";
import { describeRequest, expectOrdinary, gate, getTwo, nextClosed, underTest } from "../support/exchanges.ts";
import { codeOf } from "../support/failures.ts";
import { servingBehind, tcpFront } from "../support/fronts.ts";

/** A protocol that is opened with `mark`, and then sends back every byte. */
class Marked extends ProtocolModule {
  readonly tokens: readonly string[];
  readonly asked: string[] = [];
  readonly #mark: string;
  readonly #open: ((transport: Transport<undefined>) => void) | undefined;

  constructor(mark: string, open?: (transport: Transport<undefined>) => void) {
    super();
    this.tokens = [mark.replaceAll(/[^A-Za-z0-9]/g, "")];
    this.#mark = mark;
    this.#open = open;
  }

  override detect(bytes: Buffer): "mine" | "not mine" | "more" {
    const text = bytes.toString("latin1");
    this.asked.push(text);
    return text.startsWith(this.#mark) ? "mine" : this.#mark.startsWith(text) ? "more" : "not mine";
  }

  override open(transport: Transport<undefined>): void {
    if (this.#open !== undefined) {
      this.#open(transport);
      return;
    }
    transport.onData = (chunk) => {
      transport.write(chunk);
    };
  }

  takeOver(_request: OriginalRequest, transport: Transport<undefined>): Answered {
    return transport.answer("switched\r\n");
  }
}

const withModules = (...protocols: ProtocolModule[]): ServerOptions => ({ protocols, respond: describeRequest });

describe("a connection that has not said what it speaks", () => {
  it("its first bytes are shown to a module as long as it asks for more, and then are the first onData", () =>
    servingBehind(tcpFront, withModules(new Marked("MARK!")), async ({ connect, sockets, server, faults }) => {
      for (const { how, pieces } of deliveries(Buffer.from("MARK!and more"))) {
        const client = await connect();
        await deliver(client, sockets.at(-1)!, pieces);
        expect(await client.take("MARK!and more".length), how).to.equal("MARK!and more");
        client.send("ping");
        expect(await client.take(4), how).to.equal("ping");
        const closed = nextClosed(server);
        expect(await client.end().rest(), how).to.equal("");
        expect(await closed, how).to.equal(undefined);
      }
      const { open, answered, refused } = server.stats();
      expect([open, answered, refused, faults]).to.deep.equal([0, {}, {}, []]);
    }));

  it("what no module wants is HTTP/1.1, and nothing of it is lost", () =>
    servingBehind(
      tcpFront,
      withModules(new Marked("GETX"), new Marked("GET /y")),
      async ({ connect, sockets, server }) => {
        for (const { how, pieces } of deliveries(Buffer.from(getTwo))) {
          const client = await connect();
          await deliver(client, sockets.at(-1)!, pieces);
          expect((await client.response()).body, how).to.equal("GET /two 0\n");
          await expectOrdinary(client.send(getTwo), "GET /two 0");
          client.stream.destroy();
        }
        expect(server.stats().switched).to.deep.equal({});
      },
    ));

  it("modules are asked in the server's order, and nobody behind the one that takes it", async () => {
    const [first, second] = [new Marked("MARK"), new Marked("MAR")];
    await underTest(
      async ({ connect }) => {
        const client = await connect();
        await client.sendSegment("MA");
        client.send("RK");
        expect(await client.take(4)).to.equal("MARK");
        expect([first.asked, second.asked]).to.deep.equal([["MA", "MARK"], ["MA"]]);
      },
      withModules(first, second),
    );
  });

  it("one that needs fewer bytes is not kept waiting for one that needs more", () =>
    underTest(
      async ({ connect, server }) => {
        const client = (await connect()).send("MARK");
        expect(await client.take(4)).to.equal("MARK");
        expect(server.stats().switched).to.deep.equal({ MARK: { open: 1, total: 1 } });
      },
      withModules(new Marked("MARKED"), new Marked("MARK")),
    ));

  it("the event `opened` tells the token; there is no request, and nothing was answered", () =>
    underTest(
      async ({ connect, server }) => {
        const events: unknown[] = [];
        server.on("opened", (token) => events.push(token));
        server.on("switched", () => events.push("switched"));
        server.on("answered", () => events.push("answered"));
        const client = (await connect()).send("MARK");
        await client.take(4);
        expect(events).to.deep.equal(["MARK"]);
        expect(server.stats().switched).to.deep.equal({ MARK: { open: 1, total: 1 } });
        const closed = nextClosed(server);
        client.end();
        await closed;
        expect(server.stats().switched).to.deep.equal({ MARK: { open: 0, total: 1 } });
      },
      withModules(new Marked("MARK")),
    ));

  it("a module that throws in open: a fault, and this connection alone is destroyed", () =>
    underTest(
      async ({ connect, faults, server }) => {
        const closed = nextClosed(server);
        expect(await (await connect()).send("MARK").gone()).to.equal("");
        await closed;
        expect(faults.map(({ code, module }) => [code, module])).to.deep.equal([["ERR_TURNOUT_MODULE", "Marked"]]);
        await expectOrdinary((await connect()).send(getTwo), "GET /two 0");
      },
      withModules(
        new Marked("MARK", () => {
          throw new Error("no");
        }),
      ),
    ));

  it("a module that sets onData later gets the opening bytes then", () => {
    const [asked, ready] = [gate(), gate()];
    const module = new Marked("MARK", async (transport) => {
      asked.open();
      await ready.opened;
      transport.onData = (chunk) => void transport.write(chunk);
    });
    return underTest(async ({ connect }) => {
      const client = (await connect()).send("MARK");
      await asked.opened;
      await client.sendSegment("and more");
      ready.open();
      expect(await client.take(12)).to.equal("MARKand more");
    }, withModules(module));
  });

  it("a module whose state is there for none: undefined, and neither a receipt nor a deadline for one", () => {
    let seen: unknown[] = [];
    const module = new Marked("MARK", (transport) => {
      seen = [transport.state, transport.token, transport.ended, transport.peer.address, transport.secure];
      transport.onData = (chunk) => void transport.write(chunk);
    });
    return underTest(
      async ({ connect, server }) => {
        const client = (await connect()).send("MARK");
        await client.take(4);
        await new Promise((resolve) => setTimeout(resolve, 100));
        client.send("ping");
        expect(await client.take(4)).to.equal("ping");
        expect([seen, server.stats().unanswered]).to.deep.equal([[undefined, "MARK", false, "127.0.0.1", false], 0]);
      },
      { ...withModules(module), timeouts: { answerMs: 20, headMs: 20 } },
    );
  });
});

describe("a connection that never says what it speaks", () => {
  for (const [what, bytes] of [
    ["nothing", ""],
    ["too little", "MAR"],
  ] as const) {
    it(`${what} until headMs: our side ends without a word, and what still comes is dropped`, () =>
      underTest(
        async ({ connect, server, faults }) => {
          const client = (await connect()).send(bytes);
          expect(await client.rest()).to.equal("");
          const closed = nextClosed(server);
          client.send("K").end();
          expect(await closed).to.equal(undefined);
          const { open, answered, switched, refused } = server.stats();
          expect([open, answered, switched, refused, faults]).to.deep.equal([0, {}, {}, {}, []]);
        },
        { ...withModules(new Marked("MARK")), timeouts: { headMs: 40 } },
      ));

    it(`${what} until headMs, and the client does not end: destroyed after closeMs`, () =>
      underTest(
        async ({ connect, server }) => {
          const closed = nextClosed(server);
          (await connect()).send(bytes);
          expect(codeOf(await closed)).to.equal("ERR_TURNOUT_CLOSE_TIMEOUT");
        },
        { ...withModules(new Marked("MARK")), timeouts: { headMs: 40, closeMs: 40 } },
      ));

    it(`${what}, and the server closes: ended at once`, () =>
      underTest(
        async ({ connect, server }) => {
          const client = await connect();
          await client.sendSegment(bytes);
          const closing = server.close();
          expect(await client.rest()).to.equal("");
          client.end();
          expect((await closing).http).to.deep.equal({ closed: 1, destroyed: 0 });
        },
        withModules(new Marked("MARK")),
      ));

    it(`${what}, and RST: closed`, () =>
      underTest(
        async ({ connect, server, faults }) => {
          const client = await connect();
          await client.sendSegment(bytes);
          const closed = nextClosed(server);
          client.reset();
          await closed;
          expect([server.stats().open, faults]).to.deep.equal([0, []]);
        },
        withModules(new Marked("MARK")),
      ));
  }

  it("RFC 9112 section 9.6: nothing, and FIN: closed without a word", () =>
    underTest(
      async ({ connect, server }) => {
        const closed = nextClosed(server);
        expect(await (await connect()).end().rest()).to.equal("");
        expect(await closed).to.equal(undefined);
      },
      withModules(new Marked("MARK")),
    ));

  it("what might have become another protocol, and FIN, is taken for the HTTP/1.1 that it may be", () =>
    underTest(
      async ({ connect }) => {
        const client = (await connect()).end(getTwo);
        await expectOrdinary(client, "GET /two 0");
        expect(await client.rest()).to.equal("");
      },
      withModules(new Marked(`${getTwo}more`)),
    ));

  it("a module that never decides is not waited for beyond maxEarlyBytes", () =>
    underTest(async ({ connect }) => void (await expectOrdinary((await connect()).send(getTwo), "GET /two 0")), {
      ...withModules(new Marked(`${getTwo}and never more`)),
      limits: { maxEarlyBytes: getTwo.length },
    }));

  it("a module whose detect throws: a fault, this connection ends, and the server goes on", () => {
    const failure = new Error("on purpose");
    class Failing extends Marked {
      override detect(bytes: Buffer): "mine" | "not mine" | "more" {
        if (bytes.toString("latin1") === "FAIL") {
          throw failure;
        }
        return super.detect(bytes);
      }
    }
    return underTest(
      async ({ connect, faults, server }) => {
        const closed = nextClosed(server);
        expect(await (await connect()).send("FAIL").gone()).to.equal("");
        await closed;
        expect(faults.map(({ code, cause, module }) => [code, cause, module])).to.deep.equal([
          ["ERR_TURNOUT_MODULE", failure, "Failing"],
        ]);
        await expectOrdinary((await connect()).send(getTwo), "GET /two 0");
      },
      withModules(new Failing("MARK")),
    );
  });
});
