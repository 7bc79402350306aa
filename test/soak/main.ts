import { setTimeout as sleep } from "node:timers/promises";
import { fuzzSeed } from "../support/random.ts";
import type { ClientDuties, Tally } from "./client-process.ts";
import { complaintsOf, type Seen } from "./judgement.ts";
import { Part } from "./part.ts";
import { restLine, serverLines, tallyTable } from "./report.ts";
import type { ServerDuties } from "./server-process.ts";

const minutes = Number(process.env["TURNOUT_SOAK_MINUTES"] ?? 2);
const seed = fuzzSeed();
const clientProcesses = 2;
/** For so long one server is at work before the next takes over. */
const turnMs = 8_000;

process.exitCode = 1; // until all has added up
console.log(`${minutes} minutes, Node ${process.version}; TURNOUT_SEED=${seed} repeats it as far as the clock lets it`);

const server = new Part<ServerDuties>(new URL("server-process.js", import.meta.url));
const clients = Array.from(
  { length: clientProcesses },
  (_, index) => new Part<ClientDuties>(new URL("client-process.js", import.meta.url), [String(seed + index * 10_000)]),
);
const parts = [server, ...clients];
const tooLong = setTimeout(
  () => {
    console.log("it does not come to an end");
    process.exit(); // the parts end by themselves when nobody is left to ask
  },
  minutes * 60_000 + 120_000,
);

const measurements: Seen["measurements"][number][] = [];
const closings: Seen["closings"][number][] = [];

async function rest(title: string): Promise<void> {
  const measurement = await server.ask("measure");
  measurements.push(measurement);
  console.log(restLine(measurement, title));
}

/** One server after the other, at work the whole time; then nobody does anything, and there has to be nothing left. */
async function round(number: number): Promise<void> {
  const first = await server.ask("start");
  await Promise.all(clients.map((client) => client.ask("go", first)));
  await sleep(turnMs);
  const second = await server.ask("start");
  await Promise.all(clients.map((client) => client.ask("move", second)));
  closings.push(await server.ask("close")); // the first, under load
  await sleep(turnMs);
  await Promise.all(clients.map((client) => client.ask("rest")));
  closings.push(await server.ask("close"));
  await rest(`rest ${number}`);
}

function added(tallies: readonly Readonly<Record<string, Tally>>[]): Record<string, Tally> {
  const [first, ...others] = tallies as [Record<string, Tally>, ...Record<string, Tally>[]];
  for (const other of others) {
    for (const [kind, tally] of Object.entries(other)) {
      const sum = first[kind]!;
      for (const column of ["conversations", "sent", "answered", "told", "cut", "lost"] as const) {
        sum[column] += tally[column];
      }
      sum.reasons.push(...tally.reasons);
    }
  }
  return first;
}

try {
  await rest("before");
  const until = Date.now() + minutes * 60_000;
  for (let number = 1; number < 3 || Date.now() < until; number++) {
    await round(number);
  }
  const tallies = added(await Promise.all(clients.map((client) => client.ask("tallies"))));
  const served = await server.ask("served");
  const uncaught = parts.flatMap((part) => part.uncaught);
  console.log(`\n${tallyTable(tallies)}\n\n${serverLines(closings)}\n`);
  const complaints = complaintsOf({ measurements, closings, tallies, served, uncaught });
  console.log(complaints.length === 0 ? "all adds up" : `does not add up:\n  ${complaints.join("\n  ")}`);
  process.exitCode = complaints.length === 0 ? 0 : 1;
} finally {
  clearTimeout(tooLong);
  await Promise.all(parts.map((part) => part.stop()));
}
