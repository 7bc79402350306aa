import { groupsOf, series } from "./charted.ts";
import type { Entry } from "./history.ts";
import { tableHead, tableRow } from "./markdown.ts";

/** What the package's README says about speed: the figures of the chart, and the parser's beside the others'. */
export function summaryOf(entry: Entry): string {
  const groups = groupsOf(entry).map(({ label, values }) => [label, ...values.map((value) => value?.toFixed(2) ?? "")]);
  const columns = ["to a bare `node:net` server", ...series.map(({ title }) => title)];
  return tableHead(columns) + groups.map(tableRow).join("") + parserLine(entry);
}

function parserLine({ suites }: Entry): string {
  const row = (level: string): number | undefined => suites["parser"]?.[`modern/${level}`]?.["turnout"]?.[1];
  const [verdict, three, all] = ["verdict", "three", "all"].map(row);
  if (verdict === undefined || three === undefined || all === undefined) {
    return "";
  }
  return (
    `\nThe parser checks a browser's request head ${verdict.toFixed(1)} times as fast as Node's own (llhttp); ` +
    `with three fields read ${three.toFixed(1)} times, with all of them ${all.toFixed(1)} times.\n`
  );
}
