/*
 * One server, in a process of its own: `node server.js NAME ORDER`. Says its port on standard output, and does what each line on
 * standard input asks for: `usage`, `settled usage`, `profile cpu`, `profile heap`, and, then, `profile to FILE`.
 */
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { type Order, type ServerName, servers } from "../servers/index.ts";
import type { Sampled } from "./profiling.ts";

/** What a server has used since it was started. */
export interface Usage {
  readonly ms: number;
  readonly processorMs: number;
  /** Resident. */
  readonly bytes: number;
}

const name = process.argv[2] as ServerName;
const { port, processorMs = ownProcessorMs } = await servers[name].serve(JSON.parse(process.argv[3]!) as Order);
let endProfile: ((file: string) => Promise<void>) | undefined;

function ownProcessorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function usage(): Usage {
  return { ms: performance.now(), processorMs: processorMs(), bytes: process.memoryUsage.rss() };
}

async function settle(): Promise<void> {
  for (let collections = 0; collections < 3; collections++) {
    // The usual kind of collection keeps pages that are nearly empty for what comes next: on Node 26 that is half of the figure.
    globalThis.gc!({ type: "major", execution: "sync", flavor: "last-resort" });
    await delay(100); // pages are given back behind the collection's back
  }
}

async function answerTo(question: string): Promise<Usage> {
  const [, sampled, file] = /^profile (?:(cpu|heap)|to (.*))$/.exec(question) ?? [];
  if (sampled !== undefined) {
    const { beginProfile } = await import("./profiling.ts");
    endProfile = await beginProfile(sampled as Sampled);
  } else if (file !== undefined) {
    await endProfile!(file);
  } else if (question === "settled usage") {
    await settle();
  }
  return usage();
}

process.stdout.write(`${port}\n`);
process.on("SIGTERM", () => process.exit());
const questions = createInterface(process.stdin);
questions.on("close", () => process.exit()); // nobody is left to measure
for await (const question of questions) {
  process.stdout.write(`${JSON.stringify(await answerTo(question))}\n`);
}
