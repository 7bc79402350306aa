import { once } from "node:events";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { expect } from "chai";
import { type HttpRequest, TransportError } from "turnout";
import { expectOrdinary, gate, getTwo, turns } from "../../support/exchanges.ts";
import type { RawClient } from "../../support/raw-client.ts";
import { CutWire, servingTls, type TlsServing } from "../../support/tls-serving.ts";
import { openWebSocket } from "../../support/websocket-frames.ts";

/** A client inside TLS whose TCP connection can be reset. */
async function overWire(
  { connect, within }: TlsServing,
  options: ConnectionOptions = {},
): Promise<{ readonly wire: RawClient; readonly client: RawClient }> {
  const wire = await connect();
  const { client } = await within({ stream: new CutWire(wire, (flight) => [flight]) }, options);
  return { wire, client };
}

describe("TlsProtocol: a client that goes away", () => {
  for (const [phase, bytes] of [
    ["behind the first byte", "\x16"],
    ["behind the second byte", "\x16\x03"],
    ["within the record's header", "\x16\x03\x01\x02"],
    ["within the ClientHello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  ] as const) {
    for (const [how, leave] of [
      ["reset", (client: RawClient) => client.reset()],
      ["destroyed", (client: RawClient) => client.stream.destroy()],
    ] as const) {
      it(`${phase}, ${how}: one connection closed, and none open`, () =>
        servingTls({}, async ({ connect, closings, server, told, faults }) => {
          const client = await connect();
          await client.sendSegment(bytes);
          leave(client);
          await closings(1);
          await turns(5);
          expect(told.filter((what) => what.startsWith("closed"))).to.have.lengthOf(1);
          expect(server.stats().open).to.equal(0);
          expect(Object.values(server.stats().switched).map(({ open }) => open)).to.not.include(1);
          expect(faults).to.deep.equal([]);
        }));
    }
  }

  it("reset within the handshake, at each flight", () =>
    servingTls({}, async ({ port, connect, closings, server, faults }) => {
      for (const flights of [1, 2]) {
        const wire = await connect();
        const cut = new CutWire(wire, (flight) => [flight]);
        const tls = connectTls({ socket: cut, rejectUnauthorized: false });
        tls.on("error", () => {});
        if (flights === 1) {
          await once(cut, "data");
        } else {
          await once(tls, "secureConnect");
        }
        wire.reset();
        await closings(flights);
      }
      void port;
      expect(server.stats().open).to.equal(0);
      expect(faults).to.deep.equal([]);
    }));

  it("reset while idle inside: told with its error", () =>
    servingTls({}, async (serving) => {
      const { wire, client } = await overWire(serving);
      await expectOrdinary(client.send(getTwo), "GET /two 0");
      wire.reset();
      await serving.closings(1);
      await turns(5);
      expect(serving.told).to.deep.equal(["opened TLS", "answered GET /two 200 inside", "closed ERR_TURNOUT_RESET"]);
      expect(serving.server.stats()).to.deep.include({ open: 0, switched: { TLS: { open: 0, total: 1 } } });
    }));

  it("reset while it is answered: the application hears of it", () => {
    const begun = gate();
    const aborted = gate();
    let reason: unknown;
    const respond = ({ signal }: HttpRequest): Promise<never> =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          reason = signal.reason;
          aborted.open();
          reject(signal.reason as Error);
        });
        begun.open();
      });
    return servingTls(
      {},
      async (serving) => {
        const { wire, client } = await overWire(serving);
        client.send(getTwo);
        await begun.opened;
        await turns(5); // Node takes a reset within the turn in which it reads for an end
        wire.reset();
        await aborted.opened;
        expect(reason).to.be.instanceOf(TransportError);
        await serving.closings(1);
        expect(serving.server.stats()).to.deep.include({ open: 0, answered: {} });
      },
      { respond },
    );
  });

  it("reset in a WebSocket inside", () =>
    servingTls({}, async (serving) => {
      const { wire, client } = await overWire(serving);
      await openWebSocket(client);
      wire.reset();
      await serving.closings(1);
      await turns(5);
      expect(serving.told.at(-1)).to.equal("closed ERR_TURNOUT_RESET");
      expect(serving.server.stats().open).to.equal(0);
      expect(serving.faults).to.deep.equal([]);
    }));

  it("reset in an HTTP/2 connection inside", () =>
    servingTls({}, async (serving) => {
      const { wire, client } = await overWire(serving, { ALPNProtocols: ["h2"] });
      client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
      await client.take(9);
      wire.reset();
      await serving.closings(1);
      await turns(5);
      expect(serving.server.stats()).to.deep.include({
        open: 0,
        switched: { TLS: { open: 0, total: 1 }, h2: { open: 0, total: 1 } },
      });
      expect(serving.faults).to.deep.equal([]);
    }));

  it("the end of TCP without TLS's own: no error is lost, nothing stays open", () =>
    servingTls({}, async (serving) => {
      const { wire, client } = await overWire(serving);
      await expectOrdinary(client.send(getTwo), "GET /two 0");
      wire.end();
      await serving.closings(1);
      expect(serving.server.stats().open).to.equal(0);
    }));

  it("T-61: a request, and the client's end right behind it: answered", () =>
    servingTls({}, async ({ secure }) => {
      const { client } = await secure();
      await expectOrdinary(client.send(getTwo).end(), "GET /two 0");
      expect(await client.rest()).to.equal("");
    }));

  it("an idle connection inside is closed in time", () =>
    servingTls(
      {},
      async ({ secure, closings }) => {
        const { client } = await secure();
        await expectOrdinary(client.send(getTwo), "GET /two 0");
        expect(await client.rest()).to.equal("");
        client.end();
        await closings(1);
      },
      { timeouts: { keepAliveMs: 20 } },
    ));

  it("a client that handshakes and says nothing is closed in time", () =>
    servingTls(
      {},
      async ({ secure, closings, told }) => {
        const { client } = await secure();
        expect(await client.rest()).to.equal("");
        client.end();
        await closings(1);
        expect(told).to.deep.equal(["opened TLS", "closed"]);
      },
      { timeouts: { headMs: 50 } },
    ));

  it("a client that stalls in the handshake is told of with its code", () =>
    servingTls({ handshakeTimeout: 30 }, async ({ connect, closings, told, server }) => {
      const client = (await connect()).send("\x16\x03\x01\x02\x00\x01");
      expect(await client.gone()).to.equal("");
      await closings(1);
      expect(told).to.deep.equal(["opened TLS", "refused ERR_TURNOUT_TLS_HANDSHAKE", "closed"]);
      expect(server.stats()).to.deep.include({ open: 0, refused: { ERR_TURNOUT_TLS_HANDSHAKE: 1 } });
    }));

  it("T-65: 1,000 handshakes begun and reset: nothing stays", async function () {
    this.timeout(30_000);
    await servingTls({}, async ({ connect, closings, server, secure, told, faults }) => {
      const hello = Buffer.from("160301020001000001fc0303", "hex");
      for (let count = 0; count < 1000; count++) {
        const client = await connect();
        await client.sendSegment(hello.subarray(0, 2 + (count % (hello.length - 1))));
        client.reset();
      }
      await closings(1000);
      await turns(5);
      expect(told.filter((what) => what.startsWith("closed"))).to.have.lengthOf(1000);
      expect(server.stats()).to.deep.include({ open: 0, accepted: 1000, answered: {} });
      expect(server.stats().switched["TLS"]!.open).to.equal(0);
      expect(faults).to.deep.equal([]);
      await expectOrdinary((await secure()).client.send(getTwo), "GET /two 0");
    });
  });
});
