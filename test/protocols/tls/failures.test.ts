import { expect } from "chai";
import { expectOrdinary, getTwo, turns, upgradeTo } from "../../support/exchanges.ts";
import { failureOf } from "../../support/failures.ts";
import { CutWire, certificate, certificateOf, servingTls } from "../../support/tls-serving.ts";

const anyOf = { rejectUnauthorized: false };
describe("TlsProtocol: what fails", () => {
  for (const [when, before] of [
    ["before the first connection", false],
    ["behind the first connection", true],
  ] as const) {
    it(`setSecureContext with what is no certificate, ${when}: throws, and the old one stays`, () =>
      servingTls({}, async ({ secure, protocol, faults }) => {
        if (before) {
          await secure(anyOf);
        }
        expect(failureOf(() => protocol.setSecureContext({ cert: "none", key: "none" }))).to.be.instanceOf(Error);
        const { client, tls } = await secure(anyOf);
        expect(certificateOf(tls)).to.equal(certificate.cert);
        await expectOrdinary(client.send(getTwo), "GET /two 0");
        expect(faults).to.deep.equal([]);
      }));
  }

  it("whoever gives up the handshake is to blame for it: the server itself is no peer", () =>
    servingTls({}, async ({ connect, server }) => {
      const client = await connect();
      await client.sendSegment("\x16\x03\x01\x02\x00\x01");
      await server.close();
      await turns(5);
      expect(server.stats().refused).to.deep.equal({});
    }));

  it("a handshake that the client ends is told of before the connection's close", () =>
    servingTls({}, async ({ connect, closings, told }) => {
      (await connect()).send("\x16\x03\x01\x02\x00\x01").end();
      await closings(1);
      await turns(5);
      expect(told).to.deep.equal(["opened TLS", "refused ERR_TURNOUT_TLS_HANDSHAKE", "closed"]);
    }));

  for (const [what, begin, answer] of [
    ["between two requests", getTwo, "GET /two 0\n"],
    ["in echo/1, which has no deadline", upgradeTo("echo/1"), "GET /x\r\n"],
  ] as const) {
    it(`RFC 8446 section 6.2: a broken record ${what} ends the connection, without a word in clear text`, () =>
      servingTls({}, async ({ connect, within, closings, told, server, faults }) => {
        const wire = await connect();
        const { client } = await within({ stream: new CutWire(wire, (flight) => [flight]) });
        await client.send(begin).takeUntil(answer);
        wire.send(getTwo.repeat(1000)); // as TLS reads it, its first record is 8 kB long
        expect(await client.gone()).to.equal("");
        await closings(1);
        expect(told.at(-1)).to.equal("closed ERR_TURNOUT_RESET");
        expect(server.stats().open).to.equal(0);
        expect(faults).to.deep.equal([]);
      }));
  }
});
