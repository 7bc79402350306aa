/*
 * `npm run bench:wire`: each workload against each contender in turn, several rounds; ratios to the ceiling, medians.
 */
import { cpus } from "node:os";
import { Program } from "../support/program.ts";
import { interleaved, ratio, setting } from "../support/rounds.ts";
import { median, spread } from "../support/statistics.ts";
import { type WorkloadName, workloads } from "./workloads.ts";

const ceiling = "node:net";
const contenders = [ceiling, "turnout", "node:http"];
const rounds = setting("TURNOUT_BENCH_ROUNDS", 5);
const durationMs = setting("TURNOUT_BENCH_MS", 1500);

async function main(): Promise<void> {
  process.stdout.write(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}, ${rounds} rounds\n\n`);
  process.stdout.write(`| workload | ${contenders.join(" | ")} |\n|---|${"---|".repeat(contenders.length)}\n`);
  for (const name of Object.keys(workloads) as WorkloadName[]) {
    process.stdout.write(`${await row(name)}\n`);
  }
}

/** One line of the table: the ceiling's rate, and the others' as ratios to it. */
async function row(name: WorkloadName): Promise<string> {
  const rates = await interleaved(contenders, rounds, (contender) => measure(contender, name));
  const ceilings = rates.get(ceiling)!;
  const cells = contenders.map((contender) =>
    contender === ceiling
      ? `1 (${Math.round(median(ceilings) / 1000)} k/s ±${Math.round(spread(ceilings) / 2)} %)`
      : ratio(rates.get(contender)!, ceilings).toFixed(2),
  );
  return `| ${workloads[name].title} | ${cells.join(" | ")} |`;
}

async function measure(contender: string, workload: WorkloadName): Promise<number> {
  const server = new Program(new URL("contender.js", import.meta.url), [contender], { core: 0 });
  try {
    const port = await server.line();
    const load = new Program(new URL("load.js", import.meta.url), [port, workload, String(durationMs)], { core: 1 });
    return Number(await load.line());
  } finally {
    await server.stop();
  }
}

await main();
