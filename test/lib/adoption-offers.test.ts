import { createServer, type ServerResponse } from "node:http";
import { expect } from "chai";
import { decline, reject, switchTo } from "turnout";
import { adopting, describeToNode, expectApplication } from "../support/adopting.ts";
import { deliveries } from "../support/cuts.ts";
import { deliver } from "../support/every-delivery.ts";
import {
  continueHead,
  expectRefused,
  expectSwitch,
  gate,
  getTwo,
  nextClosed,
  postWithUpgradeTo,
  switchingHead,
  upgradeTo,
} from "../support/exchanges.ts";
import { foo, LineProtocol } from "../support/modules.ts";
import type { RawClient } from "../support/raw-client.ts";

/** Connections that are new, and such as the http.Server has had already. */
const ages: Readonly<Record<string, (client: RawClient) => Promise<unknown>>> = {
  "on a new connection": () => Promise.resolve(),
  "on a connection that the http.Server has had": (client) => expectApplication(client.send(getTwo), "GET /two 0"),
};

const h2c =
  "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA\r\n";

/** What clients offer with requests that are ordinary, and no module takes. */
const ordinary: Readonly<Record<string, readonly [bytes: string, line: string]>> = {
  "an unknown token": [upgradeTo("tea/9"), "GET /x 0"],
  "a list of them": [upgradeTo("tea/9, TLS/1.3"), "GET /x 0"],
  "a malformed list": [upgradeTo("echo/1, ,;"), "GET /x 0"],
  "two fields": [upgradeTo("tea/9\r\nUpgrade: coffee"), "GET /x 0"],
  "no Connection that names it": ["GET /x HTTP/1.1\r\nHost: h\r\nUpgrade: echo/1\r\n\r\n", "GET /x 0"],
  "with content, as Java does": [`POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n${h2c}\r\nabc`, "POST /x 3"],
  "without content, as Java does": [`GET /x HTTP/1.1\r\nContent-Length: 0\r\nHost: h\r\n${h2c}\r\n`, "GET /x 0"],
  "with chunked content": [
    postWithUpgradeTo("tea/9", "Transfer-Encoding: chunked", "3\r\nabc\r\n0\r\n\r\n"),
    "POST /x 3",
  ],
  "content that the module has no use for": [postWithUpgradeTo("echo/1", "Content-Length: 3", "abc"), "POST /x 3"],
  "more content than the module takes": [
    postWithUpgradeTo("foo/1", "Content-Length: 65", "x".repeat(65)),
    "POST /x 65",
  ],
  "chunked content, in the end too much of it": [
    postWithUpgradeTo("foo/1", "Transfer-Encoding: chunked", `40\r\n${"x".repeat(64)}\r\n1\r\nx\r\n0\r\n\r\n`),
    "POST /x 65",
  ],
  "a method that the module does not speak": [upgradeTo("echo/1", "DELETE /x HTTP/1.1"), "DELETE /x 0"],
};

/** Where node:http would read content itself, an offer with content is none to it; and what comes behind it is lost. */
function isOverlooked(bytes: string): boolean {
  return "shouldUpgradeCallback" in createServer() && bytes.startsWith("POST");
}

describe("offers to a server that has adopted an http.Server", () => {
  for (const [age, prepare] of Object.entries(ages)) {
    describe(age, () => {
      for (const [what, [bytes, line]] of Object.entries(ordinary)) {
        it(`${what}: the http.Server answers, and the connection goes on`, () =>
          adopting(
            describeToNode,
            async ({ connect, faults, server }) => {
              const client = await connect();
              await prepare(client);
              client.send(bytes + getTwo);
              if (isOverlooked(bytes) && age !== "on a new connection") {
                await expectApplication(client, line, "close");
                expect(await client.gone()).to.equal("");
                return;
              }
              await expectApplication(client, line);
              await expectApplication(client, "GET /two 0");
              await expectSwitch(client.send(upgradeTo("echo/1")), "echo/1", "echo/1 GET /x\r\n");
              expect([faults, server.stats().refused]).to.deep.equal([[], {}]);
            },
            { protocols: [new LineProtocol(["echo/1"]), foo()] },
          ));
      }

      it("one that a module takes is switched to, cut anywhere, and early bytes are its own", () =>
        adopting(describeToNode, async ({ connect, sockets }) => {
          for (const { how, pieces } of deliveries(Buffer.from(`${upgradeTo("echo/1")}early`))) {
            const client = await connect();
            await prepare(client);
            if (how === "whole") {
              client.send(pieces[0]!);
            } else {
              await deliver(client, sockets.at(-1)!, pieces);
            }
            expect(await client.takeUntil("early"), how).to.equal(`${switchingHead("echo/1")}GET /x\r\nearly`);
            expect(await client.end().rest(), how).to.equal("");
          }
        }));

      it("a module that declines, at once or later: the http.Server answers, and the next offer is asked about again", () => {
        let asked = 0;
        const accept = () =>
          ++asked % 3 === 0 ? switchTo() : asked % 3 === 1 ? decline() : Promise.resolve(decline());
        return adopting(
          describeToNode,
          async ({ connect }) => {
            const client = await connect();
            await prepare(client);
            client.send(upgradeTo("line/1") + upgradeTo("line/1"));
            await expectApplication(client, "GET /x 0");
            await expectApplication(client, "GET /x 0");
            await expectSwitch(client.send(upgradeTo("line/1")), "line/1", "line/1 GET /x\r\n");
            expect(asked).to.equal(3);
          },
          { protocols: [new LineProtocol(["line/1"], { accept })] },
        );
      });

      it("a module that rejects: we answer, and what follows is the http.Server's again", () =>
        adopting(
          describeToNode,
          async ({ connect, server }) => {
            const client = await connect();
            await prepare(client);
            for (const _ of [1, 2]) {
              const { status, body } = await client.send(upgradeTo("line/1")).response();
              expect([status, body]).to.deep.equal([401, "who?"]);
            }
            await expectApplication(client.send(getTwo), "GET /two 0");
            client.send(`${upgradeTo("line/1")}bytes of whichever protocol`);
            await expectRefused(client, 401);
            expect(server.stats().answered[401]).to.equal(3);
          },
          { protocols: [new LineProtocol(["line/1"], { accept: () => reject(401, "who?") })] },
        ));

      it("a module that throws: 500, a fault, and the connection goes on", () =>
        adopting(
          describeToNode,
          async ({ connect, faults }) => {
            const client = await connect();
            await prepare(client);
            expect((await client.send(upgradeTo("line/1")).response()).status).to.equal(500);
            await expectApplication(client.send(getTwo), "GET /two 0");
            expect(faults.map(({ code }) => code)).to.deep.equal(["ERR_TURNOUT_MODULE"]);
          },
          {
            protocols: [
              new LineProtocol(["line/1"], {
                accept: () => {
                  throw new Error("no");
                },
              }),
            ],
          },
        ));

      it("a client that has finished before a module declines is answered", () => {
        const { opened, open } = gate();
        const accept = async () => {
          await opened;
          return decline();
        };
        return adopting(
          describeToNode,
          async ({ connect, sockets }) => {
            const client = await connect();
            await prepare(client);
            const ended = new Promise((resolve) => sockets[0]!.once("end", resolve));
            client.end(upgradeTo("line/1"));
            await ended;
            open();
            await expectApplication(client, "GET /x 0");
            expect(await client.rest()).to.equal("");
          },
          { protocols: [new LineProtocol(["line/1"], { accept })] },
        );
      });

      it("over HTTP/1.0 none is any", () =>
        adopting(describeToNode, async ({ connect }) => {
          const client = await connect();
          await prepare(client);
          client.send("GET /x HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: echo/1\r\n\r\n");
          expect((await client.response()).body).to.equal("GET /x 0\n");
        }));

      it("a head that node:http takes and we do not: the http.Server answers", () =>
        adopting(createServer({ requireHostHeader: false }, describeToNode), async ({ connect }) => {
          const client = await connect();
          await prepare(client);
          client.send(`GET /x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: echo/1\r\n\r\n${getTwo}`);
          await expectApplication(client, "GET /x 0");
          await expectApplication(client, "GET /two 0");
        }));
    });
  }

  it("a 100 is sent once, also where the module then gets too much", () =>
    adopting(describeToNode, async ({ connect }) => {
      const client = await connect();
      client.send(postWithUpgradeTo("foo/1", "Transfer-Encoding: chunked\r\nExpect: 100-continue"));
      expect(await client.takeUntil("\r\n\r\n")).to.equal(continueHead);
      client.send(`41\r\n${"x".repeat(65)}\r\n0\r\n\r\n`);
      await expectApplication(client, "POST /x 65");
    }));

  it("content and trailers go to the module", () =>
    adopting(describeToNode, async ({ connect }) => {
      const client = await connect();
      client.send(postWithUpgradeTo("foo/1", "Transfer-Encoding: chunked", "3\r\nabc\r\n0\r\nA: b\r\n\r\n"));
      await expectSwitch(client, "foo/1", "foo/1 POST /x abc A=b\r\n");
    }));

  describe("behind requests whose answers are not out", () => {
    it("wait for them, and so do the bytes behind them", () => {
      const responses: ServerResponse[] = [];
      const { opened, open } = gate();
      const app = createServer((_request, response) => {
        responses.push(response);
        open();
      });
      return adopting(app, async ({ connect, sockets }) => {
        const client = await connect();
        client.send(`${getTwo}${getTwo}${upgradeTo("echo/1")}early`);
        await opened;
        const read = new Promise((resolve) => sockets[0]!.once("data", resolve));
        client.send(" and late");
        await read;
        expect(client.pending).to.equal("");
        responses[1]!.end("second");
        responses[0]!.end("first");
        expect((await client.response()).body).to.equal("first");
        expect((await client.response()).body).to.equal("second");
        expect(await client.takeUntil("late")).to.equal(`${switchingHead("echo/1")}GET /x\r\nearly and late`);
        expect(sockets[0]!.timeout ?? 0).to.equal(0); // of a switched connection every deadline of HTTP is gone
      });
    });

    it("however long those are, and however slowly the client takes them", () => {
      const bytes = "x".repeat(1_000_000);
      const app = createServer(async (_request, response) => {
        response.setHeader("Content-Length", 4 * bytes.length);
        for (let piece = 0; piece < 4; piece++) {
          if (!response.write(bytes)) {
            await new Promise((resolve) => response.once("drain", resolve));
          }
        }
        response.end();
      });
      return adopting(app, async ({ connect }) => {
        const client = await connect();
        client.send(getTwo + upgradeTo("echo/1"));
        expect((await client.response()).body).to.have.length(4_000_000);
        await expectSwitch(client, "echo/1", "GET /x\r\n");
      });
    });

    it("are nothing where one of those closes the connection", () => {
      const app = createServer((_request, response) => response.setHeader("Connection", "close").end("last"));
      return adopting(app, async ({ connect, server }) => {
        const client = await connect();
        const closed = nextClosed(server);
        client.send(getTwo + upgradeTo("echo/1"));
        expect((await client.response()).body).to.equal("last");
        expect(await client.gone()).to.equal("");
        await closed;
        expect(server.stats().switched).to.deep.equal({});
      });
    });

    it("and a client that leaves meanwhile is let go", () => {
      const { opened, open } = gate();
      return adopting(
        () => open(),
        async ({ connect, server, faults }) => {
          const client = await connect();
          client.send(getTwo + upgradeTo("echo/1"));
          await opened;
          const closed = nextClosed(server);
          client.reset();
          await closed;
          expect([server.stats().switched, faults]).to.deep.equal([{}, []]);
        },
      );
    });
  });

  it("more fields than node:http keeps: nothing is put together of half a head", () => {
    const app = createServer(describeToNode);
    app.maxHeadersCount = 4;
    return adopting(app, async ({ connect, server }) => {
      const client = await connect();
      await expectApplication(client.send(getTwo), "GET /two 0");
      const fields = Array.from({ length: 40 }, (_, n) => `A${n}: b\r\n`).join("");
      client.send(`GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo/1\r\n${fields}\r\n`);
      expect((await client.response()).status).to.be.oneOf([200, 431]); // by the version of Node
      expect(server.stats().switched).to.deep.equal({});
    });
  });

  it("a hundred that are declined on one connection leave no listeners behind, and are one connection", () =>
    adopting(
      describeToNode,
      async ({ connect, sockets, app }) => {
        let connections = 0;
        app.on("connection", () => connections++);
        const client = await connect();
        const count = (): number[] =>
          ["data", "end", "error", "close", "drain", "timeout"].map((name) => sockets[0]!.listenerCount(name));
        await expectApplication(client.send(getTwo), "GET /two 0");
        const before = count();
        for (let n = 0; n < 100; n++) {
          await expectApplication(client.send(upgradeTo(n % 2 ? "line/1" : "tea")), "GET /x 0");
        }
        expect([count(), connections]).to.deep.equal([before, 1]);
      },
      { protocols: [new LineProtocol(["line/1"], { accept: () => decline() })] },
    ));
});
