import { groupsOf, series } from "./charted.ts";
import { type Entry, majorOf, monthOf } from "./history.ts";
import { tableHead, tableRow } from "./markdown.ts";

/** What is told of one version of Node: a column for each of the series that was measured. */
interface Columns {
  readonly titles: readonly string[];
  /** By label of a row. */
  readonly cells: ReadonlyMap<string, readonly string[]>;
}

/**
 * What the package's README says about speed: the figures of the chart, and the parser's beside the others'. `entries` are what
 * was measured on each version of Node, at least one; the first is the chart's.
 */
export function summaryOf(entries: readonly Entry[]): string {
  const [first, ...others] = entries as readonly [Entry, ...Entry[]];
  const columns = entries.map((entry) => columnsOf(entry, entry === first ? "" : `, Node ${majorOf(entry.node)}`));
  const head = ["to a bare `node:net` server", ...columns.flatMap(({ titles }) => titles)];
  const rows = groupsOf(first).map(({ label }) => [
    label,
    ...columns.flatMap(({ titles, cells }) => cells.get(label) ?? titles.map(() => "")),
  ]);
  const versions = [first, ...others].map(({ node }) => node).join(" and ");
  return [
    `${monthOf(first)}, ${first.cores} cores of ${first.cpu}, Node ${versions}; exchanges by processor time of the server:\n\n`,
    tableHead(head),
    ...rows.map(tableRow),
    parserLine(entries),
  ].join("");
}

function columnsOf(entry: Entry, suffix: string): Columns {
  const groups = groupsOf(entry);
  const measured = series.map((_, at) => at).filter((at) => groups.some(({ values }) => values[at] !== undefined));
  return {
    titles: measured.map((at) => `${series[at]!.title}${suffix}`),
    cells: new Map(groups.map(({ label, values }) => [label, measured.map((at) => values[at]?.toFixed(2) ?? "")])),
  };
}

function parserLine(entries: readonly Entry[]): string {
  const known = entries.flatMap((entry) => {
    const times = ["verdict", "three", "all"].map(
      (level) => entry.suites["parser"]?.[`modern/${level}`]?.["turnout"]?.[1],
    );
    return times.includes(undefined) ? [] : [{ entry, times: times.map((one) => one!.toFixed(1)) }];
  });
  const [first, ...others] = known;
  if (first === undefined) {
    return "";
  }
  const [verdict, three, all] = first.times;
  const more = others.map(({ entry, times }) => `; on Node ${majorOf(entry.node)} ${times.join(", ")}`).join("");
  return (
    `\nThe parser checks a browser's request head ${verdict} times as fast as Node's own (llhttp); ` +
    `with three fields read ${three} times, with all of them ${all} times${more}.\n`
  );
}
