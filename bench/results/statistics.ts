/** The middle of the values; the mean of the two middle ones where there are as many on both sides. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The distance from the least to the greatest value, in percent of the median. */
export function spread(values: readonly number[]): number {
  return ((Math.max(...values) - Math.min(...values)) / median(values)) * 100;
}

/** What several rounds gave: the least, the median, the greatest. More is better. */
export type Ratio = readonly [least: number, median: number, greatest: number];

/** The ratios are taken round by round: what slowed one down slowed the other down, too. */
export function ratioOf(own: readonly number[], theirs: readonly number[]): Ratio {
  const ratios = own.map((value, round) => value / theirs[round]!);
  return [Math.min(...ratios), median(ratios), Math.max(...ratios)];
}
