/*
 * The clients, in a process of their own: `node load.js PORT WORKLOAD MILLISECONDS`. Says when it begins to count, and then what
 * it has counted.
 */
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { connect, rehearse } from "./link.ts";
import type { Counted } from "./measurements.ts";
import { answer, get, type Workload, type WorkloadName, workloads } from "./workloads.ts";

const port = Number(process.argv[2]);
const { connections, reconnects, secure, warmUpMs }: Workload = workloads[process.argv[3] as WorkloadName];
const durationMs = Number(process.argv[4]);

/** Answers, of all that goes on at one time. */
const counts: Count[] = Array.from({ length: connections }, () => ({ done: 0 }));

interface Count {
  done: number;
}

function converse(count: Count): void {
  const socket = connect(port, secure, () => socket.write(get, "latin1"));
  let left = answer.length;
  let isOver = false;
  socket.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left > 0) {
      return;
    }
    if (left < 0) {
      throw new Error(`${-left} bytes more than expected: ${chunk.toString("latin1", 0, 300)}`);
    }
    if (reconnects) {
      isOver = true;
      socket.end();
    } else {
      count.done++;
      left = answer.length;
      socket.write(get, "latin1");
    }
  });
  socket.on("close", () => {
    if (!isOver) {
      throw new Error("the server has ended a connection");
    }
    count.done++;
    converse(count);
  });
}

await rehearse(port, secure);
counts.forEach(converse);
await delay(warmUpMs);
process.stdout.write("counting\n");
for (const count of counts) {
  count.done = 0;
}
const start = performance.now();
const before = process.cpuUsage();
await delay(durationMs);
const ms = performance.now() - start;
const { user, system } = process.cpuUsage(before);
const counted: Counted = {
  perSecond: (counts.reduce((sum, { done }) => sum + done, 0) / ms) * 1000,
  clientBusy: (user + system) / 1000 / ms,
};
for (let patience = 100; counts.some(({ done }) => done === 0); patience--) {
  if (patience === 0) {
    throw new Error("a connection stands still: an answer is missing, or too short");
  }
  await delay(100); // on a machine that others want, too
}
process.stdout.write(`${JSON.stringify(counted)}\n`);
process.exit();
