import { createServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { expect } from "chai";
import { decline } from "turnout";
import { adopting, describeToNode, expectApplication } from "../support/adopting.ts";
import { expectSwitch, getTwo, nextClosed, switchingHead, upgradeTo } from "../support/exchanges.ts";
import { codeOf } from "../support/failures.ts";
import { LineProtocol } from "../support/modules.ts";
import type { RawClient } from "../support/raw-client.ts";

/** An http.Server with a listener for `upgrade`, as WebSocket libraries attach one; it switches, says what came early, and sends back. */
function withListener(): HttpServer {
  const app = createServer(describeToNode);
  app.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.write(`${switchingHead(request.headers.upgrade!)}[${head}]`);
    socket.on("data", (chunk) => socket.write(chunk));
    socket.on("end", () => socket.end());
  });
  return app;
}

async function expectListener(client: RawClient, token: string): Promise<void> {
  const expected = `${switchingHead(token)}[early]`;
  expect(await client.send(`${upgradeTo(token)}early`).take(expected.length)).to.equal(expected);
  expect(await client.send("ping").take(4)).to.equal("ping");
}

describe("an adopted http.Server that listens to upgrade itself", () => {
  for (const isNew of [true, false]) {
    describe(isNew ? "on a new connection" : "on a connection that it has had", () => {
      const prepare = async (client: RawClient): Promise<unknown> =>
        isNew || expectApplication(client.send(getTwo), "GET /two 0");

      it("gets what no module has", () =>
        adopting(withListener(), async ({ connect, server }) => {
          const client = await connect();
          await prepare(client);
          await expectListener(client, "tea/9");
          const closed = nextClosed(server);
          expect(await client.end().rest()).to.equal("");
          expect(await closed).to.equal(undefined);
          expect(server.stats().switched).to.deep.equal({});
        }));

      it("does not hear of what a module takes", () =>
        adopting(withListener(), async ({ connect }) => {
          const client = await connect();
          await prepare(client);
          await expectSwitch(client.send(upgradeTo("tea/9, echo/1")), "echo/1", "GET /x\r\n");
        }));

      it("gets what a module declines", () =>
        adopting(
          withListener(),
          async ({ connect }) => {
            const client = await connect();
            await prepare(client);
            await expectListener(client, "line/1");
          },
          { protocols: [new LineProtocol(["line/1"], { accept: () => Promise.resolve(decline()) })] },
        ));

      it("with upgrades: gets those alone, and the others are ordinary requests", () => {
        const server = withListener();
        return adopting(
          server,
          async ({ connect }) => {
            const client = await connect();
            await prepare(client);
            for (const offer of ["h2c", "h2c, WebSocket", "websocket/13", "echo/1 1"]) {
              await expectApplication(client.send(upgradeTo(offer)), "GET /x 0");
            }
            await expectListener(client, "WebSocket");
          },
          { protocols: [], http: { server, upgrades: ["websocket"] } },
        );
      });
    });
  }

  it("may begin to later", () => {
    const app = createServer(describeToNode);
    return adopting(app, async ({ connect }) => {
      const client = await connect();
      await expectApplication(client.send(upgradeTo("tea/9")), "GET /x 0");
      app.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
      expect((await client.send(upgradeTo("tea/9")).response()).status).to.equal(400);
    });
  });

  it("that its socket fails is heard of, though its listener has forgotten to", () =>
    adopting(
      createServer().on("upgrade", (_request, socket) => socket.write("hello")),
      async ({ connect, server }) => {
        const client = await connect();
        await client.send(upgradeTo("tea/9")).takeUntil("hello");
        const closed = nextClosed(server);
        client.reset();
        expect(codeOf(await closed)).to.equal("ERR_TURNOUT_RESET");
      },
    ));

  it("such a connection is destroyed at the end of the grace period", () =>
    adopting(withListener(), async ({ connect, server }) => {
      const client = await connect();
      await expectListener(client, "tea/9");
      const { http } = await server.close({ graceMs: 20 });
      expect(http).to.deep.equal({ closed: 0, destroyed: 1 });
    }));
});
