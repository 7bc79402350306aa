import { Program } from "../support/program.ts";
import { type ContenderName, contenders } from "./contenders/index.ts";
import type { WorkloadName } from "./workloads.ts";

/** What a server has used since it was started. */
export interface Usage {
  readonly ms: number;
  readonly processorMs: number;
  /** Resident, after a garbage collection where the process has been started so. */
  readonly bytes: number;
}

/** What was seen of a server under load. */
export interface Rate {
  /** Handshakes or messages. */
  readonly perSecond: number;
  /** The share of the time that the server worked. */
  readonly serverBusy: number;
}

export function measureRate(contender: ContenderName, workload: WorkloadName, durationMs: number): Promise<Rate> {
  return serving(contender, workload, async (server, port) => {
    const load = startLoad([port, workload, String(durationMs)]);
    await load.line();
    const before = await usage(server);
    const perSecond = Number(await load.line());
    const after = await usage(server);
    return { perSecond, serverBusy: (after.processorMs - before.processorMs) / (after.ms - before.ms) };
  });
}

/** What was seen of a server with many idle sockets. */
export interface Idle {
  readonly sockets: number;
  /** What the server's resident memory has grown by with each. */
  readonly bytesPerSocket: number;
}

export function measureIdle(contender: ContenderName, workload: WorkloadName): Promise<Idle> {
  return serving(contender, workload, async (server, port) => {
    const load = startLoad([port, workload, "0"]);
    try {
      const few = Number(await load.line());
      const before = await usage(server);
      const sockets = Number(await load.ask("all")) - few;
      const after = await usage(server);
      return { sockets, bytesPerSocket: (after.bytes - before.bytes) / sockets };
    } finally {
      await load.stop();
    }
  });
}

async function serving<T>(
  contender: ContenderName,
  workload: WorkloadName,
  measure: (server: Program, port: string) => Promise<T>,
): Promise<T> {
  const script = new URL("contender.js", import.meta.url);
  const flags = workload === "idle" ? ["--expose-gc"] : [];
  const server = new Program(script, [contender, workload], { core: 0, flags, env: contenders[contender].env });
  try {
    return await measure(server, await server.line());
  } finally {
    await server.stop();
  }
}

function startLoad(args: readonly string[]): Program {
  return new Program(new URL("load.js", import.meta.url), args, { core: 1 });
}

async function usage(server: Program): Promise<Usage> {
  return JSON.parse(await server.ask("usage")) as Usage;
}
