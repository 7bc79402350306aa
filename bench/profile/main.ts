/*
 * `npm run bench:profile -- NAME [CONTENDER] [--heap] [--top N]`: where a server's time goes (or what it allocates), by function
 * and by file. A wrong name prints all names.
 */
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Program } from "../support/program.ts";
import { setting } from "../support/rounds.ts";
import { certificateForAll } from "../tls/certificate.ts";
import { byFile, type CpuProfile, type HeapProfile, type Own, selfBytes, selfTimes } from "./self-times.ts";

interface Target {
  readonly folder: "wire" | "websocket" | "http2" | "tls";
  readonly server: string;
  readonly load: (port: string, ms: string) => string[];
}

const wire = (name: string): Target => ({ folder: "wire", server: "turnout", load: (port, ms) => [port, name, ms] });
const webSocket = (name: string): Target => ({ ...wire(name), folder: "websocket" });
const http2 = (name: string): Target => ({
  folder: "http2",
  server: "turnout",
  load: (port, ms) => [port, name, "prior knowledge", "500", ms],
});
const tls = (name: string): Target => ({ ...wire(name), folder: "tls" });

const targets: Readonly<Record<string, Target>> = {
  "keep-alive": wire("keep-alive"),
  pipelined: wire("pipelined"),
  upgrade: wire("upgrade"),
  echo: wire("echo"),
  "ws-handshakes": webSocket("handshakes"),
  "ws-echo-32": webSocket("echo-32"),
  "ws-echo-32x16": webSocket("echo-32x16"),
  "ws-echo-1k": webSocket("echo-1k"),
  "ws-echo-64k": webSocket("echo-64k"),
  "ws-echo-1m": webSocket("echo-1m"),
  "ws-broadcast": webSocket("broadcast"),
  "ws-deflate-1k": webSocket("deflate-1k"),
  "ws-deflate-64k": webSocket("deflate-64k"),
  "h2-streams": http2("doors"),
  "h2-opening": http2("opening"),
  "tls-new": tls("tls-new"),
  "tls-keep-alive": tls("tls-keep-alive"),
};

const durationMs = setting("TURNOUT_BENCH_MS", 4000);
const warmUpMs = 1500;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { heap: { type: "boolean", default: false }, top: { type: "string", default: "40" } },
});
const name = positionals[0] ?? "";
const target = targets[name];
if (target === undefined) {
  throw new Error(`unknown: ${name}; known: ${Object.keys(targets).join(", ")}`);
}

const { folder, server: usual, load } = target;
const file = join(mkdtempSync(join(tmpdir(), "turnout-profile-")), `${name}.${values.heap ? "heap" : "cpu"}profile`);
const env = { ...certificateForAll(), TURNOUT_BENCH_PROFILE: file };
const script = (part: string): URL => new URL(`../${folder}/${part}.js`, import.meta.url);
const flags = ["--import", new URL("profiling.js", import.meta.url).href];
const server = new Program(script("contender"), [positionals[1] ?? usual, name.replace("ws-", "")], {
  core: 0,
  flags,
  env,
});
const client = new Program(script("load"), load(await server.line(), String(warmUpMs + durationMs + 1000)), {
  core: 1,
  env,
});
await delay(warmUpMs);
server.signal("SIGUSR2");
await delay(durationMs);
server.signal("SIGUSR2");
for (let patience = 200; !existsSync(file); patience--) {
  if (patience === 0) {
    throw new Error("no profile was written");
  }
  await delay(50);
}
let said = await client.line();
if (said === "counting") {
  said = await client.line();
}
const perSecond = said.startsWith("{") ? (JSON.parse(said) as { perSecond: number }).perSecond : Number(said);
await client.stop();
await server.stop();

const profile: unknown = JSON.parse(readFileSync(file, "utf8"));
const owns = values.heap ? selfBytes(profile as HeapProfile) : selfTimes(profile as CpuProfile);
const total = owns.reduce((sum, { amount }) => sum + amount, 0);
const exchanges = (perSecond * durationMs) / 1000;
const unit = values.heap ? "bytes" : "ns";
const each = (amount: number): string => ((amount * (values.heap ? 1 : 1000)) / exchanges).toFixed(0);

function print(title: string, lines: readonly Own[]): void {
  process.stdout.write(`\n     %  ${unit.padStart(7)}  ${title}\n`);
  for (const { name: own, place, amount } of lines) {
    const share = ((amount / total) * 100).toFixed(1);
    process.stdout.write(`${share.padStart(6)}  ${each(amount).padStart(7)}  ${own}  ${place}\n`);
  }
}

process.stdout.write(`${name}: ${Math.round(perSecond)} a second, ${each(total)} ${unit} each; ${file}\n`);
print("by function", owns.slice(0, Number(values.top)));
print("by file", byFile(owns).slice(0, 25));
