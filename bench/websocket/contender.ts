/*
 * One server, in a process of its own: `node contender.js NAME WORKLOAD`. Says its port on standard output, and upon each line
 * on standard input what it has used.
 */
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { type ContenderName, contenders } from "./contenders/index.ts";
import type { Usage } from "./measurements.ts";
import { type WorkloadName, workloads } from "./workloads.ts";

async function usage(): Promise<Usage> {
  for (let collections = 0; globalThis.gc !== undefined && collections < 3; collections++) {
    globalThis.gc();
    await delay(100); // pages are given back behind the collection's back
  }
  const { user, system } = process.cpuUsage();
  return { ms: performance.now(), processorMs: (user + system) / 1000, bytes: process.memoryUsage.rss() };
}

const contender = contenders[process.argv[2] as ContenderName];
const workload = workloads[process.argv[3] as WorkloadName];
process.stdout.write(`${await contender.serve(workload)}\n`);

const questions = createInterface(process.stdin);
questions.on("close", () => process.exit()); // nobody is left to measure
for await (const _question of questions) {
  process.stdout.write(`${JSON.stringify(await usage())}\n`);
}
