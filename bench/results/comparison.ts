import type { Ratios } from "./history.ts";
import type { Ratio } from "./statistics.ts";

/** A ratio that is lower than it was. */
export interface Fall {
  readonly row: string;
  readonly contender: string;
  readonly before: number;
  readonly now: number;
  /** The share of `before` by which it may differ. */
  readonly tolerance: number;
}

/** Less is noise on any machine that has something else to do. */
const leastTolerance = 0.1;

/**
 * What has fallen by more than the quartiles of both runs lie apart. Only Turnout's own ratios count, by the first
 * word of their names; what is not in both runs is passed over.
 */
export function fallen(before: Ratios, now: Ratios): Fall[] {
  return Object.entries(now).flatMap(([row, contenders]) =>
    Object.entries(contenders).flatMap(([contender, ratio]) => {
      const was = before[row]?.[contender];
      return was === undefined || !contender.startsWith("turnout") ? [] : fallOf(row, contender, was, ratio);
    }),
  );
}

function fallOf(row: string, contender: string, before: Ratio, now: Ratio): Fall[] {
  const tolerance = Math.max(leastTolerance, spreadOf(before) + spreadOf(now));
  const fell = now[1] < before[1] * (1 - tolerance);
  return fell ? [{ row, contender, before: before[1], now: now[1], tolerance }] : [];
}

/** From quartile to quartile, as a share of the median. */
function spreadOf([lower, middle, upper]: Ratio): number {
  return (upper - lower) / middle;
}
