import { readdirSync } from "node:fs";
import { Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import * as v8 from "node:v8";
import { Connection } from "../../lib/connection.ts";

/** What a process has, when it has nothing to do. */
export interface Measurement {
  readonly heapMb: number;
  readonly rssMb: number;
  /** File descriptors; undefined where the system does not show them. */
  readonly descriptors: number | undefined;
  /** What keeps the event loop going, or could: by kind. */
  readonly resources: Readonly<Record<string, number>>;
  /** Objects that are still reached: connections of Turnout's, sockets of Node's; undefined where Node cannot tell. */
  readonly connections: number | undefined;
  readonly sockets: number | undefined;
  /** The longest that the event loop was held up since the last measurement, in milliseconds: by this process, or another. */
  readonly heldUpMs: number;
}

const delay = monitorEventLoopDelay({ resolution: 20 });
delay.enable();

/** `@types/node` does not have it: since Node 20.13. */
type QueryObjects = (kind: unknown, options: { readonly format: "count" }) => number;
const { queryObjects } = v8 as { readonly queryObjects?: QueryObjects };

/** Collects garbage, and looks at what is left. */
export async function measured(): Promise<Measurement> {
  const heldUpMs = delay.max / 1e6;
  for (let round = 0; round < 5; round++) {
    await new Promise((resolve) => setTimeout(resolve, 50)); // closed handles, and what their finalizers free
    globalThis.gc!();
  }
  delay.reset(); // after the collections, which hold it up, too
  const { heapUsed, rss } = process.memoryUsage();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) {
    resources[kind] = (resources[kind] ?? 0) + 1;
  }
  return {
    heapMb: heapUsed / 2 ** 20,
    rssMb: rss / 2 ** 20,
    descriptors: process.platform === "linux" ? readdirSync("/proc/self/fd").length : undefined,
    resources,
    connections: queryObjects?.(Connection, { format: "count" }),
    sockets: queryObjects?.(Socket, { format: "count" }),
    heldUpMs,
  };
}
