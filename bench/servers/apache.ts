import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { body } from "../suites/workload.ts";
import type { Served } from "./index.ts";
import { where } from "./listening.ts";

/** Apache's httpd with mod_http2 and a file, in one process, whose time can be told. */
export async function serve(): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), "turnout-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true }));
  const port = await freePort();
  writeFileSync(join(folder, "index.html"), body);
  writeFileSync(join(folder, "httpd.conf"), configuration(folder, port));
  const child = spawn("apache2", ["-X", "-f", join(folder, "httpd.conf")], { stdio: "ignore" });
  process.on("exit", () => child.kill());
  await listens(port);
  return { port, processorMs: () => ticksOf(child.pid!) * 10 };
}

function configuration(folder: string, port: number): string {
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

async function freePort(): Promise<number> {
  const server = createServer().listen(where);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
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
