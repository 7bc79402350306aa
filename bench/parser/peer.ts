/**
 * What is read of each head. `verdict`: the head checked, and its framing, persistence and upgrade known, with no string made.
 * `target`: the method and the target as strings, too. `three`: and three fields. `all`: every field instead.
 */
export const levels = ["verdict", "target", "three", "all"] as const;
export type Level = (typeof levels)[number];

/** A parser under test. */
export interface Peer {
  /** Reads the heads in these chunks. Returns a sum over what was read, the same for every peer. */
  read(chunks: readonly Buffer[]): number;
}

/** The fields that `three` reads. */
export const threeNames = ["host", "user-agent", "accept"] as const;

/** What every peer knows of a head without a string: the same number for the same head. */
export function verdictSum(minorVersion: number, keepAlive: boolean, wantsUpgrade: boolean): number {
  return minorVersion + (keepAlive ? 2 : 0) + (wantsUpgrade ? 4 : 0);
}
