import { once } from "node:events";
import { createServer, request } from "node:http";
import { expect } from "chai";
import { createServer as createTurnout } from "turnout";
import { adopting, describeToNode, expectApplication } from "../support/adopting.ts";
import { deliveries } from "../support/cuts.ts";
import { deliver } from "../support/every-delivery.ts";
import { gate, getTwo, nextClosed } from "../support/exchanges.ts";
import { codeOf, failureOf } from "../support/failures.ts";

const post = "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
const chunked = "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";

describe("an adopted http.Server", () => {
  it("answers what is ordinary, cut anywhere: keep-alive, pipelining, content of either kind", () =>
    adopting(describeToNode, async ({ connect, sockets }) => {
      for (const { how, pieces } of deliveries(Buffer.from(getTwo + post + chunked))) {
        const client = await connect();
        if (how === "whole") {
          client.send(pieces[0]!);
        } else {
          await deliver(client, sockets.at(-1)!, pieces);
        }
        await expectApplication(client, "GET /two 0");
        await expectApplication(client, "POST /p 3");
        await expectApplication(client, "POST /c 3");
        await expectApplication(client.send(getTwo), "GET /two 0");
        client.stream.destroy();
      }
    }));

  it("has its own events, its own socket, and each connection told once", () => {
    const connections: unknown[] = [];
    const seen: unknown[] = [];
    const app = createServer((request, response) => {
      seen.push([request.socket, request.socket.remoteAddress, request.headers["x-a"]]);
      response.end();
    });
    app.on("connection", (socket) => connections.push(socket));
    return adopting(app, async ({ connect, sockets }) => {
      const client = await connect();
      for (const _ of [1, 2]) {
        await client.send("GET / HTTP/1.1\r\nHost: h\r\nX-A: b\r\n\r\n").response();
      }
      expect(connections).to.deep.equal(sockets);
      expect(seen).to.deep.equal([1, 2].map(() => [sockets[0], "127.0.0.1", "b"]));
    });
  });

  it("content as long as it likes, and no more of it than the application takes", () =>
    adopting(
      describeToNode,
      async ({ connect }) => {
        const client = await connect();
        client.send(`POST /big HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n${"x".repeat(300_000)}`);
        await expectApplication(client, "POST /big 300000");
      },
      { limits: { maxBodyBytes: 10 } },
    ));

  it("a 100 comes from it", () =>
    adopting(describeToNode, async ({ connect }) => {
      const client = await connect();
      client.send("POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
      expect((await client.response()).status).to.equal(100);
      await expectApplication(client.send("ok"), "POST /e 2");
    }));

  it("its listeners for checkContinue and checkExpectation are asked", () => {
    const app = createServer(describeToNode);
    app.on("checkContinue", (_request, response) => response.writeHead(413, { "Content-Length": 0 }).end());
    app.on("checkExpectation", (_request, response) => response.writeHead(417, { "Content-Length": 0 }).end());
    return adopting(app, async ({ connect, server }) => {
      for (const [expectation, status] of [
        ["100-continue", 413],
        ["tea", 417],
      ] as const) {
        const client = await connect();
        client.send(`GET / HTTP/1.1\r\nHost: h\r\nExpect: ${expectation}\r\n\r\n`);
        expect((await client.response()).status).to.equal(status);
      }
      expect(server.stats().answered).to.deep.equal({ 413: 1, 417: 1 });
    });
  });

  it("what is malformed is its to judge, and a head over our bounds", () => {
    const app = createServer({ maxHeaderSize: 40_000 }, describeToNode);
    const errors: unknown[] = [];
    app.on("clientError", (error, socket) => {
      errors.push(codeOf(error));
      socket.end("HTTP/1.1 418 No\r\nContent-Length: 0\r\n\r\n");
    });
    return adopting(app, async ({ connect, server }) => {
      const long = await connect();
      await expectApplication(long.send(`GET /l HTTP/1.1\r\nHost: h\r\nX: ${"y".repeat(30_000)}\r\n\r\n`), "GET /l 0");
      const bad = await connect();
      expect((await bad.send("GET / HTTP/1.1\r\nHost : h\r\n\r\n").response()).status).to.equal(418);
      expect(errors).to.deep.equal(["HPE_INVALID_HEADER_TOKEN"]);
      expect(server.stats().refused).to.deep.equal({});
    });
  });

  it("its deadlines hold, though it never listens", () => {
    const app = createServer(
      { connectionsCheckingInterval: 10, headersTimeout: 20, requestTimeout: 20 },
      describeToNode,
    );
    return adopting(app, async ({ connect }) => {
      const client = await connect();
      await expectApplication(client.send(getTwo), "GET /two 0");
      client.send("GET /slow HTTP/1.1\r\n");
      expect((await client.response()).status).to.equal(408);
    });
  });

  it("before the first head there is ours", () =>
    adopting(
      describeToNode,
      async ({ connect }) => {
        const client = await connect();
        expect((await client.send("GET /slow HTTP/1.1\r\n").response()).status).to.equal(408);
      },
      { timeouts: { headMs: 20 } },
    ));

  it("its answers, its connections and its requests are told of", () =>
    adopting(describeToNode, async ({ connect, server }) => {
      const answered: unknown[] = [];
      server.on("answered", (request, status) =>
        answered.push([request.method, request.path, request.query, request.host, request.headers.get("x"), status]),
      );
      const client = await connect();
      await expectApplication(client.send("GET /a?b HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n"), "GET /a?b 0");
      await expectApplication(client.send("GET http://o/c HTTP/1.1\r\nHost: o\r\n\r\n"), "GET http://o/c 0");
      await expectApplication(client.send("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), "OPTIONS * 0");
      const [info] = server.connections();
      expect([info!.phase, info!.protocol, info!.requests]).to.deep.equal(["delegated", "HTTP/1.1", 3]);
      expect(answered).to.deep.equal([
        ["GET", "/a", "b", "h", "y", 200],
        ["GET", "/c", "", "o", undefined, 200],
        ["OPTIONS", "*", "", "h", undefined, 200],
      ]);
      const closed = nextClosed(server);
      client.end();
      expect(await closed).to.equal(undefined);
      const { open, answered: byStatus } = server.stats();
      expect([open, byStatus]).to.deep.equal([0, { 200: 3 }]);
    }));

  it("a reset in the middle of an answer is nobody's fault, and told", () =>
    adopting(
      (_request, response) => response.write("some"),
      async ({ connect, server, faults }) => {
        const client = await connect();
        await client.send(getTwo).takeUntil("some");
        const closed = nextClosed(server);
        client.reset();
        expect(codeOf(await closed)).to.equal("ERR_TURNOUT_RESET");
        expect([server.stats().answered, faults]).to.deep.equal([{}, []]);
      },
    ));

  it("a client that has finished is answered all the same, where it has httpAllowHalfOpen", () => {
    const { opened, open } = gate();
    const app = createServer(async (request, response) => {
      await opened;
      describeToNode(request, response);
    });
    (app as { httpAllowHalfOpen?: boolean }).httpAllowHalfOpen = true;
    return adopting(app, async ({ connect, sockets }) => {
      const client = await connect();
      const ended = once(sockets[0]!, "end");
      client.end(getTwo);
      await ended;
      open();
      await expectApplication(client, "GET /two 0");
      expect(await client.rest()).to.equal("");
    });
  });

  it("one that listens itself as well goes on as before", () => {
    const app = createServer(describeToNode);
    return adopting(app, async ({ connect, server }) => {
      app.listen(0, "127.0.0.1");
      await once(app, "listening");
      const { port } = app.address() as { port: number };
      try {
        for (const headers of [{}, { Connection: "upgrade", Upgrade: "echo/1" }]) {
          const response = await fetchText(port, headers);
          expect(response).to.equal("GET /own 0\n");
        }
        await expectApplication((await connect()).send(getTwo), "GET /two 0");
        expect(server.stats().answered).to.deep.equal({ 200: 1 });
      } finally {
        app.close();
        app.closeAllConnections();
      }
    });
  });
});

describe("the option http", () => {
  it("has to be a server of node:http", () => {
    for (const http of [{}, { server: {} }, () => {}, { server: createServer(), upgrades: "websocket" }]) {
      expect(codeOf(failureOf(() => createTurnout({ http: http as never })))).to.equal("ERR_TURNOUT_OPTION");
    }
  });

  it("is not for answers that advertise", () => {
    const options = { http: createServer(), advertise: true };
    expect(codeOf(failureOf(() => createTurnout(options)))).to.equal("ERR_TURNOUT_OPTION");
  });
});

async function fetchText(port: number, headers: Record<string, string>): Promise<string> {
  const sent = request({ port, host: "127.0.0.1", path: "/own", headers, agent: false }).end();
  const [response] = await once(sent, "response");
  let text = "";
  for await (const chunk of response) {
    text += chunk;
  }
  return text;
}
