/*
 * `npm run bench:http2 [-- NAME...]`: each workload against each contender in turn, several rounds; medians, and ratios to the
 * first contender. Names of workloads choose what is measured.
 */
import { cpus } from "node:os";
import { interleaved, ratio, setting } from "../support/rounds.ts";
import { median, spread } from "../support/statistics.ts";
import { isInstalled } from "./h2load.ts";
import { measure, type Seen } from "./measurements.ts";
import { type ContenderName, contenders, type Table, tables, type WorkloadName, workloads } from "./workloads.ts";

const rounds = setting("TURNOUT_BENCH_ROUNDS", 5);
const durationMs = setting("TURNOUT_BENCH_MS", 1500);

/** By the server's processor time; by the clock, too, where that differs: where the client was what was waited for. */
function rateCells(seen: readonly (readonly Seen[])[]): string[] {
  const series = seen.map((measured) => ({
    byProcessor: measured.map(({ perSecond, serverBusy }) => perSecond / serverBusy),
    byClock: measured.map(({ perSecond }) => perSecond),
  }));
  const [base] = series;
  return series.map((own) => {
    if (own === base) {
      return `1 (${rounded(median(own.byProcessor))}/s ±${Math.round(spread(own.byProcessor) / 2)} %)`;
    }
    const byProcessor = ratio(own.byProcessor, base!.byProcessor);
    const byClock = ratio(own.byClock, base!.byClock);
    return byProcessor.toFixed(2) + (Math.abs(byClock - byProcessor) < 0.05 ? "" : ` (${byClock.toFixed(2)})`);
  });
}

function timeCells(seen: readonly (readonly Seen[])[]): string[] {
  return seen.map((measured) => `${median(measured.map(({ medianMs }) => medianMs)).toFixed(2)} ms`);
}

function rounded(rate: number): string {
  return rate < 10_000 ? rate.toFixed(0) : `${(rate / 1000).toFixed(0)} k`;
}

async function row(name: WorkloadName, columns: readonly ContenderName[]): Promise<string> {
  const measured = await interleaved(columns, rounds, (contender) => measure(contender, name, durationMs));
  const seen = columns.map((contender) => measured.get(contender)!);
  const cells = workloads[name].tells === "time" ? timeCells(seen) : rateCells(seen);
  return `| ${workloads[name].title} | ${cells.join(" | ")} |\n`;
}

async function print({ title, workloads: rows, contenders: columns }: Table): Promise<void> {
  if (rows.length === 0) {
    return;
  }
  const titles = columns.map((name) => contenders[name].title);
  process.stdout.write(`\n| ${title} | ${titles.join(" | ")} |\n|---|${"---|".repeat(columns.length)}\n`);
  for (const name of rows) {
    process.stdout.write(await row(name, columns));
  }
}

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !Object.hasOwn(workloads, name));
  if (unknown.length > 0) {
    throw new Error(`unknown: ${unknown.join(", ")}; known: ${Object.keys(workloads).join(", ")}`);
  }
  process.stdout.write(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}, ${rounds} rounds\n`);
  const hasH2load = isInstalled("h2load", "--version");
  const hasApache = isInstalled("apache2", "-v");
  for (const [program, installed] of Object.entries({ h2load: hasH2load, "Apache httpd": hasApache })) {
    if (!installed) {
      process.stdout.write(`left out: what needs ${program}, which is not installed\n`);
    }
  }
  for (const table of tables) {
    await print({
      ...table,
      workloads: table.workloads.filter(
        (name) => (names.length === 0 || names.includes(name)) && (hasH2load || workloads[name].client !== "h2load"),
      ),
      contenders: table.contenders.filter((name) => hasApache || name !== "apache"),
    });
  }
}

await main(process.argv.slice(2));
