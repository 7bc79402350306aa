/** A number that the environment may set. */
export function setting(name: string, usual: number): number {
  return Number(process.env[name] ?? usual);
}

/** How much is measured, and how long. */
export interface Form {
  readonly name: "short" | "full";
  readonly rounds: number;
  readonly durationMs: number;
}

/** `short` is some minutes for everything; `full` is for figures that are published. */
export function formOf(name: "short" | "full"): Form {
  const [rounds, durationMs] = name === "short" ? [3, 400] : [5, 1000];
  return {
    name,
    rounds: setting("TURNOUT_BENCH_ROUNDS", rounds),
    durationMs: setting("TURNOUT_BENCH_MS", durationMs),
  };
}

/** Measures the contenders in turn, several rounds: whatever slows the machine down slows all of them. */
export async function interleaved<Name extends string, T>(
  contenders: readonly Name[],
  rounds: number,
  measure: (contender: Name) => Promise<T>,
): Promise<ReadonlyMap<Name, readonly T[]>> {
  const measured = new Map<Name, T[]>(contenders.map((contender) => [contender, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      measured.get(contender)!.push(await measure(contender));
    }
  }
  return measured;
}
