import { once } from "node:events";
import { expect } from "chai";
import { type Decision, decline, type Offer, reject, type ServerOptions, switchTo, type TransportError } from "turnout";
import {
  described,
  describeRequest,
  expectIgnored,
  expectOrdinary,
  expectRefused,
  expectSwitch,
  gate,
  getTwo,
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
        const closed = once(server, "closed");
        client.reset();
        const [error] = (await closed) as [TransportError | undefined];
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
        const closed = once(server, "closed");
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

describe("the client stops reading during the answer", () => {
  const piece = Buffer.alloc(65_536, "abcdefgh");

  /** A module that sends `total` bytes as fast as it may, and what became of it. */
  function flood(total: number) {
    const seen = { refusals: 0, drains: 0, written: 0, mostBuffered: 0 };
    const refused = gate();
    const module = new LineProtocol(["own/1"], {
      takeOver: (_request, transport) => {
        const go = (): void => {
          while (seen.written < total) {
            seen.written += piece.length;
            const room = transport.write(piece);
            seen.mostBuffered = Math.max(seen.mostBuffered, transport.bufferedBytes);
            if (!room) {
              seen.refusals++;
              refused.open();
              return;
            }
          }
          transport.end();
        };
        transport.onDrain = () => {
          seen.drains++;
          go();
        };
        const receipt = transport.answer("");
        go();
        return receipt;
      },
    });
    return { seen, refused: refused.opened, protocols: [module] };
  }

  it("T-59: write gives false, little is held, and onDrain comes when the client reads on", async () => {
    const total = 128 * piece.length;
    const { seen, refused, protocols } = flood(total);
    await underTest(
      async ({ connect }) => {
        const client = await connect();
        client.stream.pause();
        client.send(upgradeTo("own/1"));
        await refused;
        client.stream.resume();
        expect(await client.takeUntil("\r\n\r\n")).to.equal(switchingHead("own/1"));
        const output = await client.rest();
        expect(output === piece.toString().repeat(128)).to.equal(true);
        expect(seen.refusals).to.be.above(0);
        expect(seen.drains).to.equal(seen.refusals);
        expect(seen.mostBuffered).to.be.below(3 * piece.length);
      },
      { protocols },
    );
  });

  it("T-59: a client that takes nothing for stallMs loses the connection", async () => {
    const { seen, protocols } = flood(1024 * piece.length);
    await underTest(
      async ({ connect, server, faults }) => {
        const client = await connect();
        client.stream.pause();
        const closed = once(server, "closed");
        client.send(upgradeTo("own/1"));
        const [error] = (await closed) as [TransportError | undefined];
        expect(error?.code).to.equal("ERR_TURNOUT_STALLED");
        expect(seen.written).to.be.below(1024 * piece.length);
        expect(seen.mostBuffered).to.be.below(3 * piece.length);
        expect([server.stats().open, faults]).to.deep.equal([0, []]);
      },
      { protocols, timeouts: { stallMs: 100 } },
    );
  });
});
