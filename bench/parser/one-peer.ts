/*
 * Measures one peer in a process of its own: `node one-peer.js PEER CASES`. Says what it found as JSON. All cases are mixed; each
 * runs in blocks that are long enough for garbage collection to fall into them, and its time is the lower quartile of its blocks.
 * Where collections can be asked for (`--expose-gc`), says instead what is allocated.
 */
import { getHeapStatistics } from "node:v8";
import { corpora, type Delivery, deliveries } from "./corpora.ts";
import type { Level, Peer } from "./peer.ts";
import { peers } from "./peers/index.ts";

/** What is asked for. */
export interface Cases {
  readonly kinds: readonly { readonly delivery: Delivery; readonly level: Level }[];
  readonly blocks: number;
}

/** What was found. */
export interface Found {
  /** The first head of the process, and the mean of the first thousand. */
  readonly coldNs: readonly [number, number];
  readonly cases: readonly Measured[];
}

export interface Measured {
  readonly corpus: string;
  readonly delivery: Delivery;
  readonly level: Level;
  /** Nanoseconds a head; or bytes, where these are asked for. */
  readonly each: number;
  /** Every peer has to agree on it. */
  readonly sum: number;
}

const blockMs = 10;
/** A connection sends its heads several times over, each time in memory of their own, as from a socket. */
const copies = 8;

interface Case extends Omit<Measured, "each" | "sum"> {
  readonly heads: number;
  readonly chunks: readonly Buffer[];
  readonly peer: Peer;
  readonly seen: number[];
  sum: number;
}

/** Runs the case for about one block; returns nanoseconds of a processor a head. */
function block({ chunks, peer, heads }: Case): number {
  let count = 0;
  let ns = 0;
  let sink = 0;
  const start = process.cpuUsage();
  do {
    for (let n = 0; n < 16; n++) {
      sink += peer.read(chunks);
    }
    count += 16 * heads;
    const { user, system } = process.cpuUsage(start);
    ns = (user + system) * 1000;
  } while (ns < blockMs * 1e6);
  if (Number.isNaN(sink)) {
    throw new Error("a sum is not a number");
  }
  return ns / count;
}

/** Bytes of the heap that V8 gives out for a head; the new space has to be so large that it is not collected meanwhile. */
function allocated({ chunks, peer, heads }: Case): number {
  const rounds = Math.ceil(1000 / heads);
  globalThis.gc!();
  const before = getHeapStatistics().used_heap_size;
  for (let n = 0; n < rounds; n++) {
    peer.read(chunks);
  }
  return Math.max(0, getHeapStatistics().used_heap_size - before) / (rounds * heads);
}

/** How long the very first heads take, one by one as they come. */
function cold(peer: Peer, chunks: readonly Buffer[]): readonly [number, number] {
  const start = process.hrtime.bigint();
  peer.read(chunks);
  const first = Number(process.hrtime.bigint() - start);
  for (let n = 1; n < 1000; n++) {
    peer.read(chunks);
  }
  return [first, Number(process.hrtime.bigint() - start) / 1000];
}

const { make } = peers[process.argv[2]!]!;
const { kinds, blocks } = JSON.parse(process.argv[3]!) as Cases;
const typical = corpora.find(({ name }) => name === "modern browser, cookies")!;
const coldNs = cold(make("three"), [typical.bytes]);
const cases: Case[] = kinds.flatMap(({ delivery, level }) => {
  const peer = make(level);
  return corpora.map(({ name: corpus, bytes, heads }) => {
    const chunks = Array.from({ length: copies }, () => deliveries[delivery](bytes)).flat();
    return { corpus, delivery, level, heads: copies * heads, chunks, peer, seen: [], sum: 0 };
  });
});
const weigh = globalThis.gc === undefined ? block : allocated;
for (let round = 0; round < blocks; round++) {
  for (const one of cases) {
    one.sum = one.peer.read(one.chunks);
    one.seen.push(weigh(one));
  }
}
const found: Found = {
  coldNs,
  cases: cases.map(({ corpus, delivery, level, seen, sum }) => ({
    corpus,
    delivery,
    level,
    each: seen.toSorted((a, b) => a - b)[Math.floor(seen.length / 4)]!,
    sum,
  })),
};
process.stdout.write(JSON.stringify(found));
