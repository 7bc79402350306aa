import { median } from "./statistics.ts";

/** A number that the environment may set. */
export function setting(name: string, usual: number): number {
  return Number(process.env[name] ?? usual);
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

/** The median of the ratios, which are taken round by round. */
export function ratio(own: readonly number[], theirs: readonly number[]): number {
  return median(own.map((value, round) => value / theirs[round]!));
}
