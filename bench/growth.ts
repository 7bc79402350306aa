/*
 * `npm run bench:growth [-- --draw]`: what a request costs of the server's processor as connections, pipelines, heads, chunks and
 * modules grow. Writes growth.json, and draws it; `--draw` draws again what was measured last.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../test/support/package-root.ts";
import { drawInto } from "./files.ts";
import { measure } from "./machine/measure.ts";
import { formOf, interleaved } from "./machine/rounds.ts";
import { bytesCut } from "./parser/bytes-cut.ts";
import { lineChart, type Panel } from "./results/line-chart.ts";
import { tableHead, tableRow } from "./results/markdown.ts";
import { median } from "./results/statistics.ts";
import { headline } from "./run.ts";
import { type Growth, growths } from "./suites/growth.ts";

interface Grown {
  readonly headline: string;
  readonly panels: readonly Panel[];
}

const file = join(packageRoot, "bench", "growth.json");
const form = formOf("short");

/** Microseconds of the server's processor that a request takes, for each size and contender; all of them in turn. */
async function grow({ title, grows, logarithmic, sizes, contenders, workload }: Growth): Promise<Panel> {
  const steps = sizes.flatMap((size) => Object.keys(contenders).map((name) => ({ size, name })));
  const measured = await interleaved(
    steps.map((step) => JSON.stringify(step)),
    form.rounds,
    async (step) => {
      const { size, name } = JSON.parse(step) as (typeof steps)[number];
      const { perSecond, serverBusy } = await measure(contenders[name]!(size), workload(size), form.durationMs);
      return (serverBusy / perSecond) * 1e6;
    },
  );
  const lines = Object.keys(contenders).map((name) => ({
    name,
    points: sizes.map((size) => ({ x: size, y: median(measured.get(JSON.stringify({ size, name }))!) })),
  }));
  return { title, grows, unit: "µs", logarithmic, lines };
}

function tableOf({ title, unit, lines }: Panel): string {
  const sizes = lines[0]!.points.map(({ x }) => x.toLocaleString("en-GB"));
  const cells = lines.map(({ name, points }) =>
    tableRow([name, ...points.map(({ y }) => `${y.toPrecision(3)} ${unit}`)]),
  );
  return `\n${tableHead([title, ...sizes])}${cells.join("")}`;
}

if (!process.argv.includes("--draw")) {
  const panels: Panel[] = [];
  for (const growth of growths) {
    panels.push(await grow(growth));
    process.stdout.write(tableOf(panels.at(-1)!));
  }
  panels.push(bytesCut(form.rounds));
  process.stdout.write(tableOf(panels.at(-1)!));
  writeFileSync(file, `${JSON.stringify({ headline: headline(form), panels }, null, 1)}\n`);
}
const grown = JSON.parse(readFileSync(file, "utf8")) as Grown;
drawInto("growth", (theme) =>
  lineChart("What a request costs as something grows", grown.panels, theme, grown.headline),
);
