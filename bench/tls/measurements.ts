import { Program } from "../support/program.ts";
import type { ContenderName, WorkloadName } from "./workloads.ts";

/** What a server has used since it was started. */
export interface Usage {
  readonly ms: number;
  readonly processorMs: number;
}

/** What the clients have counted. */
export interface Counted {
  readonly perSecond: number;
  /** The share of the time that the clients worked: near 1, the server may have waited for them. */
  readonly clientBusy: number;
}

/** What was seen of a server under load. */
export interface Seen extends Counted {
  /** The share of the time that the server worked. */
  readonly serverBusy: number;
}

/** Where a measurement takes place, and how long. */
export interface Circumstances {
  readonly env: Readonly<Record<string, string>>;
  readonly durationMs: number;
}

export async function measure(
  contender: ContenderName,
  workload: WorkloadName,
  { env, durationMs }: Circumstances,
): Promise<Seen> {
  const server = new Program(new URL("contender.js", import.meta.url), [contender], { core: 0, env });
  try {
    const args = [await server.line(), workload, String(durationMs)];
    const load = new Program(new URL("load.js", import.meta.url), args, { core: 1, env });
    await load.line();
    const before = await usage(server);
    const counted = JSON.parse(await load.line()) as Counted;
    const after = await usage(server);
    return { ...counted, serverBusy: (after.processorMs - before.processorMs) / (after.ms - before.ms) };
  } finally {
    await server.stop();
  }
}

async function usage(server: Program): Promise<Usage> {
  return JSON.parse(await server.ask("usage")) as Usage;
}
