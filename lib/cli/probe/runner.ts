import { type Case, type Judgement, type Plan, type Seen, withoutOffer } from "./case.ts";
import { type Bounds, exchange } from "./exchange.ts";
import { judge, notApplicable } from "./judgement.ts";
import type { Target } from "./target.ts";
import { handshake } from "./websocket-cases.ts";

/** What came of a case. */
export interface Outcome extends Judgement {
  readonly case: Case;
  /** Undefined where it was not tried. */
  readonly seen: Seen | undefined;
}

export interface RunBounds extends Bounds {
  /** Connections at one time. */
  readonly connections: number;
  /** Afterwards no case is begun any more, in milliseconds. */
  readonly totalMs: number;
}

/** What came of the cases, in their order. */
export interface Run {
  readonly outcomes: readonly Outcome[];
  /** The time was over before all were tried. */
  readonly cutShort: boolean;
}

/** Tries the cases, each on a connection of its own. */
export async function run(cases: readonly Case[], target: Target, address: string, bounds: RunBounds): Promise<Run> {
  const deadline = performance.now() + bounds.totalMs;
  const compared = new Map<string, Promise<Seen>>();
  let cutShort = false;
  const tried = (plan: Plan): Promise<Seen> => exchange(target, address, plan, bounds);
  /** What several cases are compared with is tried once. */
  const besideOf = (one: Case): Promise<Seen> => {
    const plan = one.beside === "the handshake" ? handshake(target) : withoutOffer(one.plan(target));
    const seen = compared.get(plan.sends) ?? tried(plan);
    compared.set(plan.sends, seen);
    return seen;
  };
  const outcomeOf = async (one: Case): Promise<Outcome> => {
    if (one.needsWebSocket && target.webSocketPath === undefined) {
      return { case: one, seen: undefined, ...notApplicable("no --websocket PATH") };
    }
    if (performance.now() > deadline) {
      cutShort = true;
      return { case: one, seen: undefined, ...notApplicable("not tried: the time is over") };
    }
    const beside = await besideOf(one);
    const seen = await tried(one.plan(target));
    return { case: one, seen, ...judge(one, seen, beside) };
  };
  const outcomes: Outcome[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < cases.length) {
      const index = next++;
      outcomes[index] = await outcomeOf(cases[index]!);
    }
  };
  await Promise.all(Array.from({ length: bounds.connections }, work));
  return { outcomes, cutShort };
}
