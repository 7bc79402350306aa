import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { expect } from "chai";
import { createServer, type Server, type ServerOptions, switchTo } from "turnout";
import { EchoProtocol } from "turnout/echo";
import {
  describeRequest,
  expectOrdinary,
  expectRefused,
  expectSwitch,
  gate,
  getTwo,
  nextClosed,
  optionsUnderTest,
  switchingHead,
  turns,
  underTest,
  upgradeTo,
} from "../support/exchanges.ts";
import { answerInALine, foo, goingAway, LineProtocol } from "../support/modules.ts";
import { fuzzSeed, Random } from "../support/random.ts";
import type { RawClient } from "../support/raw-client.ts";

/** Resolves when `server` has reported that `count` connections are closed. */
async function closings(server: Server, count: number): Promise<void> {
  const { opened, open } = gate();
  let left = count;
  server.on("closed", () => {
    left--;
    if (left === 0) {
      open();
    }
  });
  await opened;
}

describe("the client ends after the switch", () => {
  it("T-61: the server ends, too, behind what it still had to send, and the socket is free", () =>
    underTest(async ({ connect, server, faults }) => {
      const client = (await connect()).send(upgradeTo("echo/1"));
      await expectSwitch(client, "echo/1", "GET /x\r\n");
      const closed = nextClosed(server);
      expect(await client.send("last").end().rest()).to.equal("last");
      expect(await closed).to.equal(undefined);
      const { open, switched } = server.stats();
      expect([open, switched, faults]).to.deep.equal([0, { "echo/1": { open: 0, total: 1 } }, []]);
    }));

  it('T-61: with halfClose "manual" the module may go on writing, and ends when it likes', async () => {
    const [heard, goOn] = [gate(), gate()];
    const module = new LineProtocol(["own/1"], {
      halfClose: "manual",
      takeOver: (request, transport) => {
        transport.onEnd = async () => {
          heard.open();
          await goOn.opened;
          transport.write("still here\r\n");
          transport.end("bye\r\n");
        };
        return answerInALine(request, transport);
      },
    });
    await underTest(
      async ({ connect, server }) => {
        const client = (await connect()).send(upgradeTo("own/1"));
        await expectSwitch(client, "own/1", "own/1 GET /x\r\n");
        const closed = nextClosed(server);
        client.end();
        await heard.opened;
        expect([client.pending, server.stats().open]).to.deep.equal(["", 1]);
        goOn.open();
        expect(await client.rest()).to.equal("still here\r\nbye\r\n");
        expect(await closed).to.equal(undefined);
        expect(server.stats().open).to.equal(0);
      },
      { protocols: [module] },
    );
  });
});

/** The server under test, and `/slow`, which waits for the test. */
function withSlow(options: ServerOptions = {}) {
  const [asked, answer] = [gate(), gate()];
  const slow: ServerOptions = {
    ...optionsUnderTest(),
    respond: async (request) => {
      if (request.path === "/slow") {
        asked.open();
        await answer.opened;
      }
      return describeRequest(request);
    },
    ...options,
  };
  return { options: slow, asked: asked.opened, answer: answer.open };
}

const getSlow = "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n";

/** Ends its side when the server does, as a client that behaves. */
function polite(client: RawClient): RawClient {
  client.stream.once("end", () => client.end());
  return client;
}

describe("the server closes", () => {
  it("T-62 RFC 9112 section 9.6, RFC 6455 section 7.4.1: everything on the port ends in its own way", async () => {
    const { options, asked, answer } = withSlow();
    await underTest(async ({ connect, server, port, faults }) => {
      const [fresh, idle, active, echo, webSocket] = (await Promise.all(
        Array.from({ length: 5 }, async () => polite(await connect())),
      )) as [RawClient, RawClient, RawClient, RawClient, RawClient];
      await expectOrdinary(idle.send(getTwo), "GET /two 0");
      await expectSwitch(echo.send(upgradeTo("echo/1")), "echo/1", "GET /x\r\n");
      await expectSwitch(webSocket.send(upgradeTo("websocket")), "websocket", "");
      active.send(getSlow + getTwo);
      await asked;

      const closing = server.close();
      expect(await fresh.rest()).to.equal("");
      expect(await idle.rest()).to.equal("");
      expect(await echo.rest()).to.equal("");
      expect(await webSocket.rest()).to.equal(Buffer.from(goingAway).toString("latin1"));
      expect(active.pending).to.equal("");
      expect(server.address()).to.equal(undefined);
      const late = connectSocket({ port, host: "127.0.0.1" });
      const [refusal] = (await once(late, "error")) as [NodeJS.ErrnoException];
      expect(refusal.code).to.equal("ECONNREFUSED");
      answer();
      expect((await expectOrdinary(active, "GET /slow 0")).field("connection")).to.equal("close");
      expect(await active.rest()).to.equal("");

      const { http, switched } = await closing;
      expect({ http, switched }).to.deep.equal({
        http: { closed: 3, destroyed: 0 },
        switched: { "echo/1": { closed: 1, destroyed: 0 }, websocket: { closed: 1, destroyed: 0 } },
      });
      expect([server.stats().open, faults]).to.deep.equal([0, []]);
    }, options);
  });

  it("T-62: what is left after drainMs is destroyed, and the promise resolves", async () => {
    const stubborn = new LineProtocol(["own/1"], { drain: () => {} });
    const { options, asked } = withSlow({ protocols: [stubborn], timeouts: { drainMs: 50 } });
    await underTest(async ({ connect, server }) => {
      const [switched, active] = [await connect(), await connect()];
      await expectSwitch(switched.send(upgradeTo("own/1")), "own/1", "own/1 GET /x\r\n");
      active.send(getSlow);
      await asked;
      const report = await server.close();
      expect([report.http, report.switched]).to.deep.equal([
        { closed: 0, destroyed: 1 },
        { "own/1": { closed: 0, destroyed: 1 } },
      ]);
      expect([await switched.gone(), await active.gone(), server.stats().open]).to.deep.equal(["", "", 0]);
    }, options);
  });

  it("T-62: drain waits until the request is answered", async () => {
    const [taken, answer] = [gate(), gate()];
    const module = new LineProtocol(["own/1"], {
      takeOver: async (request, transport) => {
        taken.open();
        await answer.opened;
        return answerInALine(request, transport);
      },
    });
    await underTest(
      async ({ connect, server }) => {
        const client = polite(await connect()).send(upgradeTo("own/1"));
        await taken.opened;
        const closing = server.close();
        answer.open();
        expect(await client.rest()).to.equal(`${switchingHead("own/1")}own/1 GET /x\r\n`);
        expect((await closing).switched).to.deep.equal({ "own/1": { closed: 1, destroyed: 0 } });
      },
      { protocols: [module] },
    );
  });

  it("T-63: an upgrade that arrives while draining: 503 and close, no 101, and no module is asked", async () => {
    const offered: string[] = [];
    const module = new LineProtocol(["own/1"], {
      accept: ({ token }) => {
        offered.push(token);
        return switchTo();
      },
    });
    await underTest(
      async ({ connect, server }) => {
        const upgrade = upgradeTo("own/1");
        const client = polite(await connect()).send(getTwo + upgrade.slice(0, 20));
        await expectOrdinary(client, "GET /two 0"); // and so the part behind it has been read
        const closing = server.close();
        await expectRefused(client.send(upgrade.slice(20) + getTwo), 503);
        await closing;
        expect([offered, server.stats().switched]).to.deep.equal([[], {}]);
      },
      { protocols: [module] },
    );
  });

  it("T-63: an offer that would not be taken is answered, and the connection closed", () =>
    underTest(async ({ connect, server }) => {
      const upgrade = upgradeTo("nope/1");
      const client = polite(await connect()).send(getTwo + upgrade.slice(0, 20));
      await expectOrdinary(client, "GET /two 0");
      const closing = server.close();
      client.send(upgrade.slice(20));
      expect((await expectOrdinary(client, "GET /x 0")).field("connection")).to.equal("close");
      expect(await client.rest()).to.equal("");
      await closing;
    }));

  it("T-63: a switch that accept decides on while draining does not happen either", async () => {
    const [asked, answer] = [gate(), gate()];
    const module = new LineProtocol(["own/1"], {
      accept: async () => {
        asked.open();
        await answer.opened;
        return switchTo();
      },
    });
    await underTest(
      async ({ connect, server }) => {
        const client = polite(await connect()).send(upgradeTo("own/1"));
        await asked.opened;
        const closing = server.close();
        answer.open();
        await expectRefused(client, 503);
        await closing;
        expect(server.stats().switched).to.deep.equal({});
      },
      { protocols: [module] },
    );
  });
});

describe("tokens", () => {
  for (const other of ["echo/1", "ECHO/1"]) {
    it(`T-64: two modules with one token, the second spelt ${other}: an error at registration`, () => {
      expect(() => createServer({ protocols: [new EchoProtocol(), foo(), new LineProtocol(["bar", other])] }))
        .to.throw(/EchoProtocol/)
        .with.property("code", "ERR_TURNOUT_TOKEN_TAKEN");
    });
  }

  it("T-64 RFC 9110 section 7.8: versions have case, and another version is another token", () => {
    createServer({ protocols: [new LineProtocol(["own/a"]), new LineProtocol(["own/A"]), new LineProtocol(["own"])] });
  });

  for (const token of ["", "ec ho", "echo/", "/1", "echo/1/2", "echo,1", "écho"]) {
    it(`T-64 RFC 9110 section 7.8: ${JSON.stringify(token)} is no token`, () => {
      expect(() => createServer({ protocols: [new LineProtocol([token])] }))
        .to.throw()
        .with.property("code", "ERR_TURNOUT_TOKEN");
    });
  }
});

/** What keeps the process alive, by kind. */
function activeResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

describe("resets", () => {
  it("T-65: 1,000 switches, each reset somewhere, leave no socket, no timer and no error behind", async function () {
    this.timeout(20_000);
    const seed = fuzzSeed();
    const random = new Random(seed);
    await turns(3); // what earlier tests have closed
    const before = activeResources();
    const requests = ["echo/1", "foo/2", "websocket"].map((token) => `${upgradeTo(token)}${"0123456789".repeat(8)}`);
    await underTest(async ({ connect, server, faults }) => {
      const all = closings(server, 1000);
      const one = async (): Promise<void> => {
        const request = random.pick(requests);
        const cut = 1 + random.below(request.length);
        const client = (await connect()).send(request.slice(0, cut));
        if (random.oneIn(2) && cut > request.length - 80) {
          await client.takeUntil("\r\n\r\n");
        }
        client.reset();
      };
      for (let round = 0; round < 40; round++) {
        await Promise.all(Array.from({ length: 25 }, one));
      }
      await all;
      const { open, accepted, switched } = server.stats();
      const context = `TURNOUT_SEED=${seed}`;
      expect([open, accepted], context).to.deep.equal([0, 1000]);
      expect(faults, context).to.deep.equal([]);
      expect(Object.keys(switched), context).to.have.members(["echo/1", "foo/2", "websocket"]);
      for (const count of Object.values(switched)) {
        expect(count.open, context).to.equal(0);
        expect(count.total, context).to.be.above(0);
      }
    });
    await turns(3);
    for (const [name, count] of activeResources()) {
      expect(count, `${name}, TURNOUT_SEED=${seed}`).to.be.at.most(before.get(name) ?? 0);
    }
  });
});
