import { expect } from "chai";
import { createServer } from "turnout";
import { EchoProtocol } from "turnout/echo";
import type { Case, Verdict } from "../../../lib/cli/probe/case.ts";
import { allCases } from "../../../lib/cli/probe/cases.ts";
import { type Outcome, type RunBounds, run } from "../../../lib/cli/probe/runner.ts";
import { targetOf } from "../../../lib/cli/probe/target.ts";
import { type BadServer, type Behaviour, badServers, behaving } from "../../support/bad-servers.ts";

const bounds: RunBounds = { timeoutMs: 10_000, maxBytes: 100_000, connections: 4, totalMs: 60_000 };
/** For servers that answer, and then let everybody wait. */
const patient: RunBounds = { ...bounds, timeoutMs: 1_000 };
/** For servers that let everybody wait. */
const soon: RunBounds = { ...bounds, timeoutMs: 50 };

async function probing(
  port: number,
  given = bounds,
  webSocketPath?: string,
  cases = allCases,
): Promise<readonly Outcome[]> {
  const target = targetOf(`http://127.0.0.1:${port}/`, webSocketPath)!;
  const { outcomes, cutShort } = await run(cases, target, "127.0.0.1", given);
  expect(cutShort).to.equal(false);
  return outcomes;
}

function casesOf(...ids: readonly string[]): readonly Case[] {
  return allCases.filter(({ id }) => ids.includes(id));
}

/** What the tried cases came to, with the reasons. */
function told(outcomes: readonly Outcome[]): string[] {
  return [
    ...new Set(outcomes.filter(({ seen }) => seen !== undefined).map(({ verdict, reason }) => `${verdict}: ${reason}`)),
  ];
}

function verdictOf(outcomes: readonly Outcome[], id: string): Verdict {
  return outcomes.find((outcome) => outcome.case.id === id)!.verdict;
}

/** No server here does anything that is right. */
function nothingIsOk(name: BadServer, reason: string, given = bounds): void {
  it(`${name}: ${reason}`, () =>
    behaving(badServers[name], async (port) => {
      const outcomes = await probing(port, given, "/ws");
      expect(outcomes).to.have.length(allCases.length);
      expect(outcomes.filter(({ verdict }) => verdict === "ok")).to.deep.equal([]);
      expect(outcomes[0]).to.include({ verdict: "fails", reason });
      for (const { seen } of outcomes) {
        expect(seen!.received.length).to.be.at.most(given.maxBytes);
      }
    }));
}

describe("turnout probe against bad servers", function () {
  this.timeout(30_000);

  nothingIsOk("switchesAlways", '101 to "websocket", which was not offered (RFC 9110 section 7.8)', patient);
  nothingIsOk("hangs", "no answer came in time", soon);
  nothingIsOk("closesAtOnce", "the connection was closed without an answer");
  nothingIsOk("resets", "the connection was reset without an answer");
  nothingIsOk("garbage", 'what came is no HTTP answer: "\\x1b[31m\\x07220 ESMTP\\r\\n"');
  nothingIsOk("endlessInterim", "an answer without end");
  nothingIsOk("endlessHead", `what came is no HTTP answer: "HTTP/1.1 200 OK\\r\\nX: y\\r\\nX"...`);

  it("closesUnanswered: where a message has to be refused, that is nearly as good", () =>
    behaving(badServers.closesUnanswered, async (port) => {
      const outcomes = await probing(port, bounds, "/ws");
      expect(verdictOf(outcomes, "unasked")).to.equal("fails");
      expect(verdictOf(outcomes, "two-hosts")).to.equal("warning");
      expect(verdictOf(outcomes, "ws-no-key")).to.equal("warning");
      expect(verdictOf(outcomes, "bare-cr")).to.equal("not applicable");
    }));

  it("answersTwice: it fails in what is answered once", () =>
    behaving(badServers.answersTwice, async (port) => {
      const cases = casesOf("unasked", "unknown", "behind-get", "two-lengths", "h2c-curl");
      const outcomes = await probing(port, patient, undefined, cases);
      expect(outcomes[0]).to.include({ verdict: "fails", reason: "it is answered twice" });
      expect(outcomes.map(({ verdict }) => verdict)).to.deep.equal(cases.map(() => "fails"));
    }));

  for (const name of ["endlessContent", "endlessChunks"] as const) {
    it(`${name}: it is answered, and no more is read than is needed`, () =>
      behaving(badServers[name], async (port) => {
        const outcomes = await probing(port);
        expect(outcomes[0]).to.include({ verdict: "ok", reason: "200" });
        expect(verdictOf(outcomes, "behind-get")).to.equal("ok");
        for (const { seen } of outcomes) {
          expect(seen?.received.length ?? 0).to.be.at.most(bounds.maxBytes);
        }
      }));
  }

  it("neverCloses: that the time ends it takes nothing from an answer", () =>
    behaving(badServers.neverCloses, async (port) => {
      const outcomes = await probing(port, patient, undefined, casesOf("unasked", "unknown"));
      expect(outcomes.map(({ verdict }) => verdict)).to.deep.equal(["ok", "ok"]);
      expect(outcomes[0]!.seen!.ended).to.equal("time");
    }));

  it("a server that is gone after its first connection", async () => {
    let port = 0;
    await behaving(badServers.hangs, async (free) => {
      port = free;
    });
    expect(told(await probing(port))).to.deep.equal(["fails: the server cannot be connected to any more"]);
  });

  it("nothing is begun once the time is over", async () => {
    const target = targetOf("http://127.0.0.1:1/")!;
    const { outcomes, cutShort } = await run(allCases, target, "127.0.0.1", { ...soon, totalMs: -1 });
    expect(cutShort).to.equal(true);
    expect(outcomes.map(({ verdict, seen }) => [verdict, seen])).to.deep.equal(
      allCases.map(() => ["not applicable", undefined]),
    );
  });

  it("content that 100-continue stands before is sent at last, where no 100 comes", () =>
    behaving(badServers.waitsForContent, async (port) => {
      const outcomes = await probing(port, patient, undefined, casesOf("expect", "h2c-expect"));
      expect(told(outcomes)).to.deep.equal(["ok: 200, as without Upgrade"]);
    }));

  it("a connection for each case, few at one time, and one for what several are compared with", async () => {
    let open = 0;
    let most = 0;
    let all = 0;
    const counting: Behaviour = (socket) => {
      all++;
      most = Math.max(most, ++open);
      socket.on("close", () => open--);
      badServers.closesUnanswered(socket);
    };
    await behaving(counting, async (port) => {
      const outcomes = await probing(port, { ...bounds, connections: 1 });
      // The end of one connection may be told here behind the beginning of the next.
      expect(most).to.be.at.most(2);
      const tried = outcomes.filter(({ seen }) => seen !== undefined).length;
      expect(all).to.be.within(tried + 2, 2 * tried - 2);
    });
  });
});

describe("turnout probe against Turnout", () => {
  it("a server that has no use for WebSocket and HTTP/2 fails nothing", async () => {
    const server = createServer({ protocols: [new EchoProtocol()], respond: () => ({ body: "hi\n" }) });
    const address = await server.listen({ port: 0, host: "127.0.0.1" });
    try {
      const outcomes = await probing((address as { port: number }).port);
      const others = outcomes.filter(({ verdict }) => verdict !== "ok").map((outcome) => outcome.case.id);
      const asked = allCases.filter(({ needsWebSocket }) => needsWebSocket).map(({ id }) => id);
      expect(others).to.deep.equal(["required", ...asked]);
      expect(told(outcomes)).to.include("not applicable: 200, no 426");
    } finally {
      await server.close();
    }
  });
});
