import type { Counted, Task } from "../clients/client.ts";
import { h2load } from "../clients/h2load.ts";
import { wrk } from "../clients/wrk.ts";
import { type Order, servers } from "../servers/index.ts";
import type { Contender } from "../suites/suite.ts";
import type { Workload } from "../suites/workload.ts";
import { certificateForAll } from "./certificate.ts";
import { Program } from "./program.ts";
import type { Usage } from "./server.ts";

/** What was seen of a server under load. */
export interface Seen extends Counted {
  /** The share of the time that the server worked. */
  readonly serverBusy: number;
  /** What its resident memory has grown by with each idle connection; 0 where that was not looked at. */
  readonly bytesEach: number;
  /** Idle connections, or those of the workload. */
  readonly connections: number;
}

/** Measures a server in a process of its own, on a core of its own, with the clients on another. */
export function measure(contender: Contender, workload: Workload, durationMs: number): Promise<Seen> {
  return serving(contender, workload, (server, task) => {
    const todo = { ...task, durationMs };
    if (workload.does === "idle") {
      return measureIdle(server, todo);
    }
    return workload.client === "own" ? measureOwn(server, todo) : measureProgram(server, todo);
  });
}

/** Starts a server; `use` is told what its clients have to know. */
export async function serving<T>(
  { server: name, door = "prior knowledge", modules = [], idleModules = 0 }: Contender,
  workload: Workload,
  use: (server: Program, task: Task) => Promise<T>,
): Promise<T> {
  const order: Order = { workload, modules, idleModules };
  // A young generation that may grow would grow meanwhile, by up to 3 KB for each connection.
  const flags = workload.does === "idle" ? ["--expose-gc", "--max-semi-space-size=1"] : [];
  const env = { ...certificateForAll(), ...servers[name].env };
  const server = new Program(new URL("server.js", import.meta.url), [name, JSON.stringify(order)], {
    core: 0,
    flags,
    env,
  });
  try {
    return await use(server, { port: Number(await server.line()), workload, door, durationMs: 0 });
  } finally {
    await server.stop();
  }
}

/** Starts clients of our own. */
export function startLoad(task: Task): Program {
  const script = new URL("load.js", import.meta.url);
  return new Program(script, [JSON.stringify(task)], { core: 1, env: certificateForAll() });
}

async function measureOwn(server: Program, task: Task): Promise<Seen> {
  const load = startLoad(task);
  try {
    await load.line();
    const seen = await watching(server, task, async () => JSON.parse(await load.line()) as Counted);
    await load.ended();
    return seen;
  } finally {
    await load.stop();
  }
}

async function measureProgram(server: Program, task: Task): Promise<Seen> {
  const program = task.workload.client === "wrk" ? wrk : h2load;
  await program({ ...task, durationMs: task.workload.warmUpMs });
  return watching(server, task, () => program(task));
}

async function watching(server: Program, { workload }: Task, work: () => Promise<Counted>): Promise<Seen> {
  const before = await usage(server);
  const counted = await work();
  const after = await usage(server);
  const serverBusy = (after.processorMs - before.processorMs) / (after.ms - before.ms);
  return { ...counted, serverBusy, bytesEach: 0, connections: workload.connections };
}

async function measureIdle(server: Program, task: Task): Promise<Seen> {
  const load = startLoad(task);
  try {
    const few = Number(await load.line());
    const before = await usage(server, "settled usage");
    const connections = Number(await load.ask("all")) - few;
    const after = await usage(server, "settled usage");
    const bytesEach = (after.bytes - before.bytes) / connections;
    return { perSecond: 0, medianMs: 0, serverBusy: 0, bytesEach, connections };
  } finally {
    await load.stop();
  }
}

async function usage(server: Program, question = "usage"): Promise<Usage> {
  return JSON.parse(await server.ask(question)) as Usage;
}
