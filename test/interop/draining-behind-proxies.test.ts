import type { AddressInfo } from "node:net";
import { assert } from "chai";
import { createServer, health, type Server } from "turnout";
import { EchoProtocol } from "turnout/echo";
import { requireClient } from "../support/client-program.ts";
import {
  documentedHttpHaproxy,
  documentedHttpNginx,
  documentedTcpHaproxy,
  type Ports,
} from "../support/documented-proxies.ts";
import { upgradeTo } from "../support/exchanges.ts";
import { haproxy, Intermediary, type Recipe } from "../support/intermediary.ts";
import { patiently } from "../support/patiently.ts";
import { RawClient } from "../support/raw-client.ts";
import { RequestLoad } from "../support/request-load.ts";

/** How the proxy is made, and what it says when it has seen that the first server is closing. */
interface Setting {
  readonly title: string;
  readonly program: string;
  readonly drainingStatus: number;
  readonly recipe: (ports: Ports) => Recipe;
  /** Undefined: it does not ask, and the server closes at once. */
  readonly notice: RegExp | undefined;
}

const settings: readonly Setting[] = [
  {
    title: "HAProxy, mode http, as documented: 404",
    program: "haproxy",
    drainingStatus: 404,
    recipe: documentedHttpHaproxy,
    notice: /Server app\/a is stopp(?:ed|ing)/,
  },
  {
    title: "HAProxy, mode tcp, as documented: 404",
    program: "haproxy",
    drainingStatus: 404,
    recipe: documentedTcpHaproxy,
    notice: /Server all\/a is stopp(?:ed|ing)/,
  },
  {
    title: "HAProxy that does not know of 404: 503",
    program: "haproxy",
    drainingStatus: 503,
    recipe: ([a, b]) =>
      haproxy(`listen all
  mode http
  bind fd@3
  retries 0
  option httpchk GET /readyz
  default-server send-proxy-v2 check check-send-proxy inter 50 fall 1 rise 1
  server a 127.0.0.1:${a}
  server b 127.0.0.1:${b}`),
    notice: /Server all\/a is DOWN/,
  },
  {
    title: "nginx, http, as documented, which does not ask",
    program: "nginx",
    drainingStatus: 404,
    recipe: documentedHttpNginx,
    notice: undefined,
  },
];

/** A server that answers with its name, and the port on which it does. */
async function named(
  name: string,
  { drainingStatus, program }: Pick<Setting, "drainingStatus" | "program">,
  at = 0,
): Promise<{ server: Server; port: number }> {
  const server = createServer({
    proxy: { from: program === "haproxy" ? ["127.0.0.1"] : [] },
    protocols: [new EchoProtocol()],
    respond: health({ drainingStatus }, ({ target }) => ({ body: `${name} ${target}\n` })),
  });
  const { port } = (await server.listen({ port: at, host: "127.0.0.1" })) as AddressInfo;
  return { server, port };
}

describe("two servers behind a proxy, of which one closes under load: it keeps what it has, and nothing is lost", () => {
  for (const setting of settings) {
    it(setting.title, async function () {
      requireClient(this, setting.program, "-v");
      const [a, b] = [await named("a", setting), await named("b", setting)];
      const intermediary = await Intermediary.start(setting.recipe([a.port, b.port]));
      const clients = new RequestLoad(intermediary.port, { fresh: 4, keeping: 2 });
      const tunnels: RawClient[] = [];
      try {
        await patiently(async () => {
          await clients.answers(50);
          while (a.server.stats().switched["echo/1"] === undefined) {
            const tunnel = await RawClient.connect(intermediary.port); // to the one or the other
            tunnels.push(tunnel);
            tunnel.stream.once("end", () => tunnel.end());
            await tunnel.send(upgradeTo("echo/1")).takeUntil("\r\n\r\nGET /x\r\n");
          }
          const { open } = a.server.stats().switched["echo/1"]!;
          if (setting.notice !== undefined) {
            void a.server.close({ delayMs: 60_000 });
            await intermediary.said(setting.notice);
            await clients.answers(50);
            for (const tunnel of tunnels) {
              tunnel.send("still there?\r\n");
              assert.equal(await tunnel.takeUntil("\r\n"), "still there?\r\n");
            }
          }
          const { switched } = await a.server.close();
          assert.deepEqual(switched, { "echo/1": { closed: open, destroyed: 0 } });
          await clients.answers(50);
        });
      } finally {
        const { lost, pids } = await clients.stop();
        for (const { stream } of tunnels) {
          stream.destroy();
        }
        await intermediary.stop();
        await a.server.close({ graceMs: 0 });
        await b.server.close({ graceMs: 0 });
        assert.deepEqual(lost, []);
        assert.deepEqual([...pids].sort(), ["a", "b"]);
        assert.deepEqual([a.server.stats().refused, b.server.stats().refused], [{}, {}]);
      }
    });
  }
});

describe("a rolling restart of two servers behind HAProxy under load", () => {
  it("one after the other drains, ends, and is there again: no request is lost", async function () {
    requireClient(this, "haproxy", "-v");
    const setting = { drainingStatus: 404, program: "haproxy" };
    const running = [await named("a", setting), await named("b", setting)];
    const [a, b] = running.map(({ port }) => port) as [number, number];
    const intermediary = await Intermediary.start(documentedHttpHaproxy([a, b]));
    const clients = new RequestLoad(intermediary.port, { fresh: 4, keeping: 2 });
    try {
      await patiently(async () => {
        await clients.answers(50);
        for (const [index, name] of ["a", "b"].entries()) {
          const { server, port } = running[index]!;
          void server.close({ delayMs: 60_000 });
          await intermediary.said(new RegExp(`Server app/${name} is stopp(?:ed|ing)`));
          await clients.answers(50);
          await server.close();
          running[index] = await named(`${name}2`, setting, port);
          await intermediary.said(new RegExp(`Server app/${name} is UP`));
          await clients.answers(50);
        }
      });
    } finally {
      const { lost, pids } = await clients.stop();
      await intermediary.stop();
      for (const { server } of running) {
        await server.close({ graceMs: 0 });
      }
      assert.deepEqual(lost, []);
      assert.includeMembers([...pids], ["a", "b", "a2"]);
    }
  });
});
