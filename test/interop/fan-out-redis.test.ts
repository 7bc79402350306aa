import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { assert } from "chai";
import { requireClient } from "../support/client-program.ts";
import { Conversation } from "../support/clients.ts";
import { type Compiled, compiled } from "../support/compiled.ts";
import { documented } from "../support/documented.ts";
import { documentedHttpHaproxy, proxyPage } from "../support/documented-proxies.ts";
import { Intermediary } from "../support/intermediary.ts";
import { patiently } from "../support/patiently.ts";
import { RawClient, type SeenResponse } from "../support/raw-client.ts";
import { clientFrame, inWords, opcode, openWebSocket, takeFrame } from "../support/websocket-frames.ts";

const clientCount = 40;
const messagesEach = 5;

/** The program of the page, with Redis on a socket of UNIX; it says its port. */
function recipe(redis: string): string {
  return documented(proxyPage, "ts", 'command("SUBSCRIBE"')
    .replace('connect(6379, "127.0.0.1")', `connect(${JSON.stringify(redis)})`)
    .replace(
      "listen({ port: 8080 })",
      'listen({ port: 0, host: "127.0.0.1" }).then((at) => console.log(typeof at === "object" ? at.port : at))',
    );
}

/** One of the servers: a process, and its port. */
async function started(program: string): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
  const [port] = (await once(createInterface(child.stdout!), "line")) as [string];
  return { child, port: Number(port) };
}

/** Asks a server as the proxy would. */
async function asked(port: number, target: string): Promise<SeenResponse> {
  const client = await RawClient.connect(port);
  try {
    return await client.send(`PROXY UNKNOWN\r\nGET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`).response();
  } finally {
    client.stream.destroy();
  }
}

/** Waits until it has subscribed. */
async function readiness(port: number): Promise<void> {
  while ((await asked(port, "/readyz")).status !== 200) {}
}

async function socketsOf(port: number): Promise<number> {
  return Number(/has (\d+) sockets\n$/.exec((await asked(port, "/")).body)?.[1]);
}

describe("two servers behind HAProxy, and Redis, as documented", () => {
  let program: Compiled;
  let folder: string;

  before(function () {
    this.timeout(60_000);
    requireClient(this, "haproxy", "-v");
    requireClient(this, "redis-server", "--version");
    folder = mkdtempSync(join(tmpdir(), "turnout-redis-"));
    program = compiled({ server: recipe(join(folder, "socket")) });
    assert.deepEqual(program.errors, []);
  });

  after(() => {
    program?.remove();
    if (folder !== undefined) {
      rmSync(folder, { recursive: true });
    }
  });

  it(`${clientCount} clients publish ${messagesEach} messages each: every one gets every message once`, async () => {
    const redis = new Conversation("redis-server", [
      ...["--port", "0", "--unixsocket", join(folder, "socket"), "--dir", folder],
      ...["--save", "", "--appendonly", "no"],
    ]);
    const servers: Awaited<ReturnType<typeof started>>[] = [];
    const clients: RawClient[] = [];
    let intermediary: Intermediary | undefined;
    try {
      await patiently(async () => {
        await redis.said(/Ready to accept connections|ready to accept connections/);
        for (let count = 0; count < 2; count++) {
          servers.push(await started(join(program.folder, "server.js")));
        }
        await Promise.all(servers.map(({ port }) => readiness(port)));
        intermediary = await Intermediary.start(documentedHttpHaproxy([servers[0]!.port, servers[1]!.port]));
        for (let count = 0; count < clientCount; count++) {
          const client = await RawClient.connect(intermediary.port);
          await openWebSocket(client);
          clients.push(client);
        }
        const shares = await Promise.all(servers.map(({ port }) => socketsOf(port)));
        assert.deepEqual(shares, [clientCount / 2, clientCount / 2]);
        const sent = clients.flatMap((client, from) =>
          Array.from({ length: messagesEach }, (_, index) => {
            const text = `${index} of ${from}`;
            client.send(clientFrame(opcode.text, text));
            return `text "${text}"`;
          }),
        );
        for (const client of clients) {
          const got: string[] = [];
          while (got.length < sent.length) {
            got.push(inWords(await takeFrame(client)));
          }
          assert.sameMembers(got, sent);
        }
        assert.deepEqual(
          clients.map(({ pending }) => pending),
          clients.map(() => ""),
        );
      });
    } finally {
      for (const { stream } of clients) {
        stream.destroy();
      }
      await intermediary?.stop();
      for (const { child } of servers) {
        child.kill("SIGKILL");
      }
      await redis.stop();
    }
  });
});
