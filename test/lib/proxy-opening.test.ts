import { once } from "node:events";
import { rmSync } from "node:fs";
import { type AddressInfo, connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { duplexPair } from "node:stream";
import { expect } from "chai";
import { createServer, type HttpRequest, type PeerError, type ResponseLike, type ServerOptions } from "turnout";
import { EchoProtocol } from "turnout/echo";
import { Http2Protocol } from "turnout/http2";
import { WebSocketProtocol } from "turnout/websocket";
import { deliveries } from "../support/cuts.ts";
import { deliver } from "../support/every-delivery.ts";
import { expectOrdinary, getTwo, nextClosed, underTest, upgradeTo } from "../support/exchanges.ts";
import { codeOf } from "../support/failures.ts";
import { servingBehind, tcpFront } from "../support/fronts.ts";
import { clientPreface, pseudoFields, requestOn, settingsFrame } from "../support/http2-frames.ts";
import { Http2Raw, h2cUpgrade, openHttp2 } from "../support/http2-raw.ts";
import { LineProtocol } from "../support/modules.ts";
import { checksummed, tcp4Line, tlv, tlvType, unixAddress, version2 } from "../support/proxy-headers.ts";
import { RawClient } from "../support/raw-client.ts";
import { servingTls } from "../support/tls-serving.ts";
import { clientFrame, opcode, openWebSocket, takeFrame } from "../support/websocket-frames.ts";

/** Who has asked, as the application sees it. */
function describePeer({ target, peer, secure }: HttpRequest): ResponseLike {
  const { address, port, proxy } = peer;
  const said = proxy === undefined ? "no proxy" : `${proxy.version} ${proxy.command} ${proxy.authority}`;
  return { body: `${target} ${address} ${port} ${secure} ${said}\n` };
}

const trusting: ServerOptions = {
  proxy: { from: ["127.0.0.1"] },
  protocols: [new EchoProtocol()],
  respond: describePeer,
};

/** The client of {@link tcp4Line}, by what the application says of it. */
const behindLine = (target: string): string => `${target} 192.0.2.1 56324 false 1 PROXY undefined`;

const named = version2({ tlvs: [tlv(tlvType.authority, "example.org")] });

/** Tells of the transport that it gets. */
const telling = (token: string): LineProtocol =>
  new LineProtocol([token], {
    takeOver: (request, transport) =>
      transport.answer(`${request.peer.address} ${transport.peer.address} ${transport.peer.proxy?.authority}\r\n`),
  });

describe("a connection from a trusted proxy", () => {
  for (const [title, header, line] of [
    ["version 1", Buffer.from(tcp4Line), behindLine("/two")],
    ["version 2", named, "/two 192.0.2.1 56324 false 2 PROXY example.org"],
  ] as const) {
    it(`${title}, glued to a request and cut anywhere: the client's address instead of the proxy's`, () =>
      servingBehind(tcpFront, trusting, async ({ connect, sockets, server, faults }) => {
        for (const { how, pieces } of deliveries(Buffer.concat([header, Buffer.from(getTwo)]))) {
          const client = await connect();
          await deliver(client, sockets.at(-1)!, pieces);
          expect((await client.response()).body, how).to.equal(`${line}\n`);
          client.stream.destroy();
        }
        expect([server.stats().refused, faults]).to.deep.equal([{}, []]);
      }));
  }

  it("the header alone, and every request behind it, pipelined or later", () =>
    underTest(async ({ connect }) => {
      const client = await connect();
      await client.sendSegment(tcp4Line);
      client.send(getTwo + getTwo);
      await expectOrdinary(client, behindLine("/two"));
      await expectOrdinary(client, behindLine("/two"));
      await expectOrdinary(client.send(getTwo), behindLine("/two"));
    }, trusting));

  it("a second header is no header, but a malformed request", () =>
    underTest(async ({ connect, server }) => {
      const client = (await connect()).send(tcp4Line + tcp4Line);
      expect((await client.response()).status).to.equal(400);
      expect(server.stats().refused).to.deep.equal({ ERR_TURNOUT_TARGET: 1 });
    }, trusting));

  for (const [what, header] of [
    ["UNKNOWN", Buffer.from("PROXY UNKNOWN 192.0.2.1 198.51.100.2 1 2\r\n")],
    ["UNSPEC", version2({ family: 0, block: Buffer.alloc(0) })],
    ["LOCAL", version2({ command: 0x20 })],
  ] as const) {
    it(`sections 2.1 and 2.2: ${what}: the connection's own address stays`, () =>
      underTest(async ({ connect }) => {
        const client = (await connect()).send(Buffer.concat([header, Buffer.from(getTwo)]));
        const { localPort } = client.socket;
        const { body } = await client.response();
        expect(body).to.match(new RegExp(`^/two 127\\.0\\.0\\.1 ${localPort} false \\d (PROXY|LOCAL) undefined\n$`));
      }, trusting));
  }

  it("UNIX: a client with a path has no address", () =>
    underTest(
      async ({ connect }) => {
        const block = Buffer.concat([unixAddress("/run/client"), unixAddress("/run/proxy")]);
        const client = (await connect()).send(version2({ family: 0x31, block })).send(getTwo);
        expect((await client.response()).body).to.equal("undefined undefined /run/client\n");
      },
      {
        ...trusting,
        respond: ({ peer }) => ({ body: `${peer.address} ${peer.port} ${peer.proxy?.source?.address}\n` }),
      },
    ));

  it("a health check: LOCAL, HTTP/1.0 without Host, and a reset; nothing is reported", () =>
    underTest(async ({ connect, server, faults }) => {
      const client = (await connect()).send(version2({ command: 0x20, family: 0, block: Buffer.alloc(0) }));
      const { status, body } = await client.send("GET /healthz HTTP/1.0\r\n\r\n").response();
      expect([status, body.startsWith("/healthz 127.0.0.1 ")]).to.deep.equal([200, true]);
      const closed = nextClosed(server);
      client.reset();
      await closed;
      expect([server.stats().refused, faults]).to.deep.equal([{}, []]);
    }, trusting));
});

describe("what a PROXY header says, behind what the connection is switched to", () => {
  it("an Upgrade: the transport's peer", () =>
    underTest(
      async ({ connect }) => {
        const client = (await connect()).send(Buffer.concat([named, Buffer.from(upgradeTo("own/1"))]));
        await client.takeUntil("\r\n\r\n");
        expect(await client.takeUntil("\r\n")).to.equal("192.0.2.1 192.0.2.1 example.org\r\n");
      },
      { ...trusting, protocols: [telling("own/1")] },
    ));

  it("prior knowledge of HTTP/2, cut anywhere: the peer of every stream", () =>
    servingBehind(
      tcpFront,
      { ...trusting, protocols: [new Http2Protocol()] },
      async ({ connect, sockets, server, faults }) => {
        for (const { how, pieces } of deliveries(Buffer.concat([named, Buffer.from(clientPreface)]))) {
          const client = await connect();
          await deliver(client, sockets.at(-1)!, pieces);
          const http2 = new Http2Raw(client).send(settingsFrame(), requestOn(1, pseudoFields("/a")), requestOn(3));
          expect((await http2.answerOn(1)).body, how).to.equal("/a 192.0.2.1 56324 false 2 PROXY example.org\n");
          expect((await http2.answerOn(3)).body, how).to.equal("/x 192.0.2.1 56324 false 2 PROXY example.org\n");
          client.stream.destroy();
        }
        expect([server.stats().refused, faults]).to.deep.equal([{}, []]);
      },
    ));

  it("TLS, and inside it HTTP/1.1, HTTP/2 and a WebSocket", () => {
    const webSocket = new WebSocketProtocol({
      message: (socket) => socket.send(`${socket.request.peer.address} ${socket.request.peer.proxy?.authority}`),
    });
    const protocols = [new Http2Protocol(), webSocket];
    return servingTls(
      {},
      async ({ connect, within, faults }) => {
        const secured = async (alpn: string): Promise<RawClient> => {
          const client = (await connect()).send(named);
          return (await within(client, { ALPNProtocols: [alpn] })).client;
        };
        const http1 = (await secured("http/1.1")).send(getTwo);
        await expectOrdinary(http1, "/two 192.0.2.1 56324 true 2 PROXY example.org");
        const http2 = openHttp2(await secured("h2"), requestOn(1));
        expect((await http2.answerOn(1)).body).to.equal("/x 192.0.2.1 56324 true 2 PROXY example.org\n");
        const socket = await secured("http/1.1");
        await openWebSocket(socket);
        socket.send(clientFrame(opcode.text, "who am I?"));
        expect(String((await takeFrame(socket)).payload)).to.equal("192.0.2.1 example.org");
        expect(faults).to.deep.equal([]);
      },
      { ...trusting, protocols },
    );
  });

  it("TLS by Upgrade, and inside it the original request", () =>
    servingTls(
      { upgrade: true, implicit: false },
      async ({ connect, within }) => {
        const client = (await connect()).send(named).send(upgradeTo("TLS/1.2"));
        await client.takeUntil("\r\n\r\n");
        const inside = (await within(client)).client;
        await expectOrdinary(inside, "/x 192.0.2.1 56324 true 2 PROXY example.org");
      },
      trusting,
    ));

  for (const [what, header] of [
    ["a client", named],
    ["the proxy itself", version2({ command: 0x20 })],
  ] as const) {
    it(`RFC 9113 section 3.1: Upgrade to h2c is not taken behind a proxy by default; on behalf of ${what}`, () =>
      underTest(
        async ({ connect }) => {
          const client = (await connect()).send(header).send(h2cUpgrade());
          expect((await client.response()).status).to.equal(200);
        },
        { ...trusting, protocols: [new Http2Protocol()] },
      ));
  }

  it("Upgrade to h2c is taken behind a proxy where it is on", () =>
    underTest(
      async ({ connect }) => {
        const client = (await connect()).send(named).send(h2cUpgrade());
        expect((await client.response()).status).to.equal(101);
        const { body } = await openHttp2(client).answerOn(1);
        expect(body).to.equal("/x 192.0.2.1 56324 false 2 PROXY example.org\n");
      },
      { ...trusting, protocols: [new Http2Protocol({ upgrade: "on" })] },
    ));
});

describe("a connection from a trusted proxy without a header that can be read", () => {
  for (const [what, code, bytes, limits] of [
    ["a request", "ERR_TURNOUT_PROXY_MISSING", Buffer.from(getTwo), {}],
    ["empty lines", "ERR_TURNOUT_PROXY_MISSING", Buffer.from(`\r\n\r\n${getTwo}`), {}],
    ["a TLS handshake", "ERR_TURNOUT_PROXY_MISSING", Buffer.from("1603010005", "hex"), {}],
    ["a malformed line", "ERR_TURNOUT_PROXY_MALFORMED", Buffer.from("PROXY TCP4 a b 1 2\r\n"), {}],
    ["a malformed binary header", "ERR_TURNOUT_PROXY_MALFORMED", version2({ command: 0x2f }), {}],
    ["a header with a wrong checksum", "ERR_TURNOUT_PROXY_CHECKSUM", flipped(checksummed()), {}],
    ["one that is too large", "ERR_TURNOUT_PROXY_TOO_LARGE", version2({ length: 4081 }), {}],
    ["one that is too large for the limit", "ERR_TURNOUT_PROXY_TOO_LARGE", named, { maxProxyHeaderBytes: 20 }],
  ] as const) {
    it(`${what}: closed without a word, and told as ${code}`, () =>
      underTest(
        async ({ connect, server, faults }) => {
          const refused = once(server, "refused");
          const closed = nextClosed(server);
          const client = await connect();
          await client.sendSegment(bytes);
          await client.sendSegment(getTwo);
          expect(await client.gone()).to.equal("");
          await closed;
          const [error] = (await refused) as [PeerError];
          expect(error).to.include({ name: "PeerError", code, status: 0 });
          const { open, answered, refused: counted } = server.stats();
          expect([open, answered, counted, faults]).to.deep.equal([0, {}, { [code]: 1 }, []]);
        },
        { ...trusting, limits },
      ));
  }

  for (const bytes of ["", "PROXY TCP4 192.0.2.1", "\r\n\r\n"]) {
    it(`${JSON.stringify(bytes)} until headMs: closed, and told`, () =>
      underTest(
        async ({ connect, server }) => {
          const closed = nextClosed(server);
          const client = (await connect()).send(bytes);
          expect(await client.gone()).to.equal("");
          await closed;
          expect(server.stats().refused).to.deep.equal({ ERR_TURNOUT_PROXY_TIMEOUT: 1 });
        },
        { ...trusting, timeouts: { headMs: 40 } },
      ));

    it(`${JSON.stringify(bytes)}, and the server closes: ended at once, and nothing is told`, () =>
      underTest(async ({ connect, server }) => {
        const client = await connect();
        await client.sendSegment(bytes);
        const closing = server.close();
        expect(await client.rest()).to.equal("");
        client.end();
        expect((await closing).http).to.deep.equal({ closed: 1, destroyed: 0 });
        expect(server.stats().refused).to.deep.equal({});
      }, trusting));
  }

  it("a header that is cut off by FIN: closed, and told", () =>
    underTest(async ({ connect, server }) => {
      const closed = nextClosed(server);
      expect(await (await connect()).end("PROXY TCP4").gone()).to.equal("");
      await closed;
      expect(server.stats().refused).to.deep.equal({ ERR_TURNOUT_PROXY_MALFORMED: 1 });
    }, trusting));

  it("nothing, and FIN or RST, as a check of the port does it: nothing is told", () =>
    underTest(async ({ connect, server, faults }) => {
      for (const leave of [(client: RawClient) => client.end(), (client: RawClient) => client.reset()]) {
        const client = await connect();
        const closed = nextClosed(server);
        leave(client);
        await closed;
      }
      expect([server.stats().open, server.stats().refused, faults]).to.deep.equal([0, {}, []]);
    }, trusting));

  it("after headMs for the header the request has its own", () =>
    underTest(
      async ({ connect }) => {
        const client = (await connect()).send(tcp4Line).send("GET");
        expect((await client.response()).status).to.equal(408);
      },
      { ...trusting, timeouts: { headMs: 40 } },
    ));
});

describe("a connection from somebody who is not trusted", () => {
  const others: ServerOptions = { ...trusting, proxy: { from: ["127.0.0.9", "unix"] } };

  for (const [what, bytes, code] of [
    ["version 1", tcp4Line, "ERR_TURNOUT_TARGET"],
    ["version 2", named.toString("latin1"), "ERR_TURNOUT_METHOD"],
  ] as const) {
    it(`a header of ${what} is not read, but a malformed request: 400`, () =>
      underTest(async ({ connect, server }) => {
        const client = (await connect()).send(bytes + getTwo);
        expect((await client.response()).status).to.equal(400);
        expect(server.stats().refused).to.deep.equal({ [code]: 1 });
      }, others));
  }

  it("is served as it comes, by its own address", () =>
    underTest(async ({ connect }) => {
      const client = (await connect()).send(getTwo);
      const { localPort } = client.socket;
      await expectOrdinary(client, `/two 127.0.0.1 ${localPort} false no proxy`);
    }, others));

  it("nobody is trusted unless the server says so", () =>
    underTest(async ({ connect }) => {
      const client = (await connect()).send(tcp4Line + getTwo);
      expect((await client.response()).status).to.equal(400);
    }));

  it("a stream that is no socket comes from nobody", async () => {
    const server = createServer({ ...trusting, proxy: { from: ["unix", "0.0.0.0/0", "::/0"] } });
    const [near, far] = duplexPair();
    server.accept(far);
    await expectOrdinary(new RawClient(near).send(getTwo), "/two undefined undefined false no proxy");
    await server.close({ graceMs: 0 });
  });
});

describe("a server that trusts some", () => {
  it("on a socket of UNIX", async function () {
    if (process.platform === "win32") {
      this.skip();
    }
    const path = join(tmpdir(), `turnout-proxy-${process.pid}.sock`);
    rmSync(path, { force: true });
    const server = createServer({ ...trusting, proxy: { from: ["unix"] } });
    try {
      await server.listen({ path });
      const client = new RawClient(connectSocket({ path }));
      await expectOrdinary(client.send(tcp4Line + getTwo), behindLine("/two"));
      const refused = once(server, "refused");
      new RawClient(connectSocket({ path })).send(getTwo);
      expect(codeOf((await refused)[0])).to.equal("ERR_TURNOUT_PROXY_MISSING");
    } finally {
      await server.close({ graceMs: 0 });
    }
  });

  it("hears of an IPv4 proxy on a socket of IPv6", async function () {
    const server = createServer(trusting);
    try {
      const { port } = (await server.listen({ port: 0, host: "::" }).catch(() => this.skip())) as AddressInfo;
      const client = await RawClient.connect(port);
      await expectOrdinary(client.send(tcp4Line + getTwo), behindLine("/two"));
    } finally {
      await server.close({ graceMs: 0 });
    }
  });
});

function flipped(bytes: Buffer): Buffer {
  bytes[20]! ^= 1;
  return bytes;
}
