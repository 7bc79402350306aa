/*
 * One server, in a process of its own: `node contender.js NAME`. Says its port on standard output, and upon each line on
 * standard input what it has used.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect, createServer as createNetServer, type Server as NetServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { createServer } from "../../lib/index.ts";
import { Http2Protocol } from "../../protocols/http2/index.ts";
import type { Usage } from "./measurements.ts";
import { body, type ServerName } from "./workloads.ts";

const where = { port: 0, host: "127.0.0.1" };
const headers = { "content-type": "text/plain" };

/** How many milliseconds of a processor the server has used. */
let processorMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const servers: Readonly<Record<ServerName, () => Promise<number>>> = {
  "node:http2": async () => {
    const server = createHttp2Server();
    server.on("stream", (stream, request) => {
      stream.on("error", () => {}); // the client may go while it is answered
      const answer = (): void => {
        stream.respond({ ":status": 200, ...headers, "content-length": body.length });
        stream.end(body);
      };
      if (request[":method"] === "POST") {
        stream.on("end", answer).resume();
      } else {
        answer();
      }
    });
    server.listen(where);
    return portOf(server);
  },
  turnout: () => turnout([new Http2Protocol({ upgrade: "on" })]),
  "turnout alone": () => turnout([]),
  "Apache httpd": async () => {
    const folder = mkdtempSync(join(tmpdir(), "turnout-bench-"));
    process.on("exit", () => rmSync(folder, { recursive: true }));
    const port = await freePort();
    writeFileSync(join(folder, "index.html"), body);
    writeFileSync(join(folder, "httpd.conf"), apacheConfiguration(folder, port));
    // In one process, whose time can be told.
    const child = spawn("apache2", ["-X", "-f", join(folder, "httpd.conf")], { stdio: "ignore" });
    process.on("exit", () => child.kill());
    processorMs = () => ticksOf(child.pid!) * 10;
    await listens(port);
    return port;
  },
};

async function turnout(protocols: Http2Protocol[]): Promise<number> {
  const answer = { headers, body };
  const server = createServer({
    protocols,
    respond: (request) => (request.method === "POST" ? request.bytes().then(() => answer) : answer),
  });
  return ((await server.listen(where)) as AddressInfo).port;
}

function apacheConfiguration(folder: string, port: number): string {
  const modules = ["mpm_event", "authz_core", "dir", "http2"];
  return `
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join("\n")}
ServerRoot ${folder}
PidFile ${folder}/pid
Listen ${where.host}:${port}
ServerName localhost
DocumentRoot ${folder}
ErrorLog /dev/null
Protocols h2c http/1.1
`;
}

async function portOf(server: NetServer): Promise<number> {
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createNetServer().listen(where);
  const port = await portOf(server);
  server.close();
  await once(server, "close");
  return port;
}

/** Waits until somebody listens, who cannot say so. */
async function listens(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect({ port, host: where.host });
    try {
      await once(socket, "connect");
      return;
    } catch {
      await delay(50);
    } finally {
      socket.destroy();
    }
  }
  throw new Error("Apache httpd does not listen");
}

/** What another process has used, in hundredths of a second (proc(5): utime and stime). */
function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
    .replace(/^.*\) /, "")
    .split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

process.stdout.write(`${await servers[process.argv[2] as ServerName]()}\n`);
process.on("SIGTERM", () => process.exit());
const questions = createInterface(process.stdin);
questions.on("close", () => process.exit()); // nobody is left to measure
for await (const _question of questions) {
  const usage: Usage = { ms: performance.now(), processorMs: processorMs() };
  process.stdout.write(`${JSON.stringify(usage)}\n`);
}
