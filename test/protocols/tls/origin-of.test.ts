import { once } from "node:events";
import { connect as connectTcp, createServer as createTcpServer, type Socket } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import { connect as connectTls, createServer, type TLSSocket } from "node:tls";
import { expect } from "chai";
import { createServer as createTurnout } from "turnout";
import { Http2Protocol } from "turnout/http2";
import { TlsProtocol } from "turnout/tls";
import { originOf } from "../../../protocols/tls/origin-of.ts";
import { describeRequest, expectOrdinary, getTwo } from "../../support/exchanges.ts";
import { losingNothing } from "../../support/lost-rejections.ts";
import { RawClient } from "../../support/raw-client.ts";
import { certificate } from "../../support/tls-serving.ts";

const trusting = { ca: certificate.cert, servername: "localhost" };

async function socketPair(): Promise<[Socket, Socket]> {
  const listener = createTcpServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const far = connectTcp(listener.address() as { port: number });
  const [near] = (await once(listener, "connection")) as [Socket];
  listener.close();
  return [near, far];
}

const pairs: Readonly<Record<string, () => Promise<[Duplex, Duplex]>>> = {
  "a native socket": socketPair,
  "any Duplex": async () => duplexPair(),
};

describe("originOf", () => {
  for (const [what, pair] of Object.entries(pairs)) {
    it(`knows ${what} of which tls.Server has made a secure one, and one whose handshake fails`, async () => {
      const server = createServer({ ...certificate });
      const [[near, far], [badNear, badFar]] = [await pair(), await pair()];
      const origins: unknown[] = [];
      server.on("secureConnection", (socket) => origins.push(originOf(socket)));
      server.on("tlsClientError", (_error, socket) => origins.push(originOf(socket)));
      server.emit("connection", near);
      const client = connectTls({ socket: far, ...trusting });
      const [secure] = (await once(server, "secureConnection")) as [TLSSocket];
      server.emit("connection", badNear);
      badFar.write("no TLS at all, and long enough to be seen as such");
      const [, broken] = (await once(server, "tlsClientError")) as [Error, TLSSocket];
      expect(origins.map((origin) => [near, badNear].indexOf(origin as Duplex))).to.deep.equal([0, 1]);
      client.destroy();
      for (const stream of [secure, broken, near, far, badNear, badFar]) {
        stream.destroy();
      }
    });
  }

  it("does not know what a socket that is gone was made of, and does not mind", async () => {
    const [near, far] = duplexPair();
    const client = connectTls({ socket: far, ...trusting });
    client.on("error", () => {});
    client.destroy();
    expect(originOf(client)).to.equal(undefined);
    near.destroy();
  });

  it("TLS on a stream that is no socket, as server.accept takes it", () =>
    losingNothing(async () => {
      const server = createTurnout({
        protocols: [new TlsProtocol({ ...certificate }), new Http2Protocol()],
        respond: describeRequest,
      });
      const [near, far] = duplexPair();
      server.accept(near);
      const tls = connectTls({ socket: far, ...trusting });
      await once(tls, "secureConnect");
      const client = new RawClient(tls);
      await expectOrdinary(client.send(getTwo), "GET /two 0");
      expect(server.stats().switched).to.deep.equal({ TLS: { open: 1, total: 1 } });
      tls.destroy();
      await server.close({ graceMs: 0 });
    }));
});
