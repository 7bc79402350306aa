import { expect } from "chai";
import { expectOrdinary, gate, getTwo, upgradeTo } from "../../support/exchanges.ts";
import { codeOf, rejectionOf } from "../../support/failures.ts";
import { byUpgrade, servingTls, tlsHead } from "../../support/tls-serving.ts";
import { openWebSocket } from "../../support/websocket-frames.ts";

describe("TlsProtocol: the server closes", () => {
  it("an idle connection inside is closed, and counted as one of HTTP/1.1", () =>
    servingTls({}, async ({ secure, server }) => {
      const { client } = await secure();
      await expectOrdinary(client.send(getTwo), "GET /two 0");
      const report = server.close();
      expect(await client.rest()).to.equal("");
      client.end();
      const { http, switched } = await report;
      expect({ http, switched }).to.deep.equal({ http: { closed: 1, destroyed: 0 }, switched: {} });
    }));

  it("a request under way is answered first", () => {
    const begun = gate();
    const go = gate();
    return servingTls(
      {},
      async ({ secure, server }) => {
        const { client } = await secure();
        client.send(getTwo);
        await begun.opened;
        const report = server.close();
        go.open();
        const response = await client.response();
        expect([response.body, response.field("connection")]).to.deep.equal(["slow\n", "close"]);
        expect(await client.rest()).to.equal("");
        client.end();
        expect((await report).http).to.deep.equal({ closed: 1, destroyed: 0 });
      },
      {
        respond: async () => {
          begun.open();
          await go.opened;
          return { body: "slow\n" };
        },
      },
    );
  });

  it("a WebSocket inside is told 1001", () =>
    servingTls({}, async ({ secure, server }) => {
      const { client } = await secure();
      await openWebSocket(client);
      const report = server.close();
      expect((await client.take(4)).slice(2)).to.equal("\x03\xe9");
      client.stream.destroy();
      expect((await report).switched).to.have.keys("websocket");
    }));

  it("a handshake under way is not waited for long", () =>
    servingTls({}, async ({ connect, server, faults }) => {
      const client = await connect();
      await client.sendSegment("\x16\x03\x01\x02\x00\x01");
      const { http, switched } = await server.close({ graceMs: 60_000 });
      expect(http).to.deep.equal({ closed: 0, destroyed: 0 });
      expect(switched).to.have.keys("TLS");
      expect(await client.gone()).to.equal("");
      expect(faults).to.deep.equal([]);
      expect(server.stats().open).to.equal(0);
    }));

  for (const [what, bytes] of [
    ["no byte", ""],
    ["half", "\x16\x03\x01\x02\x00\x01"],
  ] as const) {
    it(`a handshake of which ${what} has come behind the 101 is not waited for long`, () =>
      servingTls(byUpgrade, async ({ connect, server, faults }) => {
        const client = (await connect()).send(upgradeTo("TLS/1.2"));
        expect(await client.takeUntil("\r\n\r\n")).to.equal(tlsHead());
        await client.sendSegment(bytes);
        const { switched } = await server.close({ graceMs: 60_000 });
        expect(switched).to.have.keys("TLS/1.2");
        expect(await client.gone()).to.equal("");
        expect([server.stats().open, faults]).to.deep.equal([0, []]);
      }));
  }

  it("a handshake that is done behind the 101 while the server closes: the original request is answered inside", () =>
    servingTls(byUpgrade, async ({ connect, within, server, faults }) => {
      const clear = (await connect()).send(upgradeTo("TLS/1.2"));
      expect(await clear.takeUntil("\r\n\r\n")).to.equal(tlsHead());
      const report = server.close({ graceMs: 60_000 });
      const { client } = await within(clear);
      const { body, status } = await client.response();
      expect([status, body]).to.deep.equal([200, "GET /x 0\n"]);
      client.end();
      await report;
      expect(faults).to.deep.equal([]);
    }));

  it("the first byte of a ClientHello has come: closed", () =>
    servingTls({}, async ({ connect, server }) => {
      const client = await connect();
      await client.sendSegment("\x16");
      const report = server.close({ graceMs: 60_000 });
      expect(await client.rest()).to.equal("");
      client.end();
      expect((await report).http).to.deep.equal({ closed: 1, destroyed: 0 });
    }));

  it("what does not end is destroyed at the end of the grace period, and counted once", () =>
    servingTls(
      {},
      async ({ secure, server, closings, told }) => {
        const { client } = await secure();
        client.send(getTwo);
        const other = await secure();
        await openWebSocket(other.client);
        other.client.stream.pause();
        const { http, switched } = await server.close({ graceMs: 50 });
        expect(http).to.deep.equal({ closed: 0, destroyed: 1 });
        expect(switched).to.deep.equal({ websocket: { closed: 0, destroyed: 1 } });
        await closings(2);
        expect(told.filter((what) => what === "closed ERR_TURNOUT_DRAIN_TIMEOUT")).to.have.lengthOf(2);
      },
      { respond: () => new Promise(() => {}) },
    ));

  it("T-63: who comes while it closes is not let in", () =>
    servingTls({}, async ({ secure, server }) => {
      const report = server.close();
      expect(codeOf(await rejectionOf(secure()))).to.equal("ECONNREFUSED");
      await report;
    }));

  it("T-63: an Upgrade to TLS while it closes is refused with 503", () => {
    const begun = gate();
    const go = gate();
    return servingTls(
      byUpgrade,
      async ({ connect, server }) => {
        const client = (await connect()).send(getTwo + upgradeTo("TLS/1.2"));
        await begun.opened;
        const report = server.close();
        go.open();
        expect((await client.response()).field("connection")).to.equal("close");
        expect(await client.end().rest()).to.equal("");
        await report;
      },
      {
        respond: async () => {
          begun.open();
          await go.opened;
          return {};
        },
      },
    );
  });
});
