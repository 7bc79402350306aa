/*
 * Clients of our own, in a process of their own: `node load.js PORT WORKLOAD DOOR WARM-UP DURATION`, both in milliseconds. Says
 * when it begins to count, and then what it has counted.
 */
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { median } from "../support/statistics.ts";
import { Link } from "./link.ts";
import type { Counted } from "./measurements.ts";
import { type Door, type Workload, type WorkloadName, workloads } from "./workloads.ts";

const port = Number(process.argv[2]);
const workload: Workload = workloads[process.argv[3] as WorkloadName];
const door = process.argv[4] as Door;
const [warmUpMs, durationMs] = process.argv.slice(5).map(Number) as [number, number];

let answers = 0;
let times: number[] = [];

/** Each on a connection of its own, one behind the other. */
function reconnect(): void {
  let start = 0;
  new Link(
    port,
    door,
    (link) => {
      start = performance.now();
      link.begin();
    },
    ({ socket }) => {
      answers++;
      times.push(performance.now() - start);
      socket.destroy();
      reconnect();
    },
  );
}

/** All on one connection: the first alone, then so many at one time. */
function stay(): void {
  let isFirst = true;
  new Link(
    port,
    door,
    (link) => link.begin(),
    (link) => {
      answers++;
      for (let more = isFirst ? workload.streams : 1; more > 0; more--) {
        link.ask();
      }
      isFirst = false;
    },
  );
}

for (let connection = 0; connection < workload.connections; connection++) {
  (workload.reconnects ? reconnect : stay)();
}
await delay(warmUpMs);
process.stdout.write("counting\n");
answers = 0;
times = [];
const start = performance.now();
await delay(durationMs);
const perSecond = (answers / (performance.now() - start)) * 1000;
if (answers < workload.connections) {
  throw new Error("the server stands still");
}
const counted: Counted = { perSecond, medianMs: times.length === 0 ? 0 : median(times) };
process.stdout.write(`${JSON.stringify(counted)}\n`);
process.exit();
