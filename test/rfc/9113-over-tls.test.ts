import { expect } from "chai";
import { deliveries } from "../support/cuts.ts";
import { expectIgnored } from "../support/exchanges.ts";
import { clientOpening, requestOn } from "../support/http2-frames.ts";
import { Http2Raw, h2cUpgrade } from "../support/http2-raw.ts";
import { byUpgrade, servingTls } from "../support/tls-serving.ts";

const opening = Buffer.concat([clientOpening, requestOn(1)]);

describe("RFC 9113 section 3: HTTP/2 and TLS", () => {
  for (const [what, protocols] of [
    ["without ALPN", undefined],
    ["where ALPN has agreed on http/1.1", ["http/1.1"]],
    ["where ALPN has agreed on h2", ["h2"]],
  ] as const) {
    it(`T-71 RFC 9113 section 3.1: Upgrade to h2c inside TLS, ${what}: served as HTTP/1.1, and the connection stays`, () =>
      servingTls({}, async ({ secure, server, faults }) => {
        const { client } = await secure(protocols === undefined ? {} : { ALPNProtocols: [...protocols] });
        await expectIgnored(client.send(h2cUpgrade()));
        expect([server.stats().switched, faults]).to.deep.equal([{ TLS: { open: 1, total: 1 } }, []]);
      }));
  }

  it("T-71 RFC 9113 section 3.1: Upgrade to h2c inside TLS that was upgraded to", () =>
    servingTls(byUpgrade, async ({ upgraded, server }) => {
      const { client } = await upgraded(
        "GET /first HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n",
      );
      expect((await client.response()).body).to.equal("GET /first 0\n");
      await expectIgnored(client.send(h2cUpgrade()));
      expect(server.stats().switched).to.have.all.keys("TLS/1.2");
    }));

  for (const [what, protocols] of [
    ["without ALPN", undefined],
    ["where ALPN has agreed on http/1.1", ["http/1.1"]],
  ] as const) {
    it(`T-73 RFC 9113 section 3.3: the preface inside TLS ${what}: no request of HTTP/1.1 is like that, however it is cut`, () =>
      servingTls({}, async ({ secure, server }) => {
        for (const { how, pieces } of deliveries(opening.subarray(0, 24))) {
          const { client } = await secure(protocols === undefined ? {} : { ALPNProtocols: [...protocols] });
          for (const piece of pieces) {
            await client.sendSegment(piece);
          }
          const { status } = await client.response();
          expect([status, await client.rest()], how).to.deep.equal([400, ""]);
        }
        expect(server.stats().switched).to.have.all.keys("TLS");
      })).timeout(20_000);
  }

  it("RFC 9113 section 3.2: the preface inside TLS where ALPN has agreed on h2", () =>
    servingTls({}, async ({ secure }) => {
      const { client } = await secure({ ALPNProtocols: ["h2"] });
      expect((await new Http2Raw(client.send(opening)).answerOn(1)).body).to.equal("GET /x 0\n");
    }));

  it("RFC 9113 section 3.3: the preface in clear text, on the same port", () =>
    servingTls({}, async ({ connect }) => {
      const client = (await connect()).send(opening);
      expect((await new Http2Raw(client).answerOn(1)).body).to.equal("GET /x 0\n");
    }));
});
