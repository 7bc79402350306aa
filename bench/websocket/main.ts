/*
 * `npm run bench:websocket [-- NAME...]`: each workload against each contender in turn, several rounds; medians, and ratios to
 * the first contender. Names of workloads and of contenders choose what is measured.
 */
import { cpus } from "node:os";
import { interleaved, ratio, setting } from "../support/rounds.ts";
import { median, spread } from "../support/statistics.ts";
import { type ContenderName, contenders } from "./contenders/index.ts";
import { type Idle, measureIdle, measureRate, type Rate } from "./measurements.ts";
import { requirePeer } from "./peers.ts";
import { type WorkloadName, workloads, workloadsWhere } from "./workloads.ts";

const rounds = setting("TURNOUT_BENCH_ROUNDS", 3);
const durationMs = setting("TURNOUT_BENCH_MS", 1000);

/** One line: a cell for each contender. */
type Cells = (workload: WorkloadName, names: readonly ContenderName[]) => Promise<string[]>;

interface Table {
  readonly title: string;
  readonly workloads: readonly WorkloadName[];
  /** The others are compared with the first. */
  readonly contenders: readonly ContenderName[];
  readonly cells: Cells;
}

const everyone = Object.keys(contenders) as ContenderName[];

const tables: readonly Table[] = [
  {
    title: "handshakes or messages",
    workloads: workloadsWhere(({ kind, deflate }) => kind !== "idle" && !deflate),
    contenders: everyone,
    cells: rates,
  },
  {
    title: "permessage-deflate, messages",
    workloads: workloadsWhere(({ deflate }) => deflate),
    contenders: ["ws", "turnout"],
    cells: rates,
  },
  {
    title: "resident memory",
    workloads: workloadsWhere(({ kind }) => kind === "idle"),
    contenders: everyone,
    cells: memory,
  },
];

/** By the server's processor time; by the clock, too, where that differs: where somebody else was what it waited for. */
async function rates(workload: WorkloadName, names: readonly ContenderName[]): Promise<string[]> {
  const measured = await interleaved(names, rounds, (name) => measureRate(name, workload, durationMs));
  const [base] = names.map((name) => seriesOf(measured.get(name)!));
  return names.map((name) => {
    const own = seriesOf(measured.get(name)!);
    if (name === names[0]) {
      return `1 (${rounded(median(own.byProcessor))}/s ±${Math.round(spread(own.byProcessor) / 2)} %)`;
    }
    const byProcessor = ratio(own.byProcessor, base!.byProcessor);
    const byClock = ratio(own.byClock, base!.byClock);
    return byProcessor.toFixed(2) + (Math.abs(byClock - byProcessor) < 0.05 ? "" : ` (${byClock.toFixed(2)})`);
  });
}

interface Series {
  readonly byProcessor: readonly number[];
  readonly byClock: readonly number[];
}

function seriesOf(measured: readonly Rate[]): Series {
  return {
    byProcessor: measured.map(({ perSecond, serverBusy }) => perSecond / serverBusy),
    byClock: measured.map(({ perSecond }) => perSecond),
  };
}

/** Once only: it hardly differs from one run to the next. */
async function memory(workload: WorkloadName, names: readonly ContenderName[]): Promise<string[]> {
  const measured = await interleaved(names, 1, (name) => measureIdle(name, workload));
  return names.map((name) => {
    const [{ sockets, bytesPerSocket }] = measured.get(name) as [Idle];
    const fewer =
      sockets < workloads[workload].connections ? ` (${sockets} sockets: a process may open no more files)` : "";
    return `${Math.round(bytesPerSocket)} B${fewer}`;
  });
}

function rounded(rate: number): string {
  return rate < 10_000 ? rate.toFixed(0) : `${(rate / 1000).toFixed(0)} k`;
}

async function main(names: readonly string[]): Promise<void> {
  const known = [...Object.keys(workloads), ...everyone];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(`unknown: ${unknown.join(", ")}; known: ${known.join(", ")}`);
  }
  process.stdout.write(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}, ${rounds} rounds\n`);
  const present = everyone.filter(isPresent);
  for (const table of tables) {
    await print({
      ...table,
      workloads: chosen(table.workloads, names, Object.keys(workloads)),
      contenders: chosen(table.contenders, names, everyone, table.contenders[0]).filter((name) =>
        present.includes(name),
      ),
    });
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

/** Says which contender is left out, and why. */
function isPresent(name: ContenderName): boolean {
  try {
    contenders[name].peers.forEach(requirePeer);
    return true;
  } catch (error) {
    const [reason] = String(error).split("\n");
    process.stdout.write(`left out: ${name} (${reason}); npm ci --prefix bench installs what there is\n`);
    return false;
  }
}

async function print({ title, workloads: names, contenders: columns, cells }: Table): Promise<void> {
  if (names.length === 0) {
    return;
  }
  process.stdout.write(`\n| ${title} | ${columns.join(" | ")} |\n|---|${"---|".repeat(columns.length)}\n`);
  for (const name of names) {
    process.stdout.write(`| ${workloads[name].title} | ${(await cells(name, columns)).join(" | ")} |\n`);
  }
}

await main(process.argv.slice(2));
