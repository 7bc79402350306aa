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

/** What several rounds gave: the lower quartile, the median, the upper quartile. More is better. */
export type Ratio = readonly [lower: number, median: number, upper: number];

/** The ratios are taken round by round: what slowed one down slowed the other down, too. */
export function ratioOf(own: readonly number[], theirs: readonly number[]): Ratio {
  const ratios = own.map((value, round) => value / theirs[round]!).toSorted((a, b) => a - b);
  return [quantile(ratios, 0.25), quantile(ratios, 0.5), quantile(ratios, 0.75)];
}

/** Of values in order; between two of them in proportion. */
function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)]!;
  const above = sorted[Math.ceil(place)]!;
  return below + (above - below) * (place - Math.floor(place));
}
