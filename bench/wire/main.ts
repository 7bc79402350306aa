/*
 * `npm run bench:wire`: each workload against each contender in turn, several rounds; ratios to the ceiling, medians.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { median, spread } from "../support/statistics.ts";
import { type WorkloadName, workloads } from "./workloads.ts";

const ceiling = "node:net";
const contenders = [ceiling, "turnout", "node:http"];
const rounds = Number(process.env["TURNOUT_BENCH_ROUNDS"] ?? 5);
const durationMs = Number(process.env["TURNOUT_BENCH_MS"] ?? 1500);

async function main(): Promise<void> {
  process.stdout.write(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}, ${rounds} rounds\n\n`);
  process.stdout.write(`| workload | ${contenders.join(" | ")} |\n|---|${"---|".repeat(contenders.length)}\n`);
  for (const name of Object.keys(workloads) as WorkloadName[]) {
    process.stdout.write(`${await row(name)}\n`);
  }
}

/** One line of the table: the ceiling's rate, and the others' as ratios to it, taken round by round. */
async function row(name: WorkloadName): Promise<string> {
  const rates = new Map<string, number[]>(contenders.map((contender) => [contender, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      rates.get(contender)!.push(await measure(contender, name));
    }
  }
  const ceilings = rates.get(ceiling)!;
  const cells = contenders.map((contender) => {
    const own = rates.get(contender)!;
    const ratios = own.map((rate, round) => rate / ceilings[round]!);
    return contender === ceiling
      ? `1 (${Math.round(median(own) / 1000)} k/s ±${Math.round(spread(own) / 2)} %)`
      : median(ratios).toFixed(2);
  });
  return `| ${workloads[name].title} | ${cells.join(" | ")} |`;
}

async function measure(contender: string, workload: WorkloadName): Promise<number> {
  const server = start("contender.js", [contender], 0);
  try {
    const port = await line(server);
    const load = start("load.js", [port, workload, String(durationMs)], 1);
    return Number(await line(load));
  } finally {
    server.kill();
    await once(server, "exit");
  }
}

/** Starts a program of this folder, on a core of its own where the system can do that. */
function start(program: string, args: readonly string[], core: number): ChildProcess {
  const script = [fileURLToPath(new URL(program, import.meta.url)), ...args];
  return process.platform === "linux" && cpus().length > 1
    ? spawn("taskset", ["-c", String(core), process.execPath, ...script], { stdio: ["pipe", "pipe", "inherit"] })
    : spawn(process.execPath, script, { stdio: ["pipe", "pipe", "inherit"] });
}

async function line(child: ChildProcess): Promise<string> {
  const ended = once(child, "exit").then(() => Promise.reject(new Error(`${child.spawnargs.join(" ")} ended early`)));
  const said = once(createInterface(child.stdout!), "line") as Promise<[string]>;
  return (await Promise.race([said, ended]))[0];
}

await main();
