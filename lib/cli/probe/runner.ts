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
  /** Afterwards nothing is begun any more, in milliseconds. */
  readonly totalMs: number;
}

/** The time was over before everything was tried. */
export class OutOfTimeError extends Error {
  override readonly name = "OutOfTimeError";
}

/** Tries the cases, each on a connection of its own, and gives what came of them in their order. */
export async function run(
  cases: readonly Case[],
  target: Target,
  address: string,
  bounds: RunBounds,
): Promise<Outcome[]> {
  const deadline = performance.now() + bounds.totalMs;
  const compared = new Map<string, Promise<Seen>>();
  const tried = (plan: Plan): Promise<Seen> => {
    if (performance.now() > deadline) {
      throw new OutOfTimeError(`not all cases could be tried in ${bounds.totalMs} ms`);
    }
    return exchange(target, address, plan, bounds);
  };
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
  return outcomes;
}
