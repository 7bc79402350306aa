import { Program } from "../support/program.ts";
import { h2load } from "./h2load.ts";
import { type ContenderName, contenders, type Workload, type WorkloadName, workloads } from "./workloads.ts";

/** What a server has used since it was started. */
export interface Usage {
  readonly ms: number;
  readonly processorMs: number;
}

/** What a client has counted. */
export interface Counted {
  readonly perSecond: number;
  /** The median of how long an answer took; 0 where it was not looked at. */
  readonly medianMs: number;
}

/** What was seen of a server under load. */
export interface Seen extends Counted {
  /** The share of the time that the server worked. */
  readonly serverBusy: number;
}

const warmUpMs = 500;

export async function measure(contender: ContenderName, name: WorkloadName, durationMs: number): Promise<Seen> {
  const { server: serverName, door } = contenders[contender];
  const workload: Workload = workloads[name];
  const server = new Program(new URL("contender.js", import.meta.url), [serverName], { core: 0 });
  try {
    const port = await server.line();
    if (workload.client === "h2load") {
      await h2load(port, workload, door, warmUpMs);
      return await watching(server, () => h2load(port, workload, door, durationMs));
    }
    const script = new URL("load.js", import.meta.url);
    const load = new Program(script, [port, name, door, String(warmUpMs), String(durationMs)], { core: 1 });
    await load.line();
    return await watching(server, async () => JSON.parse(await load.line()) as Counted);
  } finally {
    await server.stop();
  }
}

async function watching(server: Program, work: () => Promise<Counted>): Promise<Seen> {
  const before = await usage(server);
  const counted = await work();
  const after = await usage(server);
  return { ...counted, serverBusy: (after.processorMs - before.processorMs) / (after.ms - before.ms) };
}

async function usage(server: Program): Promise<Usage> {
  return JSON.parse(await server.ask("usage")) as Usage;
}
