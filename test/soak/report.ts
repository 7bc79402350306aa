import type { Tally } from "./client-process.ts";
import type { Closed, Rest } from "./server-process.ts";

/** One line about a rest of the server. */
export function restLine(
  { heapMb, rssMb, descriptors, connections, sockets, servers, heldUpMs }: Rest,
  title: string,
): string {
  const counts = `${descriptors ?? "?"} descriptors, ${connections ?? "?"} connections, ${sockets ?? "?"} sockets, ${servers} old servers, held up for ${heldUpMs.toFixed(0)} ms at most`;
  return `${title.padEnd(10)} heap ${heapMb.toFixed(1).padStart(5)} MiB, RSS ${rssMb.toFixed(0).padStart(4)} MiB, ${counts}`;
}

/** What the clients have sent, and what became of it. */
export function tallyTable(tallies: Readonly<Record<string, Tally>>): string {
  const columns = ["conversations", "sent", "answered", "told", "cut", "lost"] as const;
  const line = (name: string, cells: readonly (string | number)[]): string =>
    [name.padEnd(14), ...cells.map((cell, index) => String(cell).padStart(columns[index]!.length + 4))].join("");
  return [
    line("", columns),
    ...Object.entries(tallies).map(([kind, tally]) =>
      line(
        kind,
        columns.map((column) => tally[column]),
      ),
    ),
  ].join("\n");
}

/** What the servers have counted, added up. */
export function serverLines(closings: readonly Closed[]): string {
  const refused: Record<string, number> = {};
  const drained: Record<string, { closed: number; destroyed: number }> = {};
  let accepted = 0;
  for (const { report, stats } of closings) {
    accepted += stats.accepted;
    for (const [code, count] of Object.entries(stats.refused)) {
      refused[code] = (refused[code] ?? 0) + count;
    }
    for (const [protocol, { closed, destroyed }] of Object.entries({ "HTTP/1.1": report.http, ...report.switched })) {
      const before = drained[protocol] ?? { closed: 0, destroyed: 0 };
      drained[protocol] = { closed: before.closed + closed, destroyed: before.destroyed + destroyed };
    }
  }
  const codes = Object.entries(refused).map(([code, count]) => `  ${code} ${count}`);
  const ends = Object.entries(drained).map(
    ([protocol, { closed, destroyed }]) => `  ${protocol}: ${closed} ended, ${destroyed} destroyed`,
  );
  return [
    `${closings.length} servers, ${accepted} connections`,
    "open when a server was closed, and what became of them within the grace period:",
    ...ends,
    "refused:",
    ...codes.sort(),
  ].join("\n");
}
