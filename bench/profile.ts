/*
 * `npm run bench:profile -- ROW [CONTENDER] [--heap] [--top N]`: where a server's time goes, or what it allocates, by function and
 * by file. A wrong name prints all names.
 */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Counted } from "./clients/client.ts";
import { serving, startLoad } from "./machine/measure.ts";
import { setting } from "./machine/rounds.ts";
import { byFile, type CpuProfile, type HeapProfile, type Own, selfBytes, selfTimes } from "./results/self-times.ts";
import { suites } from "./suites/index.ts";
import type { Contender, Table } from "./suites/suite.ts";
import type { Workload } from "./suites/workload.ts";

interface Profiled {
  readonly perSecond: number;
  readonly owns: readonly Own[];
}

async function profile(
  contender: Contender,
  workload: Workload,
  { file, heap }: { readonly file: string; readonly heap: boolean },
): Promise<Profiled> {
  const durationMs = setting("TURNOUT_BENCH_MS", 4000);
  return serving(contender, workload, async (server, task) => {
    const load = startLoad({ ...task, durationMs: durationMs + 1000 });
    try {
      await load.line();
      await server.ask(heap ? "profile heap" : "profile cpu");
      await delay(durationMs);
      await server.ask(`profile to ${file}`);
      const { perSecond } = JSON.parse(await load.line()) as Counted;
      const seen: unknown = JSON.parse(readFileSync(file, "utf8"));
      return { perSecond, owns: heap ? selfBytes(seen as HeapProfile) : selfTimes(seen as CpuProfile) };
    } finally {
      await load.stop();
    }
  });
}

function print({ perSecond, owns }: Profiled, heap: boolean, top: number): void {
  const exchanges = (perSecond * setting("TURNOUT_BENCH_MS", 4000)) / 1000;
  const each = (amount: number): string => ((amount * (heap ? 1 : 1000)) / exchanges).toFixed(0);
  const unit = heap ? "bytes" : "ns";
  const total = owns.reduce((sum, { amount }) => sum + amount, 0);
  const list = (title: string, lines: readonly Own[]): void => {
    process.stdout.write(`\n     %  ${unit.padStart(7)}  ${title}\n`);
    for (const { name, place, amount } of lines) {
      const share = ((amount / total) * 100).toFixed(1);
      process.stdout.write(`${share.padStart(6)}  ${each(amount).padStart(7)}  ${name}  ${place}\n`);
    }
  };
  process.stdout.write(`${Math.round(perSecond)} a second, ${each(total)} ${unit} each\n`);
  list("by function", owns.slice(0, top));
  list("by file", byFile(owns).slice(0, 25));
}

/** The table that has the row and, unless it is Turnout's own, the contender. */
function find(row: string, contender: string | undefined): { table: Table; name: string } {
  const tables = suites.flatMap((suite) => suite.tables).filter(({ rows }) => rows[row]?.does !== undefined);
  for (const table of tables) {
    const names = Object.keys(table.contenders);
    const name = names.find((one) => (contender === undefined ? one.startsWith("turnout") : one === contender));
    if (name !== undefined && table.rows[row]!.client === "own") {
      return { table, name };
    }
  }
  const all = suites.flatMap((suite) => suite.tables);
  const rows = all.flatMap((table) => Object.entries(table.rows).filter(([, { client }]) => client === "own"));
  const contenders = new Set(all.flatMap((table) => Object.keys(table.contenders)));
  throw new Error(
    `no such profile; rows: ${rows.map(([name]) => name).join(" ")}; contenders: ${[...contenders].join("; ")}`,
  );
}

process.stdout.on("error", () => process.exit()); // whoever reads has seen enough
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { heap: { type: "boolean", default: false }, top: { type: "string", default: "40" } },
});
const [row = "", contender] = positionals;
const { table, name } = find(row, contender);
const ending = values.heap ? "heapprofile" : "cpuprofile";
const file = join(mkdtempSync(join(tmpdir(), "turnout-profile-")), `${row}.${ending}`);
process.stdout.write(`${name}, ${table.rows[row]!.title}; ${file}\n`);
print(
  await profile(table.contenders[name]!, table.rows[row]!, { file, heap: values.heap }),
  values.heap,
  Number(values.top),
);
