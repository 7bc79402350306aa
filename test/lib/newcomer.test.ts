import { expect } from "chai";
import type { ServerOptions } from "turnout";
import { Http2Protocol } from "turnout/http2";
import { TlsProtocol } from "turnout/tls";
import { deliver } from "../support/every-delivery.ts";
import { describeRequest, expectOrdinary, getTwo } from "../support/exchanges.ts";
import { type Fronted, servingBehind, tcpFront } from "../support/fronts.ts";
import { LineProtocol } from "../support/modules.ts";
import { tcp4Line } from "../support/proxy-headers.ts";
import type { RawClient } from "../support/raw-client.ts";
import { certificate, servingTls } from "../support/tls-serving.ts";

const kinds: Readonly<Record<string, { readonly options: ServerOptions; readonly before: string }>> = {
  "HTTP/1.1": { options: {}, before: "" },
  "protocols that know their first bytes": {
    options: { protocols: [new TlsProtocol(certificate), new Http2Protocol()] },
    before: "",
  },
  "a trusted proxy, whose header has not come": { options: { proxy: { from: ["127.0.0.1"] } }, before: tcp4Line },
};

/** The last answer on the connection, and then its end. */
async function expectLast(
  client: RawClient,
  { server }: Fronted,
  report: ReturnType<typeof server.close>,
): Promise<void> {
  expect((await expectOrdinary(client, "GET /two 0")).field("connection")).to.equal("close");
  expect(await client.rest()).to.equal("");
  client.end();
  expect((await report).http).to.deep.equal({ closed: 1, destroyed: 0 });
  expect(server.stats().refused).to.deep.equal({});
}

describe("a connection that has been made just before the server closes", () => {
  for (const [title, { options, before }] of Object.entries(kinds)) {
    it(`RFC 9112 section 9.3.1: its request is answered: ${title}`, () =>
      servingBehind(tcpFront, { respond: describeRequest, ...options }, async (fronted) => {
        const client = await fronted.connect();
        const report = fronted.server.close();
        await expectLast(client.send(before + getTwo), fronted, report);
      }));

    it(`RFC 9112 section 9.3.1: its request is answered in whichever pieces it comes: ${title}`, () =>
      servingBehind(tcpFront, { respond: describeRequest, ...options }, async (fronted) => {
        const client = await fronted.connect();
        const bytes = Buffer.from(before + getTwo);
        const socket = fronted.sockets[0]!;
        await deliver(client, socket, [bytes.subarray(0, 2)]);
        const report = fronted.server.close();
        await deliver(client, socket, [bytes.subarray(2, 9), bytes.subarray(9)]);
        await expectLast(client, fronted, report);
      }));

    it(`says nothing: it is ended, and nothing is told: ${title}`, () =>
      servingBehind(tcpFront, { respond: describeRequest, ...options }, async ({ connect, server, faults }) => {
        const client = await connect();
        const report = server.close({ graceMs: 60_000 });
        expect(await client.rest()).to.equal("");
        client.end();
        expect((await report).http).to.deep.equal({ closed: 1, destroyed: 0 });
        expect([server.stats().refused, faults]).to.deep.equal([{}, []]);
      }));
  }

  it("its Upgrade is not taken any more: 503", () =>
    servingBehind(tcpFront, { protocols: [new LineProtocol(["own/1"])] }, async ({ connect, server }) => {
      const client = await connect();
      const report = server.close();
      client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: own/1\r\n\r\n");
      expect((await client.response()).status).to.equal(503);
      client.end();
      await report;
    }));

  it("TLS, of which the server may not have seen the end of the handshake", () =>
    servingTls({}, async ({ secure, server }) => {
      const { client } = await secure();
      const report = server.close();
      expect((await expectOrdinary(client.send(getTwo), "GET /two 0")).field("connection")).to.equal("close");
      client.end();
      const { http, switched } = await report;
      expect(http.closed + (switched["TLS"]?.closed ?? 0)).to.equal(1);
    }));

  it("HTTP/2 that it begins with is told GOAWAY", () =>
    servingBehind(tcpFront, { protocols: [new Http2Protocol()] }, async ({ connect, server, sockets }) => {
      const client = await connect();
      await deliver(client, sockets[0]!, [Buffer.from("PRI *")]);
      const report = server.close();
      client.send(" HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
      expect(await client.takeUntil("\x07\0\0\0\0\0")).to.include("\0\0\x08");
      client.end();
      expect((await report).http).to.deep.equal({ closed: 1, destroyed: 0 }); // what it was when the server closed
    }));

  it("one that has been answered before is idle, and ended at once", () =>
    servingBehind(tcpFront, { respond: describeRequest }, async ({ connect, server }) => {
      const client = await connect();
      await expectOrdinary(client.send(getTwo), "GET /two 0");
      const report = server.close();
      expect(await client.send(getTwo).rest()).to.equal("");
      client.end();
      await report;
      expect(server.stats().answered).to.deep.equal({ 200: 1 });
    }));
});
