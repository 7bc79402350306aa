import type { Tally } from "./client-process.ts";
import type { Closed, Rest } from "./server-process.ts";

/** How much the heap may have grown from the first rest of the server to its last, in MiB: code that is compiled, caches. */
const allowanceMb = 4;

/** What the soak has seen. */
export interface Seen {
  /** Before the first connection, and at each rest. */
  readonly measurements: readonly Rest[];
  readonly closings: readonly Closed[];
  readonly tallies: Readonly<Record<string, Tally>>;
  /** Requests that the application has answered, by kind. */
  readonly served: Readonly<Record<string, number>>;
  readonly uncaught: readonly string[];
}

/** What does not add up, in words. */
export function complaintsOf({ measurements, closings, tallies, served, uncaught }: Seen): string[] {
  const complaints = uncaught.map((error) => `nobody caught ${error}`);
  for (const [kind, { sent, answered, told, cut, lost, reasons }] of Object.entries(tallies)) {
    if (lost > 0 || sent !== answered + told + cut) {
      complaints.push(`${kind}: ${lost} lost\n    ${reasons.join("\n    ")}`);
    }
    if (answered === 0 && told === 0 && cut === 0) {
      complaints.push(`${kind}: nothing was done`);
    }
  }
  for (const kind of ["get", "https", "pipeline", "post", "half-close", "slow-writer", "large", "h2"]) {
    if ((served[kind] ?? 0) === 0) {
      complaints.push(`${kind}: the application was never asked`);
    }
  }
  for (const { stats, leftConnections, leftWebSockets } of closings) {
    const stillOpen = Object.values(stats.switched).reduce((sum, { open }) => sum + open, stats.open);
    if (stillOpen + leftConnections + leftWebSockets > 0) {
      complaints.push(`a closed server has ${stillOpen}, ${leftConnections}, ${leftWebSockets} connections open`);
    }
    if (Object.keys(stats.faults).length > 0) {
      complaints.push(`faults: ${JSON.stringify(stats.faults)}`);
    }
  }
  return [...complaints, ...leaksOf(measurements)];
}

function leaksOf(measurements: Seen["measurements"]): string[] {
  const leaks: string[] = [];
  const [before, first] = measurements;
  for (const [rest, measurement] of measurements.slice(1).entries()) {
    for (const what of ["descriptors", "connections", "sockets"] as const) {
      if (measurement[what] !== before![what]) {
        leaks.push(`${what} at rest ${rest + 1}: ${measurement[what]}, and ${before![what]} before`);
      }
    }
    if (measurement.servers > 0) {
      leaks.push(`servers at rest ${rest + 1}: ${measurement.servers} that have closed are still reached`);
    }
    const resources = [measurement, before!].map((one) => JSON.stringify(Object.entries(one.resources).sort()));
    if (resources[0] !== resources[1]) {
      leaks.push(`resources at rest ${rest + 1}: ${resources[0]}, and ${resources[1]} before`);
    }
  }
  const growth = measurements.at(-1)!.heapMb - first!.heapMb;
  if (growth > allowanceMb) {
    leaks.push(`the heap has grown by ${growth.toFixed(1)} MiB since the first rest`);
  }
  return leaks;
}
