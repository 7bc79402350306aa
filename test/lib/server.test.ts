import { once } from "node:events";
import { rmSync } from "node:fs";
import { type AddressInfo, connect as connectSocket, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { duplexPair } from "node:stream";
import { expect } from "chai";
import { createServer, type ModuleError, Server } from "turnout";
import { EchoProtocol } from "turnout/echo";
import {
  describeRequest,
  expectOrdinary,
  gate,
  getTwo,
  optionsUnderTest,
  turns,
  upgradeTo,
} from "../support/exchanges.ts";
import { codeOf, rejectionOf } from "../support/failures.ts";
import { LineProtocol } from "../support/modules.ts";
import { RawClient } from "../support/raw-client.ts";
import { serving } from "../support/serving.ts";

const local = { port: 0, host: "127.0.0.1" };

/** Runs `test` with a server that does not listen yet, and closes it afterwards. */
async function withServer(test: (server: Server) => Promise<void>, options = optionsUnderTest()): Promise<void> {
  const server = createServer(options);
  try {
    await test(server);
  } finally {
    await server.close({ graceMs: 0 });
  }
}

describe("createServer", () => {
  for (const [code, options] of [
    ["ERR_TURNOUT_OPTION", { limits: { maxHeadBytes: -1 } }],
    ["ERR_TURNOUT_OPTION", { timeouts: { headMs: Number.NaN } }],
    ["ERR_TURNOUT_TOKEN", { protocols: [new LineProtocol(["a b"])] }],
  ] as const) {
    it(`throws ${code} at once: ${Object.keys(options)[0]}`, () => {
      expect(() => createServer(options))
        .to.throw()
        .with.property("code", code);
    });
  }

  it("needs no options", () => {
    expect(createServer()).to.be.instanceOf(Server);
  });
});

describe("listen", () => {
  it("resolves with the address, which address() has until the close", () =>
    withServer(async (server) => {
      expect(server.address()).to.equal(undefined);
      const address = (await server.listen(local)) as AddressInfo;
      expect(address).to.include({ address: "127.0.0.1", family: "IPv4" });
      expect(server.address()).to.deep.equal(address);
      await server.close();
      expect(server.address()).to.equal(undefined);
    }));

  it("rejects with what the system says, and may be tried again", async () => {
    const other = createTcpServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    try {
      await withServer(async (server) => {
        expect(codeOf(await rejectionOf(server.listen({ port, host: "127.0.0.1" })))).to.equal("EADDRINUSE");
        expect(server.address()).to.equal(undefined);
        expect(((await server.listen(local)) as AddressInfo).port).to.be.above(0);
      });
    } finally {
      other.close();
    }
  });

  it("does not work on a server that is closed", () =>
    withServer(async (server) => {
      await server.listen(local);
      await server.close();
      expect(codeOf(await rejectionOf(server.listen(local)))).to.equal("ERR_TURNOUT_STATE");
    }));

  it("on a path serves a socket of UNIX", async function () {
    if (process.platform === "win32") {
      this.skip();
    }
    const path = join(tmpdir(), `turnout-${process.pid}.sock`);
    rmSync(path, { force: true });
    await withServer(async (server) => {
      expect(await server.listen({ path })).to.equal(path);
      expect(server.address()).to.equal(path);
      const client = new RawClient(connectSocket({ path }));
      await expectOrdinary(client.send(getTwo), "GET /two 0");
      client.stream.destroy();
    });
  });

  it("with a signal that is aborted already does not listen", () =>
    withServer(async (server) => {
      const reason = new Error("too late");
      expect(await rejectionOf(server.listen({ ...local, signal: AbortSignal.abort(reason) }))).to.equal(reason);
      expect(server.address()).to.equal(undefined);
      await server.listen(local);
    }));

  it("closes when its signal is aborted", () =>
    withServer(async (server) => {
      const controller = new AbortController();
      const { port } = (await server.listen({ ...local, signal: controller.signal })) as AddressInfo;
      const client = await RawClient.connect(port);
      await expectOrdinary(client.send(getTwo), "GET /two 0");
      controller.abort();
      expect(await client.rest()).to.equal("");
      expect(server.address()).to.equal(undefined);
      client.stream.destroy();
    }));

  it("does not go on listening when its signal is aborted meanwhile", () =>
    withServer(async (server) => {
      const controller = new AbortController();
      const listening = server.listen({ ...local, signal: controller.signal }).catch(() => {});
      controller.abort();
      await listening;
      await turns(3);
      expect(server.address()).to.equal(undefined);
    }));

  it("does not listen when the server is closed meanwhile", async () => {
    const server = createServer();
    const listening = server.listen(local).catch(() => {});
    await server.close();
    await listening;
    await turns(3);
    expect(server.address()).to.equal(undefined);
  });

  it("turns away what is over maxConnections", () =>
    serving({ ...optionsUnderTest(), limits: { maxConnections: 1 } }, async ({ connect, server }) => {
      const first = await connect();
      await expectOrdinary(first.send(getTwo), "GET /two 0");
      expect(await (await connect()).gone()).to.equal("");
      const closed = once(server, "closed");
      first.end();
      await closed;
      await expectOrdinary((await connect()).send(getTwo), "GET /two 0");
      expect(server.stats().accepted).to.equal(2);
    }));
});

describe("close", () => {
  it("of a server that never listened resolves", async () => {
    const { durationMs, ...rest } = await createServer().close();
    expect(durationMs).to.be.a("number");
    expect(rest).to.deep.equal({ http: { closed: 0, destroyed: 0 }, switched: {} });
  });

  it("twice gives the same report", () =>
    serving(optionsUnderTest(), async ({ server }) => {
      const [one, other] = await Promise.all([server.close(), server.close()]);
      expect(one).to.equal(other);
      expect(await server.close({ graceMs: 0 })).to.equal(one);
    }));

  it("reports how each kind of connection ended", () => {
    const stubborn = new LineProtocol(["own/1"], { drain: () => {} });
    const options = { protocols: [new EchoProtocol(), stubborn], respond: describeRequest };
    return serving(options, async ({ connect, server }) => {
      const clients = await Promise.all(Array.from({ length: 5 }, connect));
      const [idle, echo, other, own, partial] = clients as [RawClient, RawClient, RawClient, RawClient, RawClient];
      for (const client of [idle, echo, other]) {
        client.stream.once("end", () => client.end());
      }
      await expectOrdinary(idle.send(getTwo), "GET /two 0");
      await echo.send(upgradeTo("echo/1")).takeUntil("GET /x\r\n");
      await other.send(upgradeTo("echo/1")).takeUntil("GET /x\r\n");
      await own.send(upgradeTo("own/1")).takeUntil("own/1 GET /x\r\n");
      await expectOrdinary(partial.send(`${getTwo}GET`), "GET /two 0");
      const closing = server.close({ graceMs: 60_000 });
      await Promise.all([idle.rest(), echo.rest(), other.rest()]);
      while (server.stats().open > 2) {
        await once(server, "closed");
      }
      const again = server.close({ graceMs: 0 });
      const { http, switched } = await closing;
      expect(await again).to.equal(await closing);
      expect([http, switched]).to.deep.equal([
        { closed: 1, destroyed: 1 },
        { "echo/1": { closed: 2, destroyed: 0 }, "own/1": { closed: 0, destroyed: 1 } },
      ]);
    });
  });

  it("destroys what is left with ERR_TURNOUT_DRAIN_TIMEOUT", () =>
    serving(optionsUnderTest(), async ({ connect, server }) => {
      const client = await connect();
      await client.send(upgradeTo("echo/1")).takeUntil("GET /x\r\n");
      const closed = once(server, "closed");
      await server.close({ graceMs: 0 });
      expect(codeOf((await closed)[0])).to.equal("ERR_TURNOUT_DRAIN_TIMEOUT");
    }));

  it("is what disposing of the server does", async () => {
    let outside: Server;
    {
      await using server = createServer(optionsUnderTest());
      outside = server;
      await server.listen(local);
    }
    expect(outside.address()).to.equal(undefined);
    expect(codeOf(await rejectionOf(outside.listen(local)))).to.equal("ERR_TURNOUT_STATE");
  });

  for (const bytes of ["", getTwo]) {
    it(`what comes afterwards is not served, whether it says something or not: ${bytes.length} bytes`, () =>
      withServer(async (server) => {
        await server.close();
        const [near, far] = duplexPair();
        const client = new RawClient(near).send(bytes);
        server.accept(far);
        expect(await client.rest()).to.equal("");
        expect(server.stats().answered).to.deep.equal({});
      }));
  }
});

describe("accept", () => {
  it("serves any stream, which is nobody's address", () =>
    withServer(
      async (server) => {
        const [near, far] = duplexPair();
        server.accept(far);
        const client = new RawClient(near);
        await expectOrdinary(client.send(getTwo), "{} false undefined");
        expect(server.stats()).to.include({ open: 1, accepted: 1 });
        client.end();
        await once(server, "closed");
        expect(server.stats()).to.include({ open: 0, accepted: 1 });
      },
      { respond: ({ peer, secure }) => ({ body: `${JSON.stringify(peer)} ${secure} ${peer.address}\n` }) },
    ));

  it("of a stream that is gone already holds nothing open", () =>
    withServer(async (server) => {
      const [, far] = duplexPair();
      far.destroy();
      await once(far, "close");
      server.accept(far);
      await turns(3);
      expect(server.stats().open).to.equal(0);
    }));
});

describe("events", () => {
  it("tell of every answer, switch, refusal and close", () =>
    serving(optionsUnderTest(), async ({ connect, server }) => {
      const told: unknown[] = [];
      server.on("answered", ({ target }, status) => told.push(["answered", target, status]));
      server.on("switched", ({ target }, token) => told.push(["switched", target, token]));
      server.on("refused", ({ code }) => told.push(["refused", code]));
      server.on("closed", (error) => told.push(["closed", error]));
      for (const bytes of [`${getTwo}GET\r\n\r\n`, upgradeTo("ECHO/1")]) {
        const closed = once(server, "closed");
        await (await connect()).send(bytes).end().rest();
        await closed;
      }
      expect(told).to.deep.equal([
        ["answered", "/two", 200],
        ["refused", "ERR_TURNOUT_METHOD"],
        ["closed", undefined],
        ["switched", "/x", "echo/1"],
        ["closed", undefined],
      ]);
      const { answered, refused, switched, faults, unanswered } = server.stats();
      expect([answered, refused, switched, faults, unanswered]).to.deep.equal([
        { 200: 1 },
        { ERR_TURNOUT_METHOD: 1 },
        { "echo/1": { open: 0, total: 1 } },
        {},
        0,
      ]);
    }));

  it("a fault that nobody listens for goes to standard error", async () => {
    const [reason, said, heard] = [new Error("the application's"), [] as unknown[], gate()];
    const { error } = console;
    await withServer(
      async (server) => {
        console.error = (...args: unknown[]) => {
          said.push(...args);
          heard.open();
        };
        const [near, far] = duplexPair();
        server.accept(far);
        new RawClient(near).send(getTwo);
        await heard.opened;
        expect(said.map(codeOf)).to.deep.equal(["ERR_TURNOUT_RESPOND"]);
        expect((said[0] as ModuleError).cause).to.equal(reason);
        expect(server.stats().faults).to.deep.equal({ ERR_TURNOUT_RESPOND: 1 });
      },
      {
        respond: () => {
          throw reason;
        },
      },
    ).finally(() => {
      console.error = error;
    });
  });
});
