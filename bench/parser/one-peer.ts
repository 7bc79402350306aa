import { corpora, type Delivery, deliveries } from "./corpora.ts";
import { levels, type Peer, peers } from "./peers.ts";

/*
 * Measures one peer in a process of its own, all cases mixed, and prints what it found as JSON. Each case runs in blocks that
 * are long enough for garbage collection to fall into them; its time is the lower quartile of its blocks.
 */

const blockMs = 10;
const rounds = 8;
/** A connection sends its heads several times over, each time in memory of their own, as from a socket. */
const copies = 8;

/** Nanoseconds a head, and the sum that every peer has to agree on. */
export interface Measured {
  readonly case: string;
  readonly ns: number;
  readonly sum: number;
}

interface Case {
  readonly name: string;
  readonly heads: number;
  readonly chunks: readonly Buffer[];
  readonly peer: Peer;
  readonly blocks: number[];
  sum: number;
}

/** Runs the case for about one block; returns nanoseconds a head. */
function block({ chunks, peer, heads }: Case): number {
  const start = process.hrtime.bigint();
  const until = start + BigInt(blockMs * 1e6);
  let count = 0;
  let end = start;
  let sink = 0;
  do {
    for (let n = 0; n < 16; n++) {
      sink += peer.read(chunks);
    }
    count += 16 * heads;
    end = process.hrtime.bigint();
  } while (end < until);
  if (Number.isNaN(sink)) {
    throw new Error("a sum is not a number");
  }
  return Number(end - start) / count;
}

const make = peers[process.argv[2] ?? ""];
if (make === undefined) {
  throw new Error(`no such peer: ${process.argv[2]}`);
}
const cases: Case[] = [];
for (const level of levels) {
  const peer = make(level);
  for (const delivery of Object.keys(deliveries) as Delivery[]) {
    for (const { name, bytes, heads } of corpora) {
      const chunks = Array.from({ length: copies }, () => deliveries[delivery](bytes)).flat();
      cases.push({ name: `${delivery} | ${level} | ${name}`, heads: copies * heads, chunks, peer, blocks: [], sum: 0 });
    }
  }
}
for (let round = 0; round < rounds; round++) {
  for (const one of cases) {
    one.sum = one.peer.read(one.chunks);
    one.blocks.push(block(one));
  }
}
const measured: Measured[] = cases.map(({ name, blocks, sum }) => ({
  case: name,
  ns: blocks.sort((a, b) => a - b)[Math.floor(blocks.length / 4)] ?? Number.NaN,
  sum,
}));
process.stdout.write(JSON.stringify(measured));
