/*
 * Clients of our own, in a process of their own: `node load.js TASK`. Says when it begins to count, and then what it has counted.
 * Idle clients say how many they are: first few, and, told to go on, all of them.
 */
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { Counted, Task } from "../clients/client.ts";
import { Exchanges } from "../clients/exchanges.ts";
import { Streams } from "../clients/streams.ts";
import { median } from "../results/statistics.ts";

const task = JSON.parse(process.argv[2]!) as Task;
const { workload, durationMs } = task;
/** Idle connections before the first look: the code is warm then, and the heap has grown what it sets aside at first. */
const few = 5_000;
/** Those, and files that are no connections. */
const spareFiles = few + 100;

async function stayIdle(): Promise<void> {
  const clients = new Exchanges(task);
  await clients.rehearse();
  await clients.open(few);
  process.stdout.write(`${few}\n`);
  await once(process.stdin, "data");
  const connections = Math.min(workload.connections, openFiles() - spareFiles);
  await clients.open(connections);
  process.stdout.write(`${few + connections}\n`);
}

/** How many files a process may have open: connections are some. */
function openFiles(): number {
  const { userLimits } = process.report.getReport() as unknown as {
    userLimits?: { open_files: { soft: number | string } };
  };
  const limit = Number(userLimits?.open_files.soft);
  return Number.isNaN(limit) ? Infinity : limit;
}

async function work(): Promise<void> {
  const clients = workload.speaks === "http2" ? new Streams(task) : new Exchanges(task);
  if (clients instanceof Exchanges) {
    await clients.rehearse();
  }
  await clients.begin();
  await delay(workload.warmUpMs);
  process.stdout.write("counting\n");
  for (const count of clients.counts) {
    count.done = 0;
    count.times = [];
  }
  const start = performance.now();
  const before = process.cpuUsage();
  await delay(durationMs);
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  const times = clients.counts.flatMap((count) => count.times);
  const counted: Counted = {
    perSecond: (clients.counts.reduce((sum, { done }) => sum + done, 0) / ms) * 1000,
    medianMs: times.length === 0 ? 0 : median(times),
    clientBusy: (user + system) / 1000 / ms,
  };
  process.stdout.write(`${JSON.stringify(counted)}\n`);
  for (let patience = 100; clients.counts.some(({ done }) => done === 0); patience--) {
    if (patience === 0) {
      throw new Error("a connection stands still: an answer is missing, or shorter than the first one");
    }
    await delay(100); // many connections, or a machine that others want, too
  }
  process.exit();
}

await (workload.does === "idle" ? stayIdle() : work());
