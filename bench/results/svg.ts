/** The colours of one version of a chart. */
export interface Theme {
  readonly background: string;
  readonly text: string;
  readonly faint: string;
  readonly line: string;
  /** By series. */
  readonly series: readonly string[];
}

/** As GitHub's own pages are. */
export const themes: Readonly<Record<"light" | "dark", Theme>> = {
  light: {
    background: "#ffffff",
    text: "#1f2328",
    faint: "#59636e",
    line: "#d1d9e0",
    series: ["#0969da", "#bc4c00", "#818b98"],
  },
  dark: {
    background: "#0d1117",
    text: "#f0f6fc",
    faint: "#9198a1",
    line: "#3d444d",
    series: ["#4493f8", "#db6d28", "#656c76"],
  },
};

export interface Point {
  readonly x: number;
  readonly y: number;
}

interface TextStyle {
  readonly size?: number;
  readonly anchor?: "start" | "middle" | "end";
  readonly bold?: boolean;
  readonly fill: string;
}

/** An element without children. */
export function element(name: string, attributes: Readonly<Record<string, string | number>>): string {
  const all = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === "number" ? Number(value.toFixed(1)) : escaped(value)}"`,
  );
  return `<${name}${all.join("")}/>\n`;
}

export function text({ x, y }: Point, words: string, { size = 12, anchor = "start", bold, fill }: TextStyle): string {
  const weight = bold === true ? ' font-weight="600"' : "";
  const place = `x="${Number(x.toFixed(1))}" y="${Number(y.toFixed(1))}"`;
  return `<text ${place} font-size="${size}" text-anchor="${anchor}"${weight} fill="${fill}">${escaped(words)}</text>\n`;
}

/** About how wide words are. */
function widthOf(words: string, size: number): number {
  return words.length * size * 0.57;
}

/** Words that no line runs through. */
export function clearText({ x, y }: Point, words: string, size: number, style: TextStyle, theme: Theme): string {
  const under = { x: x - 2, y: y - size * 0.9, width: widthOf(words, size) + 6, height: size * 1.15 };
  return element("rect", { ...under, fill: theme.background }) + text({ x, y }, words, { ...style, size });
}

/** A square in the colour of each series, and its name. */
export function legend(names: readonly string[], { x, y }: Point, theme: Theme): string {
  let at = x;
  return names
    .map((name, n) => {
      const mark = element("rect", { x: at, y: y - 10, width: 11, height: 11, rx: 2, fill: theme.series[n]! });
      const words = text({ x: at + 17, y }, name, { size: 13, fill: theme.faint });
      at += widthOf(name, 13) + 42;
      return mark + words;
    })
    .join("");
}

/** A whole picture; `title` and `description` are for those who cannot see it. */
export function picture(
  { width, height }: { readonly width: number; readonly height: number },
  { title, description }: { readonly title: string; readonly description: string },
  { background }: Theme,
  content: string,
): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"
  font-family="-apple-system, BlinkMacSystemFont, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif">
<title>${escaped(title)}</title>
<desc>${escaped(description)}</desc>
${element("rect", { width, height, rx: 6, fill: background })}${content}</svg>
`;
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

/** Where the lines of a scale are, from 0 to at least `greatest`: at 1, 2 or 5 times a power of ten, about so many. */
export function ticks(greatest: number, about: number): number[] {
  const rough = greatest / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10) * power;
  const count = Math.ceil(greatest / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, n) => Number((n * step).toPrecision(6)));
}
