import { median, type Ratio, ratioOf, spread } from "./statistics.ts";

/** What was seen of one contender in one round. */
export interface Seen {
  readonly perSecond: number;
  /** How long an exchange took. */
  readonly medianMs: number;
  /** The share of the time that the server worked. */
  readonly serverBusy: number;
  /** The share of the time that the clients worked, where that can be told. */
  readonly clientBusy?: number;
  /** Memory that the server keeps for a connection. */
  readonly bytesEach: number;
}

/** What a row tells: how many a second, how long one takes, or what one keeps of memory. */
export type Tells = "rate" | "time" | "memory";

/** What is known of a contender, beside the first one. */
export interface Outcome {
  /** To the first contender's; whatever is told, more is better. */
  readonly ratio: Ratio;
  /** As the table says it. */
  readonly cell: string;
}

/** By contender; the first of them is what the others are compared with. */
export function outcomesOf(seen: ReadonlyMap<string, readonly Seen[]>, tells: Tells): Map<string, Outcome> {
  const [base] = seen.values();
  return new Map([...seen].map(([name, own]) => [name, outcomeOf[tells](own, base!)]));
}

const outcomeOf: Readonly<Record<Tells, (own: readonly Seen[], base: readonly Seen[]) => Outcome>> = {
  /** By the server's processor time; by the clock, too, where that differs: where somebody else was waited for. */
  rate(own, base) {
    const byProcessor = (seen: readonly Seen[]): number[] =>
      seen.map(({ perSecond, serverBusy }) => perSecond / serverBusy);
    const byClock = (seen: readonly Seen[]): number[] => seen.map(({ perSecond }) => perSecond);
    const ratio = ratioOf(byProcessor(own), byProcessor(base));
    if (own === base) {
      const rates = byProcessor(base);
      return { ratio, cell: `1 (${rounded(median(rates))}/s ±${Math.round(spread(rates) / 2)} %)` };
    }
    const [, clock] = ratioOf(byClock(own), byClock(base));
    const differs = Math.abs(clock - ratio[1]) >= 0.05;
    return { ratio, cell: ratio[1].toFixed(2) + (differs ? ` (${clock.toFixed(2)})` : "") };
  },
  time(own, base) {
    const pace = (seen: readonly Seen[]): number[] => seen.map(({ medianMs }) => 1 / medianMs);
    return { ratio: ratioOf(pace(own), pace(base)), cell: `${(1 / median(pace(own))).toFixed(2)} ms` };
  },
  memory(own, base) {
    const thrift = (seen: readonly Seen[]): number[] => seen.map(({ bytesEach }) => 1 / bytesEach);
    return { ratio: ratioOf(thrift(own), thrift(base)), cell: `${Math.round(1 / median(thrift(own)))} B` };
  },
};

/** How busy the server and its clients were, in words; "" where nobody looked. */
export function busyness(seen: readonly Seen[]): string {
  const percent = (shares: readonly number[]): string => `${Math.round(median(shares) * 100)} %`;
  const clients = seen.flatMap(({ clientBusy }) => (clientBusy === undefined ? [] : [clientBusy]));
  return [percent(seen.map(({ serverBusy }) => serverBusy)), clients.length === 0 ? "-" : percent(clients)].join(", ");
}

export function rounded(rate: number): string {
  return rate < 10_000 ? rate.toFixed(0) : `${(rate / 1000).toFixed(0)} k`;
}
