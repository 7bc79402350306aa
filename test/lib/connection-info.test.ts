import { once } from "node:events";
import { duplexPair } from "node:stream";
import { expect } from "chai";
import type { ConnectionInfo, Server } from "turnout";
import {
  expectOrdinary,
  getTwo,
  nextClosed,
  optionsUnderTest,
  switchingHead,
  underTest,
  upgradeTo,
} from "../support/exchanges.ts";
import { upgradeToHttp2 } from "../support/http2-raw.ts";
import { ask, servingHttp2 } from "../support/http2-serving.ts";
import { echoingOverHttp2 } from "../support/http2-web-sockets.ts";
import { tcp4Line } from "../support/proxy-headers.ts";
import { RawClient } from "../support/raw-client.ts";
import { byUpgrade, servingTls } from "../support/tls-serving.ts";

/** What is said of the only connection. */
function only(server: Server): ConnectionInfo {
  const [first, ...others] = server.connections();
  expect(others).to.deep.equal([]);
  return first!;
}

describe("server.connections()", () => {
  it("is empty where there is none, and again when all are closed", () =>
    underTest(async ({ connect, server }) => {
      expect(server.connections()).to.deep.equal([]);
      const client = await connect();
      await expectOrdinary(client.send(getTwo), "GET /two 0");
      expect(server.connections()).to.have.length(1);
      const closed = nextClosed(server);
      client.end();
      await closed;
      expect(server.connections()).to.deep.equal([]);
    }));

  it("of HTTP/1.1: who it is, what came and went, and how many requests", () =>
    underTest(async ({ connect, server }) => {
      const client = await connect();
      await expectOrdinary(client.send(getTwo), "GET /two 0");
      await expectOrdinary(client.send(getTwo), "GET /two 0");
      const { ageMs, ...info } = only(server);
      expect(ageMs).to.be.a("number").that.is.at.least(0);
      expect(info).to.deep.equal({
        id: 1,
        within: undefined,
        peer: { address: "127.0.0.1", port: client.socket.localPort },
        secure: false,
        track: ["HTTP/1.1"],
        protocol: "HTTP/1.1",
        phase: "head",
        bytesRead: 2 * getTwo.length,
        bytesWritten: client.socket.bytesRead,
        requests: 2,
      });
    }));

  it("switched: the track has both, and requests are no longer counted", () =>
    underTest(async ({ connect, server }) => {
      const client = (await connect()).send(upgradeTo("tea/9, ECHO/1"));
      await client.takeUntil("GET /x\r\n");
      expect(only(server)).to.deep.include({
        track: ["HTTP/1.1", "echo/1"],
        protocol: "echo/1",
        phase: "switched",
        requests: undefined,
      });
    }));

  it("ids go up, also past connections that are gone; the oldest comes first", () =>
    underTest(async ({ connect, server }) => {
      const clients = [await connect(), await connect(), await connect()];
      for (const client of clients) {
        await expectOrdinary(client.send(getTwo), "GET /two 0");
      }
      const closed = nextClosed(server);
      clients[1]!.end();
      await closed;
      await expectOrdinary((await connect()).send(getTwo), "GET /two 0");
      expect(server.connections().map(({ id }) => id)).to.deep.equal([1, 3, 4]);
    }));

  it("a list of what was spoken is shared, and cannot be changed", () =>
    underTest(async ({ connect, server }) => {
      for (const client of [await connect(), await connect()]) {
        await client.send(upgradeTo("echo/1")).takeUntil("GET /x\r\n");
      }
      const [first, second] = server.connections();
      expect(first!.track).to.equal(second!.track);
      expect(first!.track).to.satisfy(Object.isFrozen);
    }));

  it("a connection that is told goodbye still shows what it spoke", () =>
    underTest(async ({ connect, server }) => {
      const client = (await connect()).send("GET / HTTP/1.1\r\n\r\n");
      await client.rest();
      expect(only(server)).to.include({ phase: "lingering", protocol: "HTTP/1.1" });
    }));

  it("of a stream in memory: no peer, and no bytes, which nobody counts", () =>
    underTest(async ({ server }) => {
      const [near, far] = duplexPair();
      server.accept(far);
      await expectOrdinary(new RawClient(near).send(getTwo), "GET /two 0");
      expect(only(server)).to.deep.include({
        peer: { address: undefined, port: undefined },
        bytesRead: 0,
        bytesWritten: 0,
      });
      near.destroy();
    }));

  it("from a trusted proxy: the client's address; nothing is spoken before the proxy's header", () =>
    underTest(
      async ({ connect, server }) => {
        const client = await connect();
        await client.sendSegment(tcp4Line.slice(0, 9));
        while (server.connections()[0]?.bytesRead !== 9) {
          await new Promise(setImmediate);
        }
        expect(only(server)).to.deep.include({ track: [], protocol: undefined });
        expect(only(server).peer.address).to.equal("127.0.0.1");
        await expectOrdinary(client.send(tcp4Line.slice(9) + getTwo), "GET /two 0");
        expect(only(server)).to.deep.include({ track: ["HTTP/1.1"], requests: 1 });
        expect(only(server).peer.address).to.equal("192.0.2.1");
      },
      { proxy: { from: ["127.0.0.1"] } },
    ));

  it("HTTP/2 with prior knowledge: nothing is known before its preface, and then only that", () =>
    servingHttp2(async ({ connect, server, session }) => {
      const client = await connect();
      await client.sendSegment("PRI * HTT");
      while (server.connections()[0]?.bytesRead !== 9) {
        await new Promise(setImmediate);
      }
      expect(only(server)).to.deep.include({ track: [], protocol: undefined, phase: "head", requests: undefined });
      const closed = nextClosed(server);
      client.end();
      await closed;
      await ask(session());
      expect(only(server)).to.deep.include({ id: 2, track: ["h2"], protocol: "h2", phase: "switched" });
    }));

  it("HTTP/2 by Upgrade", () =>
    servingHttp2(async ({ connect, server }) => {
      await upgradeToHttp2(await connect());
      expect(only(server).track).to.deep.equal(["HTTP/1.1", "h2c"]);
    }));

  it("a stream of HTTP/2 that was switched has an entry of its own", () =>
    echoingOverHttp2({}, async ({ session, open, server, closed }) => {
      const http2 = session();
      await ask(http2); // answered at once, without a connection of its own
      const { stream } = await open(http2);
      const [outer, inner] = server.connections();
      expect(outer).to.deep.include({ id: 1, within: undefined, track: ["h2"] });
      expect(inner).to.deep.include({
        id: 2,
        within: 1,
        peer: outer!.peer,
        track: ["h2", "websocket"],
        protocol: "websocket",
        bytesRead: 0,
      });
      expect(server.stats().bytes).to.have.all.keys("h2");
      stream.destroy();
      await closed(1);
      expect(only(server).id).to.equal(1);
    }));

  it("TLS and what it carries are one, and its bytes are those on the wire", () =>
    servingTls({}, async ({ secure, server, closings }) => {
      const { client, tls } = await secure();
      await client.send(upgradeTo("echo/1")).takeUntil("GET /x\r\n");
      const info = only(server);
      expect(info).to.deep.include({
        id: 1,
        within: undefined,
        secure: true,
        track: ["TLS", "HTTP/1.1", "echo/1"],
        protocol: "echo/1",
        phase: "switched",
      });
      expect(info.peer.address).to.equal("127.0.0.1");
      expect(info.bytesRead).to.be.above(tls.bytesWritten);
      tls.destroy();
      await closings(1);
      expect(server.connections()).to.deep.equal([]);
    }));

  it("TLS by Upgrade", () =>
    servingTls(byUpgrade, async ({ upgraded, server }) => {
      const { client } = await upgraded(upgradeTo("TLS/1.2"));
      await client.response();
      expect(only(server)).to.deep.include({ track: ["HTTP/1.1", "TLS/1.2", "HTTP/1.1"], secure: true });
    }));

  it("HTTP/2 inside TLS", () =>
    servingTls({}, async ({ secure, server }) => {
      const { client } = await secure({ ALPNProtocols: ["h2"] });
      client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
      await client.take(9);
      expect(only(server).track).to.deep.equal(["TLS", "h2"]);
    }));
});

describe("bytes in server.stats()", () => {
  it("are HTTP/1.1's until the switch, and the other protocol's from there on", () =>
    underTest(async ({ connect, server }) => {
      const plain = await connect();
      await expectOrdinary(plain.send(getTwo), "GET /two 0");
      const request = upgradeTo("echo/1");
      const client = (await connect()).send(request);
      await client.takeUntil("GET /x\r\n");
      client.send("ping");
      await client.take(4);
      const expected = {
        "HTTP/1.1": { bytesRead: getTwo.length + request.length, bytesWritten: plain.socket.bytesRead },
        "echo/1": { bytesRead: 4, bytesWritten: switchingHead("echo/1").length + "GET /x\r\nping".length },
      };
      expect(server.stats().bytes).to.deep.equal(expected);
      const closed = once(server, "closed");
      await client.end().rest();
      await closed;
      expect(server.stats().bytes).to.deep.equal(expected);
      const { bytesRead, bytesWritten } = server.stats();
      expect([bytesRead, bytesWritten]).to.deep.equal([
        getTwo.length + request.length + 4,
        plain.socket.bytesRead + client.socket.bytesRead,
      ]);
    }, optionsUnderTest()));

  it("are each layer's own: TLS has those of HTTP/1.1 inside once more, and the wire has them once", () =>
    servingTls({}, async ({ secure, server, closings }) => {
      const { client, tls } = await secure();
      await client.send(getTwo).response();
      const inside = tls.bytesRead;
      tls.end();
      await closings(1);
      await once(tls, "close");
      const { bytes, bytesRead, bytesWritten } = server.stats();
      expect(bytes["HTTP/1.1"]).to.deep.equal({ bytesRead: getTwo.length, bytesWritten: inside });
      expect(bytes["TLS"]!.bytesRead).to.be.above(getTwo.length);
      expect(bytes["TLS"]).to.deep.equal({ bytesRead, bytesWritten });
    }));
});

describe("handshakes in server.stats()", () => {
  it("are those that ended in a 101; what connections began with has none", () =>
    servingTls({}, async ({ connect, secure, server }) => {
      await (await connect()).send(upgradeTo("echo/1")).takeUntil("GET /x\r\n");
      await (await secure()).client.send(upgradeTo("websocket")).response();
      const { handshakes, switched } = server.stats();
      expect(switched).to.include.all.keys("TLS", "echo/1");
      expect(handshakes).to.have.all.keys("echo/1");
      expect(handshakes["echo/1"]!.count).to.equal(1);
      expect(handshakes["echo/1"]!.sumMs).to.be.above(0);
    }));
});
