import { expect } from "chai";
import type { DrainReport } from "turnout";
import { Http2Protocol } from "turnout/http2";
import { deliver } from "../support/every-delivery.ts";
import { describeRequest } from "../support/exchanges.ts";
import { servingBehind, tcpFront } from "../support/fronts.ts";
import { clientOpening, pseudoFields, requestOn, type as types } from "../support/http2-frames.ts";
import { Http2Raw, h2cUpgrade } from "../support/http2-raw.ts";

const behindHttp2 = { protocols: [new Http2Protocol()], respond: describeRequest };

/** The answer on stream 1 with GOAWAY, and then the end. */
async function expectLast(http2: Http2Raw, report: Promise<DrainReport>): Promise<DrainReport> {
  expect((await http2.answerOn(1)).body).to.equal("GET /x 0\n");
  expect(await http2.untilClosed()).to.include("goaway 0");
  http2.client.end();
  return report;
}

describe("RFC 9113 section 6.8: a connection that has just begun when the server closes", () => {
  for (const [what, cut] of [
    ["with its first bytes", 5],
    ["with its preface", 24],
    ["with all but its request", clientOpening.length],
  ] as const) {
    it(`RFC 9113 section 6.8: ${what}: its first request is answered, and then GOAWAY`, () =>
      servingBehind(tcpFront, behindHttp2, async ({ connect, server, sockets }) => {
        const client = await connect();
        await deliver(client, sockets[0]!, [clientOpening.subarray(0, cut)]);
        const report = server.close();
        client.send(Buffer.concat([clientOpening.subarray(cut), requestOn(1)]));
        await expectLast(new Http2Raw(client), report);
        expect(server.stats().answered).to.deep.equal({ 200: 1 });
      }));
  }

  it("RFC 9113 section 6.8: its second request is not", () =>
    servingBehind(tcpFront, behindHttp2, async ({ connect, server, sockets }) => {
      const client = await connect();
      await deliver(client, sockets[0]!, [clientOpening]);
      const report = server.close();
      const http2 = new Http2Raw(client.send(requestOn(1)));
      await http2.until(({ type }) => type === types.goaway);
      http2.send(requestOn(3, pseudoFields("/late")));
      await http2.untilClosed();
      client.end();
      await report;
      expect(server.stats().answered).to.deep.equal({ 200: 1 });
    }));

  it("RFC 9113 section 6.8: one that asks for nothing is told GOAWAY, and not waited for long", () =>
    servingBehind(tcpFront, behindHttp2, async ({ connect, server, sockets }) => {
      const client = await connect();
      await deliver(client, sockets[0]!, [clientOpening]);
      const report = server.close({ graceMs: 60_000 });
      expect(await new Http2Raw(client).untilClosed()).to.include("goaway 0");
      client.end();
      expect((await report).switched).to.deep.equal({ h2: { closed: 1, destroyed: 0 } });
    }));

  it("RFC 7540 section 3.2: the preface behind the 101 is still awaited: the original request is answered, and then GOAWAY", () =>
    servingBehind(tcpFront, behindHttp2, async ({ connect, server }) => {
      const client = (await connect()).send(h2cUpgrade());
      expect((await client.response()).status).to.equal(101);
      const report = server.close({ graceMs: 60_000 });
      const { switched } = await expectLast(new Http2Raw(client.send(clientOpening)), report);
      expect(switched).to.deep.equal({ h2c: { closed: 1, destroyed: 0 } });
    }));

  for (const [what, bytes] of [
    ["no preface", ""],
    ["half of a preface", clientOpening.subarray(0, 12)],
  ] as const) {
    it(`RFC 7540 section 3.2: ${what} comes behind the 101: not waited for long, and nobody's fault`, () =>
      servingBehind(
        tcpFront,
        { ...behindHttp2, protocols: [new Http2Protocol({ timeouts: { prefaceMs: 60_000 } })] },
        async ({ connect, server, faults }) => {
          const client = (await connect()).send(h2cUpgrade());
          expect((await client.response()).status).to.equal(101);
          await client.sendSegment(bytes);
          const { switched } = await server.close({ graceMs: 60_000 });
          expect(switched).to.have.all.keys("h2c");
          expect(await client.gone()).to.equal("");
          expect([server.stats().refused, faults]).to.deep.equal([{}, []]);
        },
      ));
  }
});
