import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { median } from "../support/statistics.ts";
import { corpora, deliveries } from "./corpora.ts";
import type { Measured } from "./one-peer.ts";
import { levels, peers } from "./peers.ts";

/*
 * How long a request head takes, and how long in Node's llhttp binding. Each peer runs in fresh processes, in turns, so that
 * whatever slows the machine down slows both. Printed: the median over the processes, and behind "to" the slowest process.
 *
 * What the peers leave unchecked: llhttp's binding checks neither Host nor the target's grammar, and has no limit of fields.
 */

const processes = Number(process.env["TURNOUT_BENCH_PROCESSES"] ?? 5);
const onePeer = fileURLToPath(new URL("./one-peer.js", import.meta.url));

/** By peer and case: the times of all processes. */
const times = new Map<string, number[]>();
const sums = new Map<string, number>();

function note(peer: string, { case: name, ns, sum }: Measured): void {
  const key = `${peer} | ${name}`;
  times.set(key, [...(times.get(key) ?? []), ns]);
  if ((sums.get(name) ?? sum) !== sum) {
    throw new Error(`${name}: ${peer} reads something else than the others`);
  }
  sums.set(name, sum);
}

for (let n = 0; n < processes; n++) {
  for (const peer of Object.keys(peers)) {
    const output = execFileSync(process.execPath, [onePeer, peer], { encoding: "utf8" });
    for (const measured of JSON.parse(output) as Measured[]) {
      note(peer, measured);
    }
  }
}

console.log(
  `Node ${process.version}, ${processes} processes a peer; ns a head: turnout (to slowest process), llhttp, ratio`,
);
for (const delivery of Object.keys(deliveries)) {
  console.log(`\n${delivery.padEnd(26)}${levels.map((level) => level.padStart(32)).join("")}`);
  for (const { name } of corpora) {
    const cells = levels.map((level) => {
      const ours = times.get(`turnout | ${delivery} | ${level} | ${name}`) ?? [];
      const theirs = median(times.get(`llhttp | ${delivery} | ${level} | ${name}`) ?? []);
      const ratio = theirs / median(ours);
      return `${median(ours).toFixed(0)} (${Math.max(...ours).toFixed(0)})  ${theirs.toFixed(0)}  ${ratio.toFixed(2)}x`;
    });
    console.log(`${name.padEnd(26)}${cells.map((cell) => cell.padStart(32)).join("")}`);
  }
}
console.log(`\nsum of all sums: ${[...sums.values()].reduce((total, sum) => total + sum, 0)}`);
