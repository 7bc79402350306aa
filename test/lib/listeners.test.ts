import { once } from "node:events";
import { closeSync, openSync, rmSync } from "node:fs";
import { type AddressInfo, connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createServer, type Server } from "turnout";
import { knowsReusePort } from "../../lib/listeners.ts";
import { expectOrdinary, getTwo, optionsUnderTest, turns, upgradeTo } from "../support/exchanges.ts";
import { codeOf, rejectionOf } from "../support/failures.ts";
import { RawClient } from "../support/raw-client.ts";

const local = { port: 0, host: "127.0.0.1" };
const path = join(tmpdir(), `turnout-listeners-${process.pid}.sock`);

/** Runs `test` with a server that does not listen yet, and closes it afterwards. */
async function withServer(test: (server: Server) => Promise<void>, options = optionsUnderTest()): Promise<void> {
  const server = createServer(options);
  try {
    await test(server);
  } finally {
    await server.close({ graceMs: 0 });
  }
}

const portOf = (address: AddressInfo | string): number => (address as AddressInfo).port;

/** The port answers. */
async function expectServed(client: RawClient): Promise<void> {
  await expectOrdinary(client.send(getTwo), "GET /two 0");
  client.stream.destroy();
}

describe("a server that listens in several places", () => {
  before(function () {
    if (process.platform === "win32") {
      this.skip(); // has no sockets of UNIX
    }
    rmSync(path, { force: true });
  });

  it("serves all of them, and tells where they are", () =>
    withServer(async (server) => {
      expect(server.addresses()).to.deep.equal([]);
      const first = await server.listen(local);
      const second = await server.listen({ path });
      const third = await server.listen(local);
      expect(server.addresses()).to.deep.equal([first, second, third]);
      expect([server.address(), second]).to.deep.equal([first, path]);
      await expectServed(await RawClient.connect(portOf(first)));
      await expectServed(new RawClient(connectSocket({ path })));
      await expectServed(await RawClient.connect(portOf(third)));
      expect(server.stats().accepted).to.equal(3);
    }));

  it("closes all of them, and answers what is under way on each", () =>
    withServer(async (server) => {
      const clients = [await RawClient.connect(portOf(await server.listen(local)))];
      await server.listen({ path });
      clients.push(new RawClient(connectSocket({ path })));
      for (const client of clients) {
        await client.send(upgradeTo("echo/1")).takeUntil("GET /x\r\n");
        client.stream.once("end", () => client.end());
      }
      const { switched } = await server.close();
      expect(switched).to.deep.equal({ "echo/1": { closed: 2, destroyed: 0 } });
      expect(server.addresses()).to.deep.equal([]);
      expect(codeOf(await rejectionOf(once(connectSocket({ path }), "connect")))).to.equal("ENOENT");
    }));

  it("goes on where it listens already when it cannot listen elsewhere", () =>
    withServer(async (server) => {
      const address = await server.listen(local);
      expect(codeOf(await rejectionOf(server.listen({ port: portOf(address), host: "127.0.0.1" })))).to.equal(
        "EADDRINUSE",
      );
      expect(server.addresses()).to.deep.equal([address]);
      await expectServed(await RawClient.connect(portOf(address)));
    }));

  it("may begin to listen in all of them at the same time", () =>
    withServer(async (server) => {
      const addresses = await Promise.all([server.listen(local), server.listen({ path }), server.listen(local)]);
      expect(server.addresses()).to.deep.equal(addresses);
    }));

  it("does not listen in any when it is closed meanwhile", async () => {
    const server = createServer();
    const listening = [server.listen(local), server.listen({ path })].map(rejectionOf);
    await server.close();
    await Promise.all(listening);
    await turns(3);
    expect(server.addresses()).to.deep.equal([]);
  });

  it("maxConnections is for all together", () =>
    withServer(
      async (server) => {
        const ports = [portOf(await server.listen(local)), portOf(await server.listen(local))];
        const clients = await Promise.all(ports.map((port) => RawClient.connect(port)));
        for (const client of clients) {
          await expectOrdinary(client.send(getTwo), "GET /two 0");
        }
        for (const port of ports) {
          expect(await (await RawClient.connect(port)).gone()).to.equal("");
        }
        const closed = once(server, "closed");
        clients[0]!.end();
        await closed;
        await expectServed(await RawClient.connect(ports[1]!));
        clients[1]!.stream.destroy();
      },
      { ...optionsUnderTest(), limits: { maxConnections: 2 } },
    ));
});

describe("listen({ fd })", () => {
  before(function () {
    if (process.platform === "win32") {
      this.skip(); // Node cannot listen on a descriptor there
    }
    rmSync(path, { force: true });
  });

  it("rejects for what is no socket", () =>
    withServer(async (server) => {
      const file = openSync(process.execPath, "r");
      try {
        expect(codeOf(await rejectionOf(server.listen({ fd: file })))).to.match(/^E/);
        expect(codeOf(await rejectionOf(server.listen({ fd: 2 ** 30 })))).to.match(/^E/);
        expect(server.addresses()).to.deep.equal([]);
      } finally {
        closeSync(file);
      }
    }));
});

describe("listen({ reusePort })", () => {
  for (const [version, knows] of [
    ["20.19.0", false],
    ["22.11.9", false],
    ["22.12.0", true],
    ["22.23.1", true],
    ["23.0.0", false],
    ["23.1.0", true],
    ["24.0.0", true],
    ["26.10.0", true],
  ] as const) {
    it(`Node ${version} ${knows ? "knows" : "ignores"} it`, () => {
      expect(knowsReusePort(version)).to.equal(knows);
    });
  }

  it("is refused where Node would ignore it, and elsewhere two can listen on one port", async function () {
    if (process.platform !== "linux") {
      this.skip();
    }
    await withServer(async (server) => {
      if (!knowsReusePort(process.versions.node)) {
        expect(codeOf(await rejectionOf(server.listen({ ...local, reusePort: true })))).to.equal("ERR_TURNOUT_OPTION");
        expect(server.addresses()).to.deep.equal([]);
        return;
      }
      const address = (await server.listen({ ...local, reusePort: true })) as AddressInfo;
      await withServer(async (other) => {
        expect(await other.listen({ ...local, port: address.port, reusePort: true })).to.deep.equal(address);
      });
      await expectServed(await RawClient.connect(address.port));
    });
  });

  it("false is what it always was", () =>
    withServer(async (server) => {
      await expectServed(await RawClient.connect(portOf(await server.listen({ ...local, reusePort: false }))));
    }));
});
