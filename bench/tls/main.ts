/*
 * `npm run bench:tls [-- NAME...]`: each workload against each contender in turn, several rounds; medians, and ratios to the
 * first contender. Names of workloads and of contenders choose what is measured.
 */
import { cpus } from "node:os";
import { interleaved, ratio, setting } from "../support/rounds.ts";
import { median, spread } from "../support/statistics.ts";
import { certificateForAll } from "./certificate.ts";
import { measure, type Seen } from "./measurements.ts";
import { type ContenderName, type Table, tables, type WorkloadName, workloads } from "./workloads.ts";

const rounds = setting("TURNOUT_BENCH_ROUNDS", 3);
const circumstances = { env: certificateForAll(), durationMs: setting("TURNOUT_BENCH_MS", 1000) };

interface Series {
  readonly byProcessor: readonly number[];
  readonly byClock: readonly number[];
}

function seriesOf(seen: readonly Seen[]): Series {
  return {
    byProcessor: seen.map(({ perSecond, serverBusy }) => perSecond / serverBusy),
    byClock: seen.map(({ perSecond }) => perSecond),
  };
}

/** By the server's processor time; by the clock, too, where that differs: where somebody else was what it waited for. */
function cells(seen: readonly (readonly Seen[])[]): string[] {
  const [base, ...others] = seen.map(seriesOf) as [Series, ...Series[]];
  return [
    `1 (${rounded(median(base.byProcessor))}/s ±${Math.round(spread(base.byProcessor) / 2)} %)`,
    ...others.map((own) => {
      const byProcessor = ratio(own.byProcessor, base.byProcessor);
      const byClock = ratio(own.byClock, base.byClock);
      return byProcessor.toFixed(2) + (Math.abs(byClock - byProcessor) < 0.05 ? "" : ` (${byClock.toFixed(2)})`);
    }),
  ];
}

/** How busy server and clients were at the first contender. */
function busy([base]: readonly (readonly Seen[])[]): string {
  const server = median(base!.map(({ serverBusy }) => serverBusy));
  const clients = median(base!.map(({ clientBusy }) => clientBusy));
  return `${Math.round(server * 100)} %, ${Math.round(clients * 100)} %`;
}

function rounded(rate: number): string {
  return rate < 10_000 ? rate.toFixed(0) : `${(rate / 1000).toFixed(0)} k`;
}

async function row(name: WorkloadName, columns: readonly ContenderName[]): Promise<string> {
  const measured = await interleaved(columns, rounds, (contender) => measure(contender, name, circumstances));
  const seen = columns.map((contender) => measured.get(contender)!);
  return `| ${[workloads[name].title, ...cells(seen), busy(seen)].join(" | ")} |\n`;
}

async function print(table: Table, names: readonly string[]): Promise<void> {
  const everyone = Object.keys(table.contenders) as ContenderName[];
  const rows = chosen(table.workloads, names, Object.keys(workloads));
  const columns = chosen(everyone, names, everyone, everyone[0]);
  if (rows.length === 0) {
    return;
  }
  const titles = [...columns.map((name) => table.contenders[name]!), "busy: server, clients"];
  process.stdout.write(`\n| ${table.title} | ${titles.join(" | ")} |\n|---|${"---|".repeat(titles.length)}\n`);
  for (const name of rows) {
    process.stdout.write(await row(name, columns));
  }
}

/** Those that are named, and one that always is; all where none of its sort is named. */
function chosen<T extends string>(
  all: readonly T[],
  names: readonly string[],
  sort: readonly string[],
  always?: T,
): T[] {
  return names.some((name) => sort.includes(name))
    ? all.filter((one) => names.includes(one) || one === always)
    : [...all];
}

async function main(names: readonly string[]): Promise<void> {
  const known = [...Object.keys(workloads), ...tables.flatMap(({ contenders }) => Object.keys(contenders))];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(`unknown: ${unknown.join(", ")}; known: ${known.join(", ")}`);
  }
  process.stdout.write(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}, ${rounds} rounds\n`);
  for (const table of tables) {
    await print(table, names);
  }
}

await main(process.argv.slice(2));
