import type { AddressInfo } from "node:net";
import { assert } from "chai";
import { createServer, health, type Server } from "turnout";
import { EchoProtocol } from "turnout/echo";
import { requireClient } from "../support/client-program.ts";
import { upgradeTo } from "../support/exchanges.ts";
import { haproxy, Intermediary } from "../support/intermediary.ts";
import { patiently } from "../support/patiently.ts";
import { RawClient } from "../support/raw-client.ts";
import { RequestLoad } from "../support/request-load.ts";

/** A server that answers with its name, and the port on which it does. */
async function named(name: string, drainingStatus: number): Promise<{ server: Server; port: number }> {
  const server = createServer({
    proxy: { from: ["127.0.0.1"] },
    protocols: [new EchoProtocol()],
    respond: health({ drainingStatus }, ({ target }) => ({ body: `${name} ${target}\n` })),
  });
  const { port } = (await server.listen({ port: 0, host: "127.0.0.1" })) as AddressInfo;
  return { server, port };
}

const checks = "send-proxy-v2 check check-send-proxy inter 50 fall 1 rise 1";

describe("HAProxy before two servers, of which one closes under load", () => {
  before(function () {
    requireClient(this, "haproxy", "-v");
  });

  for (const [drainingStatus, option, notice] of [
    [503, "", /Server all\/a is DOWN/],
    [404, "http-check disable-on-404", /Server all\/a is stopp(?:ed|ing)/],
  ] as const) {
    it(`${drainingStatus} from close() on: it gets nothing new, keeps what it has, and nothing is lost`, async () => {
      const [a, b] = [await named("a", drainingStatus), await named("b", drainingStatus)];
      const intermediary = await Intermediary.start(
        haproxy(`listen all
  mode http
  bind fd@3
  balance roundrobin
  retries 0
  option httpchk
  http-check send meth GET uri /readyz ver HTTP/1.0
  ${option}
  server a 127.0.0.1:${a.port} ${checks}
  server b 127.0.0.1:${b.port} ${checks}`),
      );
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
          const report = a.server.close({ delayMs: 60_000 });
          await intermediary.said(notice);
          await clients.answers(50);
          for (const tunnel of tunnels) {
            tunnel.send("still there?\r\n");
            assert.equal(await tunnel.takeUntil("\r\n"), "still there?\r\n");
          }
          void a.server.close();
          assert.deepEqual((await report).switched, { "echo/1": { closed: open, destroyed: 0 } });
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
