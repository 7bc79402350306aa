import { element, legend, type Point, picture, type Theme, text, ticks } from "./svg.ts";

/** One small picture of several: what a thing costs as something grows. */
export interface Panel {
  readonly title: string;
  /** What grows, in words. */
  readonly grows: string;
  readonly unit: string;
  /** Whether the axis has equal steps for equal factors. */
  readonly logarithmic: boolean;
  readonly lines: readonly Line[];
}

export interface Line {
  readonly name: string;
  readonly points: readonly Point[];
}

/** A rectangle in the picture. */
interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const columns = 2;
const cell = { width: 430, height: 262 } as const;
const head = 76;
const margin = { left: 58, right: 26, top: 44, bottom: 52 } as const;

/** The panels in two columns, all costs from 0 on. */
export function lineChart(title: string, panels: readonly Panel[], theme: Theme, caption: string): string {
  const names = [...new Set(panels.flatMap(({ lines }) => lines.map(({ name }) => name)))];
  const height = head + Math.ceil(panels.length / columns) * cell.height + 34;
  const width = columns * cell.width + 20;
  const content = panels.map((panel, n) => {
    const x = 10 + (n % columns) * cell.width + margin.left;
    const y = head + Math.floor(n / columns) * cell.height + margin.top;
    const box = {
      x,
      y,
      width: cell.width - margin.left - margin.right,
      height: cell.height - margin.top - margin.bottom,
    };
    return drawn(panel, box, names, theme);
  });
  return picture(
    { width, height },
    { title, description: panels.map((panel) => panel.title).join("; ") },
    theme,
    text({ x: 24, y: 34 }, title, { size: 17, bold: true, fill: theme.text }) +
      legend(names, { x: 24, y: 59 }, theme) +
      content.join("") +
      text({ x: 24, y: height - 14 }, caption, { size: 11, fill: theme.faint }),
  );
}

/** From data to the picture. */
export function scaleOf({ lines, logarithmic }: Panel, box: Box): (point: Point) => Point {
  const xs = lines.flatMap(({ points }) => points.map(({ x }) => (logarithmic ? Math.log(x) : x)));
  const least = logarithmic ? Math.min(...xs) : 0;
  const greatest = Math.max(...xs);
  const top = scaleTicks(lines).at(-1)!;
  return ({ x, y }) => ({
    x: box.x + (((logarithmic ? Math.log(x) : x) - least) / (greatest - least)) * box.width,
    y: box.y + box.height - (y / top) * box.height,
  });
}

function scaleTicks(lines: readonly Line[]): number[] {
  return ticks(Math.max(...lines.flatMap(({ points }) => points.map(({ y }) => y))), 4);
}

function drawn(panel: Panel, box: Box, names: readonly string[], theme: Theme): string {
  const place = scaleOf(panel, box);
  return (
    text({ x: box.x - 40, y: box.y - 18 }, panel.title, { size: 13, bold: true, fill: theme.text }) +
    grid(panel, box, theme) +
    marks(panel, box, place, theme) +
    panel.lines.map(({ name, points }) => curve(points.map(place), theme.series[names.indexOf(name)]!)).join("") +
    text({ x: box.x + box.width / 2, y: box.y + box.height + 38 }, panel.grows, {
      anchor: "middle",
      fill: theme.faint,
    })
  );
}

/** The costs, from 0 on; the uppermost says the unit. */
function grid({ lines, unit }: Panel, { x, y, width, height }: Box, theme: Theme): string {
  const scale = scaleTicks(lines);
  return scale
    .map((tick, n) => {
      const at = y + height - (tick / scale.at(-1)!) * height;
      const line = element("line", { x1: x, y1: at, x2: x + width, y2: at, stroke: theme.line, "stroke-width": 1 });
      const words = n === scale.length - 1 ? `${tick} ${unit}` : `${tick}`;
      return line + text({ x: x - 6, y: at + 4 }, words, { size: 11, anchor: "end", fill: theme.faint });
    })
    .join("");
}

/** What was measured, below the axis; what would overlap is left out. */
function marks({ lines }: Panel, box: Box, place: (point: Point) => Point, theme: Theme): string {
  const xs = [...new Set(lines.flatMap(({ points }) => points.map(({ x }) => x)))].toSorted((a, b) => a - b);
  let free = Number.NEGATIVE_INFINITY;
  return xs
    .map((value) => {
      const { x } = place({ x: value, y: 0 });
      const words = value.toLocaleString("en-GB");
      const half = words.length * 3.5 + 4;
      if (x - half < free) {
        return "";
      }
      free = x + half;
      return text({ x, y: box.y + box.height + 18 }, words, { size: 11, anchor: "middle", fill: theme.faint });
    })
    .join("");
}

function curve(points: readonly Point[], stroke: string): string {
  const path = points.map(({ x, y }, n) => `${n === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join(" ");
  const dots = points.map(({ x, y }) => element("circle", { cx: x, cy: y, r: 3, fill: stroke }));
  return element("path", { d: path, fill: "none", stroke, "stroke-width": 2 }) + dots.join("");
}
