import type { Entry } from "./history.ts";

/** One bar of a group; undefined where it was not measured. */
export interface Group {
  readonly label: string;
  /** By series, in their order. */
  readonly values: readonly (number | undefined)[];
}

/** Who is shown, and under which names of contenders it is measured. */
export const series: readonly { readonly title: string; readonly names: readonly string[] }[] = [
  { title: "Turnout", names: ["turnout"] },
  { title: "node:http, and ws on it", names: ["node:http", "ws"] },
  { title: "uWebSockets.js, in C++", names: ["uWebSockets.js"] },
];

/** What is shown, in this order: a suite, a row of it, and how the chart says it. */
const shown: readonly (readonly [suite: string, row: string, label: string])[] = [
  ["wire", "keep-alive", "HTTP GET, keep-alive"],
  ["wire", "pipelined", "HTTP GET, 16 pipelined"],
  ["wire", "upgrade", "new connection, Upgrade"],
  ["websocket", "handshakes", "new connection, WebSocket"],
  ["websocket", "echo-32", "WebSocket echo, 32 B"],
  ["websocket", "echo-32x16", "echo, 32 B, 16 in flight"],
  ["websocket", "echo-64k", "echo, 64 KiB"],
  ["websocket", "echo-1m", "echo, 1 MiB"],
  ["websocket", "broadcast", "broadcast to 1,000 sockets"],
];

/** The medians that the chart shows, of what was measured. */
export function groupsOf({ suites }: Entry): Group[] {
  return shown.flatMap(([suite, row, label]) => {
    const ratios = suites[suite]?.[row];
    if (ratios === undefined) {
      return [];
    }
    const values = series.map(({ names }) =>
      names.map((name) => ratios[name]?.[1]).find((value) => value !== undefined),
    );
    return [{ label, values }];
  });
}
