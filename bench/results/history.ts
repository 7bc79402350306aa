import type { Ratio } from "./statistics.ts";

/** Ratios by row and contender. */
export type Ratios = Readonly<Record<string, Readonly<Record<string, Ratio>>>>;

/** One run, as a line of `history.jsonl`: ratios, which can be compared between machines, and nothing absolute. */
export interface Entry {
  /** ISO 8601. */
  readonly date: string;
  /** Node's version. */
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly form: "short" | "full";
  readonly suites: Readonly<Record<string, Ratios>>;
}

export function readHistory(text: string): Entry[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Entry);
}

/** A line, with three digits behind the point. */
export function lineOf(entry: Entry): string {
  const digits = (_key: string, value: unknown): unknown =>
    typeof value === "number" ? Math.round(value * 1000) / 1000 : value;
  return `${JSON.stringify(entry, digits)}\n`;
}

/** 20 of v20.20.2. */
export function majorOf(node: string): number {
  return Number(/^v?(\d+)\./.exec(node)?.[1]);
}

/** What was measured last on each major version of Node, the oldest version first: that is where all contenders run. */
export function latestByMajor(history: readonly Entry[]): Entry[] {
  const majors = [...new Set(history.map(({ node }) => majorOf(node)))].sort((a, b) => a - b);
  return majors.map((major) => latest(history, ({ node }) => majorOf(node) === major)!);
}

/** November 2026. */
export function monthOf({ date }: Pick<Entry, "date">): string {
  return new Date(date).toLocaleDateString("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });
}

/** What each contender gave in each row when it was last measured, of all runs that pass: a run may have had some only. */
export function latest(history: readonly Entry[], passes: (entry: Entry) => boolean = () => true): Entry | undefined {
  const passing = history.filter(passes);
  const suites: Record<string, Record<string, Record<string, Ratio>>> = {};
  for (const [suite, rows] of passing.flatMap((entry) => Object.entries(entry.suites))) {
    suites[suite] ??= {};
    for (const [row, contenders] of Object.entries(rows)) {
      suites[suite][row] = { ...suites[suite][row], ...contenders };
    }
  }
  const last = passing.at(-1);
  return last && { ...last, suites };
}
