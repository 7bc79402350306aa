import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../test/support/package-root.ts";
import type { Report } from "./machine/run-suite.ts";
import { barChart } from "./results/bar-chart.ts";
import { groupsOf } from "./results/charted.ts";
import { type Entry, latestByMajor, lineOf, monthOf, readHistory } from "./results/history.ts";
import { published } from "./results/markdown.ts";
import { summaryOf } from "./results/summary.ts";
import { type Theme, themes } from "./results/svg.ts";

const folder = join(packageRoot, "bench");
const historyFile = join(folder, "history.jsonl");

export function history(): Entry[] {
  return existsSync(historyFile) ? readHistory(readFileSync(historyFile, "utf8")) : [];
}

/** Adds a run to the history. */
export function record(about: Omit<Entry, "suites">, reports: readonly Report[]): void {
  const suites = Object.fromEntries(reports.map(({ suite, ratios }) => [suite, ratios]));
  writeFileSync(historyFile, lineOf({ ...about, suites }), { flag: "a" });
}

/** Shows what was last measured: the chart, both versions, and the figures beside it in the package's README. */
export function show(): void {
  const entries = latestByMajor(history());
  const [entry] = entries;
  if (entry === undefined) {
    return;
  }
  const caption = `More is better. Medians of ratios within interleaved runs; ${monthOf(entry)}, Node ${entry.node}, ${entry.cpu}. How: bench/README.md`;
  drawInto("chart", (theme) => barChart(groupsOf(entry), theme, caption));
  replace(join(packageRoot, "README.md"), "bench:summary", summaryOf(entries));
}

/** Puts the tables where the benches' README has a place for them. */
export function publish(headline: string, reports: readonly Report[]): void {
  for (const { suite, text } of reports) {
    replace(join(folder, "README.md"), `bench:${suite}`, `${headline}:\n${text}`);
  }
}

/** Draws into the folder of the benches, for light and dark pages. */
export function drawInto(name: string, drawn: (theme: Theme) => string): void {
  for (const [version, theme] of Object.entries(themes)) {
    writeFileSync(join(folder, `${name}-${version}.svg`), drawn(theme));
  }
}

function replace(file: string, name: string, text: string): void {
  writeFileSync(file, published(readFileSync(file, "utf8"), name, text));
}
