import { once } from "node:events";
import { rmSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "chai";
import { ChildServer, servingProgram } from "../support/child-server.ts";
import { requireClient } from "../support/client-program.ts";
import { descriptorOf } from "../support/intermediary.ts";
import { patiently } from "../support/patiently.ts";
import { RawClient } from "../support/raw-client.ts";
import { RequestLoad } from "../support/request-load.ts";

/** Waits until somebody listens on a path. */
function connectedTo(path: string): Promise<RawClient> {
  return patiently(async () => {
    for (;;) {
      const socket = connect({ path, allowHalfOpen: true });
      const connected = await once(socket, "connect").catch(() => undefined);
      if (connected !== undefined) {
        return new RawClient(socket);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
}

const restarts = 5;
const load = { fresh: 6, keeping: 2 };

/** Closes by itself what it has answered. */
const request = "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

describe("systemd's socket activation", () => {
  before(function () {
    requireClient(this, "systemd-socket-activate", "--version");
  });

  it("the first connection starts the server, and is answered", async () => {
    const paths = ["local", "admin"].map((name) => join(tmpdir(), `turnout-${name}-${process.pid}.sock`));
    const remove = (): void => paths.forEach((path) => void rmSync(path, { force: true }));
    remove();
    const listens = [...paths.flatMap((path) => ["--listen", path]), "--fdname", "local:admin"];
    const server = new ChildServer("systemd-socket-activate", [...listens, process.execPath, servingProgram]);
    try {
      const clients = [await connectedTo(paths[0]!)];
      clients[0]!.send(request);
      const { childHas, ...said } = await server.said();
      assert.equal(childHas, "");
      assert.deepEqual(said, { pid: server.child.pid!, addresses: ["fd:3", "fd:4"], names: ["local", "admin"] });
      clients.push((await connectedTo(paths[1]!)).send(request));
      for (const client of clients) {
        assert.equal((await client.response()).body, `${said.pid} /a\n`);
        client.stream.destroy();
      }
    } finally {
      assert.equal(await server.stop(), 0);
      remove();
    }
  });
});

describe("a rolling restart under load loses nothing", () => {
  it("on a listening socket that the old process and the new one have inherited", async () => {
    const listener = createServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address() as AddressInfo;
    const supervisor = ChildServer.supervisor(descriptorOf(listener));
    await once(supervisor.child, "spawn");
    listener.close();
    let server = await supervisor.start();
    const clients = new RequestLoad(port, load);
    try {
      for (let restart = 0; restart < restarts; restart++) {
        await clients.answers(50);
        const next = await supervisor.start();
        assert.equal(await supervisor.end(server), 0);
        server = next;
      }
      await clients.answers(50);
    } finally {
      const { lost, pids } = await clients.stop();
      await supervisor.end(server);
      await supervisor.stop();
      assert.deepEqual(lost, []);
      assert.equal(pids.size, restarts + 1);
    }
  });

  it("of the workers of a node:cluster", async () => {
    const primary = new ChildServer(process.execPath, [servingProgram, "cluster"]);
    const [{ port }] = (await primary.said()).addresses as [AddressInfo];
    const clients = new RequestLoad(port, load);
    try {
      for (let restart = 0; restart < restarts; restart++) {
        await clients.answers(50);
        primary.child.kill("SIGHUP");
        assert.deepEqual(await primary.said<unknown>(), { rolled: true });
      }
      await clients.answers(50);
    } finally {
      const { lost, pids } = await clients.stop();
      assert.equal(await primary.stop(), 0);
      assert.deepEqual(lost, []);
      assert.equal(pids.size, 2 * (restarts + 1));
    }
  });
});
