import { createServer, type ServerResponse } from "node:http";
import { expect } from "chai";
import { adopting, describeToNode, expectApplication } from "../support/adopting.ts";
import { expectSwitch, gate, getTwo, turns, upgradeTo } from "../support/exchanges.ts";

const never = 60_000;

/** An http.Server whose answers the test gives. */
function asked(): { app: ReturnType<typeof createServer>; next(): Promise<ServerResponse> } {
  const responses: ServerResponse[] = [];
  let tell = (): void => {};
  const app = createServer((_request, response) => {
    responses.push(response);
    tell();
  });
  const next = async (): Promise<ServerResponse> => {
    while (responses.length === 0) {
      const { opened, open } = gate();
      tell = open;
      await opened;
    }
    return responses.shift()!;
  };
  return { app, next };
}

describe("a server closes that has adopted an http.Server", () => {
  it("idle connections are closed, new ones and old", () =>
    adopting(describeToNode, async ({ connect, server }) => {
      const [idle, switched] = [await connect(), await connect()];
      await expectApplication(idle.send(getTwo), "GET /two 0");
      await expectApplication(switched.send(getTwo), "GET /two 0");
      await expectSwitch(switched.send(upgradeTo("echo/1")), "echo/1", "GET /x\r\n");
      switched.stream.once("end", () => switched.end());
      const { http, switched: byToken } = await server.close({ graceMs: never });
      expect(await idle.gone()).to.equal("");
      expect([http, byToken]).to.deep.equal([{ closed: 1, destroyed: 0 }, { "echo/1": { closed: 1, destroyed: 0 } }]);
    }));

  it("what is under way is answered with Connection: close, and then closed", () => {
    const { app, next } = asked();
    return adopting(app, async ({ connect, server }) => {
      const client = await connect();
      client.send(getTwo);
      const response = await next();
      const report = server.close({ graceMs: never });
      response.end("done");
      expect((await client.response()).field("connection")).to.equal("close");
      expect(await client.gone()).to.equal("");
      expect((await report).http).to.deep.equal({ closed: 1, destroyed: 0 });
    });
  });

  it("what has begun to be answered is answered to its end, and then closed", () => {
    const { app, next } = asked();
    return adopting(app, async ({ connect, server }) => {
      const client = await connect();
      client.send(getTwo);
      const response = await next();
      response.setHeader("Content-Length", 8);
      response.write("half");
      await client.takeUntil("half");
      const report = server.close({ graceMs: never });
      response.end("half");
      expect(await client.take(4)).to.equal("half");
      expect(await client.gone()).to.equal("");
      expect((await report).http).to.deep.equal({ closed: 1, destroyed: 0 });
    });
  });

  it("a request that is on its way is answered", () =>
    adopting(describeToNode, async ({ connect, sockets, server }) => {
      const client = await connect();
      await expectApplication(client.send(getTwo), "GET /two 0");
      await client.sendSegment("GET /late HTTP/1.1\r\n");
      while (sockets[0]!.bytesRead <= getTwo.length) {
        await turns(1);
      }
      await turns(2);
      const report = server.close({ graceMs: never });
      await expectApplication(client.send("Host: h\r\n\r\n"), "GET /late 0", "close");
      expect((await report).http).to.deep.equal({ closed: 1, destroyed: 0 });
    }));

  it("an offer is no more taken: on a new connection 503, behind an answer that closes nothing", () => {
    const { app, next } = asked();
    return adopting(app, async ({ connect, server }) => {
      const [fresh, old] = [await connect(), await connect()];
      old.send(getTwo + upgradeTo("echo/1"));
      const response = await next();
      const report = server.close({ graceMs: never });
      expect((await fresh.send(upgradeTo("echo/1")).response()).status).to.equal(503);
      response.end("done");
      expect((await old.response()).body).to.equal("done");
      expect((await old.response()).status).to.equal(503);
      fresh.end();
      old.end();
      expect((await report).switched).to.deep.equal({});
      expect(server.stats().switched).to.deep.equal({});
    });
  });

  it("what is not answered in time is destroyed", () => {
    const { app, next } = asked();
    return adopting(app, async ({ connect, server }) => {
      const client = await connect();
      client.send(getTwo);
      await next();
      const { http } = await server.close({ graceMs: 20 });
      expect([http, await client.gone()]).to.deep.equal([{ closed: 0, destroyed: 1 }, ""]);
    });
  });

  it("the http.Server is not closed, and can be adopted again", async () => {
    const app = createServer(describeToNode);
    for (const _ of [1, 2]) {
      await adopting(app, async ({ connect }) => {
        const client = await connect();
        await expectApplication(client.send(getTwo), "GET /two 0");
        await expectSwitch(client.send(upgradeTo("echo/1")), "echo/1", "GET /x\r\n");
      });
    }
    expect(app.listenerCount("upgrade")).to.equal(1);
  });
});
