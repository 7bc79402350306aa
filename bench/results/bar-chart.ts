import { type Group, series } from "./charted.ts";
import { clearText, element, legend, picture, type Theme, text, ticks } from "./svg.ts";

/** A bar with its number, as it stands in the picture. */
export interface Bar {
  readonly series: number;
  readonly value: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

export interface Layout {
  readonly height: number;
  /** The top of the first bar, and the bottom of the last one. */
  readonly top: number;
  readonly bottom: number;
  readonly ticks: readonly number[];
  readonly labels: readonly { readonly y: number; readonly label: string }[];
  readonly bars: readonly Bar[];
}

const width = 880;
const left = 216;
const right = width - 56;
const top = 96;
const barHeight = 13;
const barGap = 2;
const groupGap = 15;

export function xOf(value: number, greatest: number): number {
  return left + (value / greatest) * (right - left);
}

/** Where everything is. Bars lie, so that the labels of the groups have room and are read as text is. */
export function layoutOf(groups: readonly Group[]): Layout {
  const values = groups.flatMap((group) => group.values.flatMap((value) => (value === undefined ? [] : [value])));
  const scale = ticks(Math.max(1.2, ...values), 6);
  const greatest = scale.at(-1)!;
  const bars: Bar[] = [];
  const labels: { y: number; label: string }[] = [];
  let y = top;
  for (const group of groups) {
    const start = y;
    group.values.forEach((value, n) => {
      if (value !== undefined) {
        bars.push({ series: n, value, x: left, y, width: xOf(value, greatest) - left });
        y += barHeight + barGap;
      }
    });
    labels.push({ y: (start + y - barGap) / 2, label: group.label });
    y += groupGap;
  }
  const bottom = y - groupGap - barGap;
  return { height: bottom + 62, top, bottom, ticks: scale, labels, bars };
}

/** Groups of bars; the ceiling is a line at 1. */
export function barChart(groups: readonly Group[], theme: Theme, caption: string): string {
  const layout = layoutOf(groups);
  const title = "Requests and messages per second of the server's processor time";
  const description = groups
    .map(({ label, values }) => `${label}: ${values.map((value) => value?.toFixed(2) ?? "none").join(", ")}`)
    .join("; ");
  return picture(
    { width, height: layout.height },
    { title, description: `${series.map((one) => one.title).join(", ")}. ${description}` },
    theme,
    text({ x: 24, y: 34 }, title, { size: 17, bold: true, fill: theme.text }) +
      legend(
        series.map((one) => one.title),
        { x: 24, y: 61 },
        theme,
      ) +
      grid(layout, theme) +
      ceiling(layout, theme) +
      layout.bars.map((bar) => drawn(bar, theme)).join("") +
      layout.labels
        .map(({ y, label }) => text({ x: left - 12, y: y + 4 }, label, { size: 13, anchor: "end", fill: theme.text }))
        .join("") +
      text({ x: 24, y: layout.height - 14 }, caption, { size: 11, fill: theme.faint }),
  );
}

function grid({ ticks: scale, top: from, bottom: to }: Layout, theme: Theme): string {
  return scale
    .map((tick) => {
      const x = xOf(tick, scale.at(-1)!);
      const line = element("line", { x1: x, y1: from - 6, x2: x, y2: to + 6, stroke: theme.line, "stroke-width": 1 });
      return line + text({ x, y: to + 22 }, `${tick}`, { anchor: "middle", fill: theme.faint });
    })
    .join("");
}

function drawn({ series: n, value, x, y, width: length }: Bar, theme: Theme): string {
  const bar = element("rect", { x, y, width: length, height: barHeight, rx: 2, fill: theme.series[n]! });
  const style = { bold: n === 0, fill: n === 0 ? theme.text : theme.faint };
  const number = clearText({ x: x + length + 5, y: y + barHeight - 2.5 }, value.toFixed(2), 11, style, theme);
  return bar + number;
}

function ceiling({ ticks: scale, top: from, bottom: to }: Layout, theme: Theme): string {
  const x = xOf(1, scale.at(-1)!);
  return (
    element("line", {
      x1: x,
      y1: from - 6,
      x2: x,
      y2: to + 6,
      stroke: theme.text,
      "stroke-width": 1.5,
      "stroke-dasharray": "5 3",
    }) +
    text({ x, y: from - 12 }, "1 = bare node:net, canned answers", { size: 11, anchor: "middle", fill: theme.text })
  );
}
