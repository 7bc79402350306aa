import type { ByteCounts } from "../connection-info.ts";
import type { ServerStats } from "../stats.ts";

/** An answer to whoever scrapes: what `respond` may return. */
export interface Exposition {
  readonly headers: { readonly "Content-Type": string };
  /** The metrics, as text. */
  readonly body: string;
}

/** A name's ending, labels and value. */
type Sample = readonly [suffix: string, labels: Readonly<Record<string, string>>, value: number];

/** What a server's counts say, in Prometheus' text format 0.0.4. Durations are in seconds, as its rules for names ask. */
export function prometheus(stats: ServerStats): Exposition {
  const { open, accepted, answered, switched, bytes, handshakes, refused, faults } = stats;
  const body = [
    family("connections_open", "gauge", "Connections now.", [["", {}, open]]),
    family("connections_accepted_total", "counter", "Connections ever.", [["", {}, accepted]]),
    family("answered_total", "counter", "Requests answered over HTTP, by status.", counts("status", answered)),
    family("switched_total", "counter", "Connections that switched to a protocol, or began with it.", [
      ...Object.entries(switched).map(([protocol, { total }]): Sample => ["", { protocol }, total]),
    ]),
    family("switched_open", "gauge", "Connections that speak a protocol now.", [
      ...Object.entries(switched).map(([protocol, { open }]): Sample => ["", { protocol }, open]),
    ]),
    family("handshake_seconds", "summary", "From a request's head to the 101.", [
      ...Object.entries(handshakes).flatMap(([protocol, { count, sumMs, p50Ms, p99Ms }]): Sample[] => [
        ["", { protocol, quantile: "0.5" }, p50Ms / 1000],
        ["", { protocol, quantile: "0.99" }, p99Ms / 1000],
        ["_sum", { protocol }, sumMs / 1000],
        ["_count", { protocol }, count],
      ]),
    ]),
    family("refused_total", "counter", "Requests refused because the client broke a rule.", counts("code", refused)),
    family("faults_total", "counter", "Failures of modules and of the application.", counts("code", faults)),
    family("bytes_total", "counter", "Bytes by protocol, each layer's own.", [
      ...Object.entries(bytes).flatMap(([protocol, moved]) => directions(moved, { protocol })),
    ]),
    family("wire_bytes_total", "counter", "Bytes of all connections.", directions(stats, {})),
  ].join("");
  return { headers: { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" }, body };
}

function family(name: string, type: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([suffix, labels, value]) => `turnout_${name}${suffix}${labelsOf(labels)} ${value}\n`);
  return `# HELP turnout_${name} ${help}\n# TYPE turnout_${name} ${type}\n${lines.join("")}`;
}

function counts(label: string, by: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(by).map(([key, count]) => ["", { [label]: key }, count]);
}

function directions({ bytesRead, bytesWritten }: ByteCounts, labels: Readonly<Record<string, string>>): Sample[] {
  return [
    ["", { ...labels, direction: "in" }, bytesRead],
    ["", { ...labels, direction: "out" }, bytesWritten],
  ];
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** In a label's value, a backslash, a quotation mark and a line feed have to be escaped. */
function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
