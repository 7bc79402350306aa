/*
 * The clients, in a process of their own: `node load.js PORT WORKLOAD MILLISECONDS`. Says how much there was to count a second.
 * Idle clients say how many they are, first few and, told to go on, all of them.
 */
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { clientFrame, handshakeOf, trigger } from "./frames.ts";
import { Link } from "./link.ts";
import { rehearse } from "./rehearsal.ts";
import { type Kind, onTheWire, type Workload, type WorkloadName, workloads } from "./workloads.ts";

const port = Number(process.argv[2]);
const workload: Workload = workloads[process.argv[3] as WorkloadName];
const handshake = handshakeOf(workload);
const durationMs = Number(process.argv[4]);
const warmUpMs = 500;
const atOnce = 32;
/** Idle connections before the first look: the code is warm then, and the heap has grown what it sets aside at first. */
const few = 5_000;
/** Those, and files that are no connections. */
const spareFiles = few + 100;

/** Handshakes or messages, of all that goes on at one time. */
const counts: Count[] = [];

interface Count {
  done: number;
}

const kinds: Readonly<Record<Kind, (answerBytes: number) => Promise<void>>> = {
  handshakes: async () => {
    const count = newCount();
    const again = (link: Link): void => {
      count.done++;
      link.socket.destroy();
      new Link({ port, handshake, opened: again });
    };
    for (const link of await open(workload.connections)) {
      again(link);
    }
    await sayRate();
  },

  echo: async (answerBytes) => {
    const { connections, inFlight } = workload;
    const says = Buffer.concat(Array<Buffer>(inFlight).fill(clientFrame(onTheWire(workload))));
    for (const link of await open(connections)) {
      repeat({ links: [link], says, hears: answerBytes * inFlight, messages: inFlight });
    }
    await sayRate();
  },

  broadcast: async (answerBytes) => {
    const { connections } = workload;
    const links = await open(connections);
    repeat({ links, says: clientFrame(trigger), hears: answerBytes * connections, messages: connections });
    await sayRate();
  },

  idle: async () => {
    const connections = Math.min(workload.connections, openFiles() - spareFiles);
    await open(few);
    process.stdout.write(`${few}\n`);
    await once(process.stdin, "data");
    await open(connections);
    process.stdout.write(`${few + connections}\n`);
  },
};

/** What is done over and over. */
interface Exchange {
  /** The first of them speaks, all are answered. */
  readonly links: readonly Link[];
  readonly says: Buffer;
  /** The bytes of all answers. */
  readonly hears: number;
  readonly messages: number;
}

function repeat({ links, says, hears, messages }: Exchange): void {
  const { socket } = links[0]!;
  const count = newCount();
  let left = hears;
  const heard = (bytes: number): void => {
    left -= bytes;
    if (left > 0) {
      return;
    }
    if (left < 0) {
      throw new Error(`${-left} bytes more than expected`);
    }
    count.done += messages;
    left = hears;
    socket.write(says);
  };
  for (const link of links) {
    link.heard = heard;
  }
  socket.write(says);
}

function newCount(): Count {
  const count = { done: 0 };
  counts.push(count);
  return count;
}

/** Opens so many, some at once: no server's queue of new connections overflows. */
async function open(count: number): Promise<Link[]> {
  const links: Link[] = [];
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      links.push(await new Promise<Link>((opened) => new Link({ port, handshake, opened })));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return links;
}

/** Says when it begins to count, and then the rate. */
async function sayRate(): Promise<void> {
  await delay(warmUpMs);
  process.stdout.write("counting\n");
  const start = performance.now();
  for (const count of counts) {
    count.done = 0;
  }
  await delay(durationMs);
  const seconds = (performance.now() - start) / 1000;
  if (counts.some(({ done }) => done === 0)) {
    throw new Error("a connection stands still: an answer is missing, or shorter than the first one");
  }
  process.stdout.write(`${counts.reduce((sum, { done }) => sum + done, 0) / seconds}\n`);
  process.exit();
}

/** How many files a process may have open: connections are some. */
function openFiles(): number {
  const { userLimits } = process.report.getReport() as unknown as {
    userLimits?: { open_files: { soft: number | string } };
  };
  const limit = Number(userLimits?.open_files.soft);
  return Number.isNaN(limit) ? Infinity : limit;
}

await kinds[workload.kind](await rehearse(port, workload));
