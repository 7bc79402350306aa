import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { pinning } from "../machine/program.ts";
import type { Form } from "../machine/rounds.ts";
import type { Report, Wanted } from "../machine/run-suite.ts";
import { tableHead, tableRow } from "../results/markdown.ts";
import { median, type Ratio, ratioOf, spread } from "../results/statistics.ts";
import { requirePeer } from "../servers/peers.ts";
import { corpora, type Delivery } from "./corpora.ts";
import type { Cases, Found, Measured } from "./one-peer.ts";
import { type Level, levels } from "./peer.ts";
import { peers } from "./peers/index.ts";

/*
 * Each peer runs in fresh processes, the peers in turn: whatever slows the machine down slows all of them. Times are medians over
 * the processes; how far these lie apart is told, too.
 */

const onePeer = fileURLToPath(new URL("./one-peer.js", import.meta.url));

type Kind = Cases["kinds"][number];

const whole: readonly Kind[] = levels.map((level) => ({ delivery: "whole", level }));
const cut: readonly Kind[] = (["two chunks", "16 B chunks"] as const).flatMap((delivery) =>
  (["verdict", "three"] as const).map((level) => ({ delivery, level })),
);

/** How a row is called in the history. */
function keyOf(key: string, { delivery, level }: Kind): string {
  const suffixes: Readonly<Record<Delivery, string>> = { whole: "", "two chunks": "/two", "16 B chunks": "/16 B" };
  return `${key}/${level}${suffixes[delivery]}`;
}

/** All rows, as the history calls them. */
export const parserRows: readonly string[] = [...whole, ...cut].flatMap((kind) =>
  corpora.map(({ key }) => keyOf(key, kind)),
);

interface Table {
  readonly kind: Kind;
  readonly title: string;
}

function tablesOf({ name }: Form): Table[] {
  const kinds = name === "full" ? [...whole, ...cut] : whole;
  return kinds.map((kind) => ({ kind, title: `${kind.level}, ${kind.delivery}` }));
}

/** So that nothing is collected while allocations are counted. */
const roomy = ["--expose-gc", "--min-semi-space-size=64", "--max-semi-space-size=64"];

/** What all processes of one peer found. */
type Runs = ReadonlyMap<string, readonly Found[]>;

export async function runParser({ form, names, say }: Wanted): Promise<Report> {
  const present = Object.keys(peers).filter((name) => isPresent(name, say));
  const isNamed = names.some((name) => Object.hasOwn(peers, name));
  const columns = isNamed ? present.filter((name, n) => n === 0 || names.includes(name)) : present;
  const tables = tablesOf(form);
  const kinds = tables.map(({ kind }) => kind);
  const runs = runAll(columns, form.rounds, { kinds, blocks: form.name === "full" ? 8 : 4 }, []);
  checkSums(runs);
  const ratios: Record<string, Record<string, Ratio>> = {};
  let text = "";
  for (const { kind, title } of tables) {
    text += `\n${tableHead([title, ...columns])}`;
    for (const { name, key } of corpora) {
      const series = columns.map((column) => timesOf(runs, column, name, kind));
      text += tableRow([name, ...cells(series)]);
      const own = columns.slice(1).map((column, n) => [column, paceOf(series[n + 1]!, series[0]!)] as const);
      ratios[keyOf(key, kind)] = Object.fromEntries(own);
    }
  }
  const memory = runAll(columns, 1, { kinds: whole, blocks: 3 }, roomy);
  text += startTable(runs, columns) + memoryTable(memory, columns);
  say(text);
  return { suite: "parser", text, ratios };
}

function runAll(columns: readonly string[], rounds: number, cases: Cases, flags: readonly string[]): Runs {
  const runs = new Map<string, Found[]>(columns.map((column) => [column, []]));
  for (let round = 0; round < rounds; round++) {
    for (const column of columns) {
      const args = [...pinning(1), process.execPath, ...flags, onePeer, column, JSON.stringify(cases)];
      const output = execFileSync(args[0]!, args.slice(1), { encoding: "utf8", maxBuffer: 1e8 });
      runs.get(column)!.push(JSON.parse(output) as Found);
    }
  }
  return runs;
}

/** Throws where a peer reads something else than the others. */
function checkSums(runs: Runs): void {
  const sums = new Map<string, number>();
  for (const [peer, found] of runs) {
    for (const { corpus, delivery, level, sum } of found.flatMap(({ cases }) => cases)) {
      const key = `${corpus}, ${delivery}, ${level}`;
      if ((sums.get(key) ?? sum) !== sum) {
        throw new Error(`${key}: ${peer} reads something else than the others`);
      }
      sums.set(key, sum);
    }
  }
}

function timesOf(runs: Runs, column: string, corpus: string, { delivery, level }: Kind): number[] {
  const isIt = (one: Measured): boolean => one.corpus === corpus && one.delivery === delivery && one.level === level;
  return runs.get(column)!.map(({ cases }) => cases.find(isIt)!.each);
}

/** How many times as fast. */
function paceOf(own: readonly number[], base: readonly number[]): Ratio {
  return ratioOf(
    own.map((ns) => 1 / ns),
    base.map((ns) => 1 / ns),
  );
}

function cells([base, ...others]: readonly (readonly number[])[]): string[] {
  return [
    `1 (${median(base!).toFixed(0)} ns ±${Math.round(spread(base!) / 2)} %)`,
    ...others.map((own) => `${paceOf(own, base!)[1].toFixed(2)} (${median(own).toFixed(0)} ns)`),
  ];
}

/** The first heads of a process, and how far the processes lie apart. */
function startTable(runs: Runs, columns: readonly string[]): string {
  const all = columns.map((column) => runs.get(column)!);
  const ns = (found: readonly Found[], which: 0 | 1): string =>
    `${(median(found.map(({ coldNs }) => coldNs[which])) / 1000).toFixed(1)} µs`;
  const worst = (column: string): string => {
    const slowest = corpora.map(({ name }) => {
      const times = timesOf(runs, column, name, { delivery: "whole", level: "verdict" });
      return Math.max(...times) / median(times);
    });
    return Math.max(...slowest).toFixed(2);
  };
  return (
    `\n${tableHead(["fresh processes", ...columns])}` +
    tableRow(["modern browser, three, the very first head", ...all.map((found) => ns(found, 0))]) +
    tableRow(["the first thousand, each", ...all.map((found) => ns(found, 1))]) +
    tableRow(["verdict, the slowest process to the median, the worst corpus", ...columns.map(worst)])
  );
}

function memoryTable(runs: Runs, columns: readonly string[]): string {
  const row = (level: Level): string => {
    const bytes = columns.map((column) =>
      timesOf(runs, column, "modern browser, cookies", { delivery: "whole", level }),
    );
    return tableRow([level, ...bytes.map((seen) => `${Math.round(median(seen))} B`)]);
  };
  return `\n${tableHead(["heap of V8 given out a head, modern browser", ...columns])}${levels.map(row).join("")}`;
}

/** Says which peer is left out, and why. */
function isPresent(name: string, say: (text: string) => void): boolean {
  const { peer } = peers[name]!;
  try {
    if (peer !== undefined) {
      requirePeer(peer);
    }
    return true;
  } catch {
    say(`\nleft out: ${name} (${peer} is not installed); npm ci --prefix bench installs what there is\n`);
    return false;
  }
}
