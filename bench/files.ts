import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../test/support/package-root.ts";
import type { Report } from "./machine/run-suite.ts";
import { barChart } from "./results/bar-chart.ts";
import { groupsOf } from "./results/charted.ts";
import { type Entry, latest, lineOf, readHistory } from "./results/history.ts";
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

/** Draws the chart of what was last measured, both versions. */
export function draw(): void {
  const entry = latest(history());
  if (entry === undefined) {
    return;
  }
  const month = new Date(entry.date).toLocaleDateString("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });
  const caption = `More is better. Medians of ratios within interleaved runs; ${month}, Node ${entry.node}, ${entry.cpu}. How: bench/README.md`;
  drawInto("chart", (theme) => barChart(groupsOf(entry), theme, caption));
}

/** Puts the tables where the READMEs have a place for them. */
export function publish(headline: string, reports: readonly Report[]): void {
  for (const { suite, text } of reports) {
    replace(join(folder, "README.md"), `bench:${suite}`, `${headline}:\n${text}`);
  }
  const entry = latest(history());
  if (entry !== undefined) {
    replace(join(packageRoot, "README.md"), "bench:summary", summaryOf(entry));
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
