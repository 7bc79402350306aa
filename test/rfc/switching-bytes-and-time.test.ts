import { once } from "node:events";
import { expect } from "chai";
import { type Decision, decline, type Offer, reject, type ServerOptions, switchTo } from "turnout";
import {
  described,
  describeRequest,
  expectIgnored,
  expectOrdinary,
  expectRefused,
  expectSwitch,
  gate,
  getTwo,
  nextClosed,
  postWithUpgradeTo,
  switchingHead,
  turns,
  underTest,
  upgradeTo,
  withoutDates,
} from "../support/exchanges.ts";
import { servingBehind, tcpFront } from "../support/fronts.ts";
import { answerInALine, LineProtocol } from "../support/modules.ts";

/** A module whose `accept` waits for the test, and what the test needs for that. */
function pendingAccept(decide: () => Decision<undefined>) {
  const [asked, answer] = [gate(), gate()];
  const offers: Offer[] = [];
  const accept = async (offer: Offer): Promise<Decision<undefined>> => {
    offers.push(offer);
    void offer.signal; // asked for while it can still be aborted
    asked.open();
    await answer.opened;
    return decide();
  };
  const protocols = [new LineProtocol(["own/1"], { methods: "*", maxBody: 64, accept })];
  const options: ServerOptions = { protocols, respond: describeRequest };
  return { options, asked: asked.opened, answer: answer.open, offers };
}

/** Bytes of which any that is lost, doubled or displaced shows. */
const numbered = (length: number): string =>
  Array.from({ length: length / 8 }, (_, index) => index.toString(16).padStart(7, "0").concat(" ")).join("");

describe("bytes behind the request while accept is pending", () => {
  it("T-52 RFC 9110 section 7.8: 100 KiB of them come once, in order, and behind the answer", async () => {
    const { options, asked, answer } = pendingAccept(switchTo);
    await underTest(async ({ connect }) => {
      const early = numbered(100 * 1024);
      const client = (await connect()).send(upgradeTo("own/1") + early);
      await asked;
      expect(client.pending).to.equal("");
      answer();
      const output = `${switchingHead("own/1")}own/1 GET /x\r\n${early}`;
      expect((await client.take(output.length)) === output).to.equal(true);
      expect(await client.end().rest()).to.equal("");
    }, options);
  });

  it("T-52 RFC 9110 section 7.8: of 4 MiB only maxEarlyBytes are taken until accept has decided", async () => {
    const maxEarlyBytes = 16_384;
    const { options, asked, answer } = pendingAccept(switchTo);
    await servingBehind(tcpFront, { ...options, limits: { maxEarlyBytes } }, async ({ connect, sockets }) => {
      const client = await connect();
      const held = once(sockets[0]!, "pause");
      const early = numbered(4 * 1024 * 1024);
      client.send(upgradeTo("own/1") + early);
      await Promise.all([asked, held]);
      await turns(10);
      // One read passes the mark, and a paused socket reads on until its own buffer is full.
      const { bytesRead, readableHighWaterMark } = sockets[0]!;
      expect(bytesRead).to.be.below(maxEarlyBytes + readableHighWaterMark + 2 * 65_536);
      answer();
      const output = `${switchingHead("own/1")}own/1 GET /x\r\n${early}`;
      expect((await client.take(output.length)) === output).to.equal(true);
      expect(await client.end().rest()).to.equal("");
    });
  });

  it("T-53 RFC 9931 section 3: after decline they are requests: a good one is answered", async () => {
    const { options, asked, answer } = pendingAccept(decline);
    await underTest(async ({ connect }) => {
      const client = (await connect()).send(upgradeTo("own/1") + getTwo).end();
      await asked;
      answer();
      expect(withoutDates(await client.rest())).to.equal(described("GET /x 0") + described("GET /two 0"));
    }, options);
  });

  it("T-53 RFC 9931 section 3: after decline they are requests: garbage is refused", async () => {
    const { options, asked, answer } = pendingAccept(decline);
    await underTest(async ({ connect, server }) => {
      const client = (await connect()).send(`${upgradeTo("own/1")}\x16\x03\x01\x00\xa5garbage`);
      await asked;
      answer();
      await expectOrdinary(client, "GET /x 0");
      await expectRefused(client, 400);
      expect(server.stats().switched).to.deep.equal({});
    }, options);
  });

  it("T-54 RFC 9931 section 3, RFC 9110 section 7.8: after reject they are nothing: 401 and close", async () => {
    const { options, asked, answer } = pendingAccept(() => reject(401, "no\n"));
    await underTest(async ({ connect, server }) => {
      const client = (await connect()).send(upgradeTo("own/1") + getTwo);
      await asked;
      answer();
      expect((await expectRefused(client, 401)).body).to.equal("no\n");
      expect(server.stats().answered).to.deep.equal({ 401: 1 });
    }, options);
  });

  it("T-54 RFC 9110 section 7.8: reject without any keeps the connection", async () => {
    const { options, asked, answer } = pendingAccept(() => reject(401, "no\n"));
    await underTest(async ({ connect }) => {
      const client = (await connect()).send(upgradeTo("own/1"));
      await asked;
      answer();
      const response = await client.response();
      expect([response.status, response.body, ...response.all("connection")]).to.deep.equal([401, "no\n"]);
      await expectOrdinary(client.send(getTwo), "GET /two 0");
    }, options);
  });
});

describe("the client leaves while accept is pending", () => {
  for (const [what, decide] of [
    ["a switch", switchTo],
    ["a decline", decline],
    ["a rejection", () => reject(401)],
    [
      "an error",
      () => {
        throw new Error("too late");
      },
    ],
  ] as const) {
    it(`T-55: RST: the signal is aborted, and ${what} that comes late is dropped`, async () => {
      const { options, asked, answer, offers } = pendingAccept(decide);
      await underTest(async ({ connect, server, faults }) => {
        const client = (await connect()).send(upgradeTo("own/1"));
        await asked;
        const closed = nextClosed(server);
        client.reset();
        const error = await closed;
        expect(error?.code).to.equal("ERR_TURNOUT_RESET");
        expect(offers[0]?.signal.aborted).to.equal(true);
        expect(offers[0]?.signal.reason).to.equal(error);
        answer();
        await turns(3);
        const { open, switched, answered } = server.stats();
        expect([open, switched, answered, faults]).to.deep.equal([0, {}, {}, []]);
      }, options);
    });
  }

  it("T-56: FIN: accept may finish, and the module answers and hears of the end", async () => {
    const { options, asked, answer } = pendingAccept(switchTo);
    await servingBehind(tcpFront, options, async ({ connect, sockets, faults }) => {
      const client = await connect();
      const finished = once(sockets[0]!, "end");
      client.send(`${upgradeTo("own/1")}EARLY`).end();
      await Promise.all([asked, finished]);
      answer();
      expect(await client.rest()).to.equal(`${switchingHead("own/1")}own/1 GET /x\r\nEARLY`);
      expect(faults).to.deep.equal([]);
    });
  });

  for (const early of ["", "EARLY"]) {
    it(`T-56: FIN behind ${JSON.stringify(early)} while takeOver is pending: the request is answered all the same`, async () => {
      const answer = gate();
      const module = new LineProtocol(["own/1"], {
        takeOver: async (request, transport) => {
          await answer.opened;
          return answerInALine(request, transport);
        },
      });
      await servingBehind(tcpFront, { protocols: [module] }, async ({ connect, sockets, faults }) => {
        const client = await connect();
        const finished = once(sockets[0]!, "end");
        client.send(upgradeTo("own/1") + early).end();
        await finished;
        await turns(2);
        answer.open();
        expect(await client.rest()).to.equal(`${switchingHead("own/1")}own/1 GET /x\r\n${early}`);
        expect(faults).to.deep.equal([]);
      });
    });
  }

  it("T-56: FIN right behind the head: onEnd comes once, behind the answer", async () => {
    const heard: string[] = [];
    const module = new LineProtocol(["own/1"], {
      takeOver: (request, transport) => {
        const receipt = answerInALine(request, transport);
        transport.onEnd = () => {
          heard.push("end");
          transport.write("bye\r\n");
        };
        transport.onClose = (error) => heard.push(`close ${error}`);
        return receipt;
      },
    });
    await underTest(
      async ({ connect, server }) => {
        const closed = nextClosed(server);
        const client = (await connect()).send(upgradeTo("own/1")).end();
        expect(await client.rest()).to.equal(`${switchingHead("own/1")}own/1 GET /x\r\nbye\r\n`);
        await closed;
        expect(heard).to.deep.equal(["end", "close undefined"]);
      },
      { protocols: [module] },
    );
  });
});

describe("accept fails", () => {
  for (const [what, request] of [
    ["", upgradeTo("own/1")],
    [", with content that is there", postWithUpgradeTo("own/1", "Content-Length: 5", "HELLO")],
    [", with content that is promised", postWithUpgradeTo("own/1", "Content-Length: 5")],
    [", with chunked content", postWithUpgradeTo("own/1", "Transfer-Encoding: chunked")],
  ] as const) {
    it(`T-57: it never settles${what}: 503 when acceptMs is over, and a late decision is dropped`, async () => {
      const { options, asked, answer, offers } = pendingAccept(switchTo);
      await underTest(
        async ({ connect, faults, server }) => {
          const client = (await connect()).send(request);
          await asked;
          await expectRefused(client, 503);
          expect(faults.map(({ code, module }) => [code, module])).to.deep.equal([
            ["ERR_TURNOUT_ACCEPT_TIMEOUT", "LineProtocol"],
          ]);
          expect(offers[0]?.signal.reason).to.equal(faults[0]);
          answer();
          await turns(3);
          expect(server.stats().switched).to.deep.equal({});
        },
        { ...options, timeouts: { acceptMs: 50 } },
      );
    });
  }

  const failure = new Error("on purpose");
  for (const [how, accept] of [
    [
      "throws",
      () => {
        throw failure;
      },
    ],
    ["rejects", () => Promise.reject(failure)],
  ] as const) {
    it(`T-58: it ${how}: 500 over HTTP/1.1, the connection stays, and the module is named`, () =>
      underTest(
        async ({ connect, faults }) => {
          const client = (await connect()).send(upgradeTo("own/1"));
          expect((await client.response()).status).to.equal(500);
          expect(faults.map(({ code, module, cause }) => [code, module, cause])).to.deep.equal([
            ["ERR_TURNOUT_MODULE", "LineProtocol", failure],
          ]);
          await expectOrdinary(client.send(getTwo), "GET /two 0");
        },
        { protocols: [new LineProtocol(["own/1"], { accept })], respond: describeRequest },
      ));
  }

  it("T-58: what is no decision is an error of the module, too", () =>
    underTest(
      async ({ connect, faults }) => {
        const client = (await connect()).send(upgradeTo("own/1"));
        expect((await client.response()).status).to.equal(500);
        expect(faults[0]?.cause).to.have.property("code", "ERR_TURNOUT_DECISION");
      },
      { protocols: [new LineProtocol(["own/1"], { accept: () => undefined as unknown as Decision<undefined> })] },
    ));

  it("T-58: an offer that one module declines is the next one's", () =>
    underTest(
      async ({ connect }) => {
        await expectSwitch((await connect()).send(upgradeTo("no/1, own/1")), "own/1", "own/1 GET /x\r\n");
        await expectIgnored((await connect()).send(upgradeTo("no/1")));
      },
      {
        respond: describeRequest,
        protocols: [
          new LineProtocol(["no/1"], { accept: async () => decline() }),
          new LineProtocol(["own/1"], { accept: async () => switchTo() }),
        ],
      },
    ));
});
