import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { Http2Protocol } from "turnout/http2";
import { deliveries } from "../../support/cuts.ts";
import { describeRequest, expectOrdinary, expectSwitch, getTwo, turns, upgradeTo } from "../../support/exchanges.ts";
import { codeOf, rejectionOf } from "../../support/failures.ts";
import { CutWire, certificate, servingTls, shortHello, type TlsServing } from "../../support/tls-serving.ts";
import { clientFrame, closeFrame, inWords, opcode, openWebSocket, takeFrame } from "../../support/websocket-frames.ts";

/** One request over HTTP/2, on a session of its own that TLS has agreed on. */
async function overHttp2({ port }: TlsServing, path: string): Promise<{ status: unknown; body: string }> {
  const session: ClientHttp2Session = connectHttp2(`https://localhost:${port}`, { ca: certificate.cert });
  try {
    await once(session, "connect");
    expect(session.alpnProtocol).to.equal("h2");
    const stream = session.request({ ":path": path });
    const [headers] = await once(stream, "response");
    return { status: headers[":status"], body: await text(stream) };
  } finally {
    session.destroy();
  }
}

describe("TlsProtocol: a connection that begins with TLS", () => {
  it("HTTP/1.1 inside, several requests, and what the server tells", () =>
    servingTls({}, async ({ secure, told, server, closings, faults }) => {
      const { client } = await secure();
      client.send(getTwo + upgradeTo("nope/1"));
      await expectOrdinary(client, "GET /two 0");
      await expectOrdinary(client, "GET /x 0");
      client.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nHELLO");
      await expectOrdinary(client, "POST /p 5");
      expect(server.stats()).to.deep.include({
        open: 1,
        accepted: 1,
        answered: { 200: 3 },
        switched: { TLS: { open: 1, total: 1 } },
      });
      expect(await client.end().rest()).to.equal("");
      await closings(1);
      expect(told).to.deep.equal([
        "opened TLS",
        "answered GET /two 200 inside",
        "answered GET /x 200 inside",
        "answered POST /p 200 inside",
        "closed",
      ]);
      expect(server.stats().open).to.equal(0);
      expect(faults).to.deep.equal([]);
    }));

  it("clear text on the same port", () =>
    servingTls({}, async ({ connect, secure, told }) => {
      const clear = (await connect()).send(getTwo);
      await expectOrdinary(clear, "GET /two 0");
      const { client } = await secure();
      await expectOrdinary(client.send(getTwo), "GET /two 0");
      await expectOrdinary(clear.send(getTwo), "GET /two 0");
      expect(told).to.deep.equal([
        "answered GET /two 200 in clear",
        "opened TLS",
        "answered GET /two 200 inside",
        "answered GET /two 200 in clear",
      ]);
    }));

  it("HTTP/2 inside, by ALPN", () =>
    servingTls({}, async (serving) => {
      expect(await overHttp2(serving, "/x")).to.deep.equal({ status: 200, body: "GET /x 0\n" });
      await serving.closings(1);
      expect(serving.told).to.deep.equal(["opened TLS", "opened h2", "answered GET /x 200 inside", serving.told[3]]);
    }));

  for (const [offered, protocols, agreed] of [
    ["h2, http/1.1", ["h2", "http/1.1"], "h2"],
    ["http/1.1, h2", ["http/1.1", "h2"], "h2"],
    ["http/1.1", ["http/1.1"], "http/1.1"],
    ["foo, http/1.1", ["foo", "http/1.1"], "http/1.1"],
    ["nothing", undefined, false],
  ] as const) {
    it(`RFC 7301 section 3.2: the client offers ${offered}: ${agreed || "nothing is agreed on"}`, () =>
      servingTls({}, async ({ secure }) => {
        const { tls, client } = await secure(protocols === undefined ? {} : { ALPNProtocols: [...protocols] });
        expect(tls.alpnProtocol).to.equal(agreed);
        if (agreed !== "h2") {
          await expectOrdinary(client.send(getTwo), "GET /two 0");
        }
      }));
  }

  it("RFC 7301 section 3.2: nothing in common is no_application_protocol", () =>
    servingTls({}, async ({ secure, closings, told, server }) => {
      const error = await rejectionOf(secure({ ALPNProtocols: ["foo"] }));
      expect(codeOf(error)).to.match(/ALERT_NO_APPLICATION_PROTOCOL$/);
      await closings(1);
      expect(told.slice(0, 2)).to.deep.equal(["opened TLS", "refused ERR_TURNOUT_TLS_HANDSHAKE"]);
      expect(server.stats().answered).to.deep.equal({});
    }));

  it("without HTTP/2, ALPN has http/1.1 only", () =>
    servingTls(
      {},
      async ({ secure }) => {
        const { tls, client } = await secure({ ALPNProtocols: ["h2", "http/1.1"] });
        expect(tls.alpnProtocol).to.equal("http/1.1");
        await expectOrdinary(client.send(getTwo), "GET /two 0");
      },
      { protocols: [] },
    ));

  it("one module for two servers: each offers what it speaks itself", () =>
    servingTls({}, ({ protocol, secure }) =>
      servingTls(
        {},
        async () => {
          const { tls } = await secure({ ALPNProtocols: ["h2", "http/1.1"] });
          expect(tls.alpnProtocol).to.equal("h2");
          void protocol;
        },
        { protocols: [new Http2Protocol()] },
      ),
    ));

  it("an Upgrade inside, and a WebSocket", () =>
    servingTls({}, async ({ secure }) => {
      const { client: echo } = await secure();
      await expectSwitch(echo.send(upgradeTo("echo/1")), "echo/1", "GET /x\r\n");
      const { client } = await secure();
      await openWebSocket(client);
      client.send(clientFrame(opcode.binary, Uint8Array.of(0, 255)));
      expect(inWords(await takeFrame(client))).to.equal("binary 00ff");
      client.send(closeFrame(4000, "x"));
      expect(inWords(await takeFrame(client))).to.match(/^close 4000/);
    }));

  it("RFC 9113 section 3.1: h2c is ignored inside", () =>
    servingTls({}, async ({ secure }) => {
      const { client } = await secure();
      client.send(
        "GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\n\r\n",
      );
      await expectOrdinary(client, "GET /x 0");
    }));

  it("1 MiB in both directions, of which the answer is a stream", () =>
    servingTls(
      {},
      async ({ secure }) => {
        const { client } = await secure();
        const content = "0123456789abcdef".repeat(65_536);
        client.send(`POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: ${content.length}\r\n\r\n${content}`);
        expect((await client.response()).body === content).to.equal(true);
        await expectOrdinary(client.send(getTwo), "GET /two 0");
      },
      {
        respond: (request) => (request.method === "POST" ? { body: request.body } : describeRequest(request)),
      },
    ));

  it("the peer's address, and that it is TLS", () =>
    servingTls(
      {},
      async ({ secure }) => {
        const { client, tls } = await secure();
        expect((await client.send(getTwo).response()).body).to.equal(`127.0.0.1 ${tls.localPort} true`);
      },
      { respond: ({ peer, secure }) => ({ body: `${peer.address} ${peer.port} ${secure}` }) },
    ));

  it("the ClientHello cut anywhere, and a request inside", async function () {
    this.timeout(20_000);
    await servingTls({}, async ({ connect, within, server }) => {
      let places = 1;
      for (let at = 0; at < places; at++) {
        const wire = new CutWire(await connect(), (flight) => {
          const all = [...deliveries(flight)];
          places = all.length;
          return all[at]!.pieces;
        });
        const { client } = await within({ stream: wire }, shortHello);
        await expectOrdinary(client.send(getTwo), "GET /two 0");
        client.stream.destroy();
      }
      expect(places).to.be.greaterThan(50);
      expect(server.stats().refused).to.deep.equal({});
    });
  });

  it("a ClientHello of TLS 1.3 byte by byte", async function () {
    this.timeout(20_000);
    await servingTls({}, async ({ connect, within }) => {
      const wire = new CutWire(await connect(), (flight) => [...deliveries(flight)].at(-1)!.pieces);
      const { client, tls } = await within({ stream: wire });
      expect(tls.getProtocol()).to.equal("TLSv1.3");
      await expectOrdinary(client.send(getTwo), "GET /two 0");
    });
  });

  for (const [what, bytes] of [
    ["zeros", "\0".repeat(64)],
    ["a length beyond all records", "\x01\xff\xff"],
    ["text", "01GET / HTTP/1.1\r\nHost: h\r\n\r\n"],
    ["SSL 3.0's version and nothing more", "\x00"],
    ["a ClientHello that is cut off", "\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  ] as const) {
    it(`0x16 0x03 and then ${what}: no HTTP, and closed`, () =>
      servingTls({}, async ({ connect, closings, told, server, faults }) => {
        const client = (await connect()).send(`\x16\x03${bytes}`).end();
        expect(await client.gone()).to.match(/^(?:\x15\x03[\s\S]{5})?$/);
        await closings(1);
        await turns(5);
        expect(told.toSorted()).to.deep.equal(["closed", "opened TLS", "refused ERR_TURNOUT_TLS_HANDSHAKE"]);
        expect(server.stats()).to.deep.include({ open: 0, answered: {} });
        expect(faults).to.deep.equal([]);
      }));
  }

  it("0x16 and another byte is a request that is none", () =>
    servingTls({}, async ({ connect }) => {
      const client = (await connect()).send("\x16\x02\r\n\r\n");
      expect((await client.response()).status).to.equal(400);
      expect(await client.rest()).to.equal("");
    }));

  it("0x16 alone, and the end: closed", () =>
    servingTls({}, async ({ connect, closings, server }) => {
      const client = (await connect()).send("\x16").end();
      expect(await client.gone()).to.match(/^(?:HTTP\/1\.1 400 |$)/);
      await closings(1);
      expect(server.stats()).to.deep.include({ open: 0, switched: {} });
    }));

  it("0x16 alone, and nothing more: closed when a head would be late", () =>
    servingTls(
      {},
      async ({ connect, closings }) => {
        const client = (await connect()).send("\x16");
        expect(await client.rest()).to.equal("");
        client.end();
        await closings(1);
      },
      { timeouts: { headMs: 30 } },
    ));

  it("TLS inside TLS: closed", () =>
    servingTls({}, async ({ secure, closings, server, faults }) => {
      const { client } = await secure();
      client.send("\x16\x03\x01\x00\x05HELLO");
      expect(await client.gone()).to.equal("");
      await closings(1);
      expect(server.stats()).to.deep.include({ open: 0, answered: {} });
      expect(faults).to.deep.equal([]);
    }));

  it("with the implicit door closed, 0x16 0x03 is a request that is none", () =>
    servingTls({ implicit: false }, async ({ connect, server }) => {
      const client = (await connect()).send("\x16\x03\x01\x00\x05HELLO\r\n\r\n");
      expect((await client.response()).status).to.equal(400);
      expect(server.stats().switched).to.deep.equal({});
    }));
});
