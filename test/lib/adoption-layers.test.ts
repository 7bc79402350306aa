import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect as connectHttp2, type OutgoingHttpHeaders } from "node:http2";
import { duplexPair } from "node:stream";
import type { TLSSocket } from "node:tls";
import { expect } from "chai";
import { Http2Protocol } from "turnout/http2";
import { adopting, describeToNode, expectApplication } from "../support/adopting.ts";
import { describeRequest, expectSwitch, getTwo, nextClosed, upgradeTo } from "../support/exchanges.ts";
import { rejectionOf } from "../support/failures.ts";
import { ask, servingHttp2 } from "../support/http2-serving.ts";
import { tcp4Line } from "../support/proxy-headers.ts";
import { RawClient } from "../support/raw-client.ts";
import { servingTls } from "../support/tls-serving.ts";

/** What an application sees of the socket, and of the request. */
const describeSocket = (request: IncomingMessage, response: ServerResponse): void => {
  const { remoteAddress, remotePort, encrypted } = request.socket as TLSSocket;
  response.end(JSON.stringify([request.httpVersion, encrypted === true, remoteAddress, typeof remotePort]));
};

describe("an adopted http.Server", () => {
  it("answers inside TLS, as a server of node:https would, and offers are taken there", () =>
    servingTls(
      {},
      async ({ secure, server }) => {
        const { client } = await secure();
        for (const _ of [1, 2]) {
          expect((await client.send(getTwo).response()).body).to.equal('["1.1",true,"127.0.0.1","number"]');
        }
        expect((await client.send(upgradeTo("tea/9")).response()).status).to.equal(200);
        await expectSwitch(client.send(upgradeTo("echo/1")), "echo/1", "GET /x\r\n");
        expect(server.connections().map(({ track }) => track)).to.deep.equal([["TLS", "HTTP/1.1", "echo/1"]]);
        const closed = nextClosed(server);
        client.end();
        await closed;
      },
      { http: createServer(describeSocket) },
    ));

  it("answers on a stream in memory", () =>
    adopting(describeToNode, async ({ server }) => {
      const [near, far] = duplexPair();
      server.accept(far);
      const client = new RawClient(near);
      await expectApplication(client.send(getTwo), "GET /two 0");
      await expectApplication(client.send(upgradeTo("tea/9")), "GET /x 0");
      await expectSwitch(client.send(upgradeTo("echo/1")), "echo/1", "GET /x\r\n");
      near.destroy();
    }));

  it("sees the client that a proxy has told of", () =>
    adopting(
      describeSocket,
      async ({ connect }) => {
        const client = await connect();
        client.send(tcp4Line + getTwo);
        expect((await client.response()).body).to.equal('["1.1",false,"192.0.2.1","number"]');
      },
      { proxy: { from: ["127.0.0.1"] } },
    ));

  describe("over HTTP/2", () => {
    const overHttp2 = (app: (request: IncomingMessage, response: ServerResponse) => void) => ({
      http: createServer(app),
      respond: undefined as never,
    });

    it("answers as well, with content in either direction, and sees who asks", () =>
      servingHttp2(
        async ({ session, server }) => {
          const client = session();
          const plain = await ask(client, { ":path": "/a?b" });
          expect([plain.status, plain.headers["x-socket"], String(plain.body)]).to.deep.equal([
            201,
            '["1.1",false,"127.0.0.1","number"]',
            "GET /a?b h 0",
          ]);
          expect(plain.headers).to.not.have.any.keys("connection", "keep-alive", "transfer-encoding");
          const big = Buffer.alloc(300_000, "x");
          const post: OutgoingHttpHeaders = { ":method": "POST", ":path": "/p", cookie: ["a=b", "c=d"] };
          expect(String((await ask(client, post, big)).body)).to.equal("POST /p h 300000 a=b; c=d");
          const counted = await ask(client, { ...post, "content-length": 3, expect: "100-continue" }, "abc");
          expect(String(counted.body)).to.equal("POST /p h 3 a=b; c=d");
          expect(String((await ask(client, { ":method": "DELETE" }, "abc")).body)).to.equal("DELETE / h 3");
          const head = await ask(client, { ":method": "HEAD" });
          expect([head.status, head.body.length]).to.deep.equal([201, 0]);
          expect(server.stats().answered).to.deep.equal({ 201: 5 });
        },
        overHttp2((request, response) => {
          const { remoteAddress, remotePort, encrypted } = request.socket as TLSSocket;
          let length = 0;
          request.on("data", (chunk) => {
            length += chunk.length;
          });
          request.on("end", () => {
            response.writeHead(201, {
              "X-Socket": JSON.stringify([request.httpVersion, encrypted, remoteAddress, typeof remotePort]),
            });
            const words = [request.method, request.url, request.headers.host, length, request.headers.cookie];
            response.end(words.filter((word) => word !== undefined).join(" "));
          });
        }),
      ));

    it("an answer comes piece by piece", () =>
      servingHttp2(
        async ({ session }) => {
          const stream = session().request({ ":path": "/" });
          const pieces: string[] = [];
          for await (const piece of stream) {
            pieces.push(String(piece));
            answers.shift()?.();
          }
          expect(pieces).to.deep.equal(["one", "two"]);
        },
        overHttp2((_request, response) => {
          response.write("one");
          answers.push(() => response.end("two"));
        }),
      ));

    it("an application that breaks off resets the stream, and no other", () =>
      servingHttp2(
        async ({ session, faults }) => {
          const client = session();
          expect(await rejectionOf(ask(client, { ":path": "/half" }))).to.be.instanceOf(Error);
          expect((await ask(client, { ":path": "/none" })).status).to.equal(500);
          expect(String((await ask(client, { ":path": "/" })).body)).to.equal("fine");
          expect(faults.map(({ code }) => code)).to.deep.equal(["ERR_TURNOUT_RESPOND", "ERR_TURNOUT_RESPOND"]);
        },
        overHttp2((request, response) => {
          if (request.url === "/half") {
            response.write("half", () => response.destroy());
          } else if (request.url === "/none") {
            request.socket.destroy();
          } else {
            response.end("fine");
          }
        }),
      ));

    it("a client that leaves is told to the application", async () => {
      let left = (): void => {};
      const leaving = new Promise<void>((resolve) => {
        left = resolve;
      });
      await servingHttp2(
        async ({ session }) => {
          const stream = session().request({ ":path": "/" });
          stream.on("error", () => {});
          await new Promise((resolve) => stream.once("data", resolve));
          stream.close(8);
          await leaving;
        },
        overHttp2((_request, response) => {
          response.on("close", left);
          response.write("begun");
        }),
      );
    });

    it("leaves it to respond, where there is one", () =>
      servingHttp2(
        async ({ session, connect }) => {
          expect(String((await ask(session(), { ":path": "/two" })).body)).to.equal("GET /two 0\n");
          expect((await (await connect()).send(getTwo).response()).body).to.equal("from the application");
        },
        { http: createServer((_request, response) => response.end("from the application")), respond: describeRequest },
      ));

    it("inside TLS, by ALPN", () =>
      servingTls(
        {},
        async ({ port }) => {
          const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
          try {
            expect(String((await ask(session)).body)).to.equal('["1.1",true,"127.0.0.1","number"]');
          } finally {
            session.destroy();
          }
        },
        { http: createServer(describeSocket), respond: undefined as never },
      ));
  });

  it("Upgrade: h2c is taken where HTTP/2 is spoken, and is an ordinary request where it is not", () =>
    adopting(
      describeToNode,
      async ({ connect }) => {
        const client = await connect();
        const offer =
          "GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n";
        client.send(offer);
        expect(await client.takeUntil("\r\n\r\n")).to.match(/^HTTP\/1\.1 101 /);
        const incomplete = await connect();
        await expectApplication(incomplete.send(offer.replace(", HTTP2-Settings", "")), "GET /x 0");
      },
      { protocols: [new Http2Protocol()] },
    ));
});

/** What an application waits for. */
const answers: (() => void)[] = [];
