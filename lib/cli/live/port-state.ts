import type { ByteCounts, ConnectionInfo, ServerStats } from "turnout";

/** One track of the port, as a page shows it. */
export interface TrackState {
  readonly name: string;
  readonly spoken: boolean;
  /** Connections and streams that speak it now, and have ever. */
  readonly open: number;
  readonly total: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** From the request's head to the 101; undefined where none was switched to it. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

/** A connection as a page shows it. */
export interface RecentConnection {
  readonly id: number;
  readonly within: number | undefined;
  readonly peer: string;
  readonly track: readonly string[];
  readonly secure: boolean;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** How long it lasted; undefined as long as it is open. */
  readonly closedAfterMs: number | undefined;
}

/** What a port is doing. */
export interface PortState {
  readonly open: number;
  readonly accepted: number;
  readonly answered: number;
  readonly tracks: readonly TrackState[];
  /** Newest first. */
  readonly connections: readonly RecentConnection[];
}

/** What is watched of a server. */
export interface Watched {
  readonly stats: ServerStats;
  /** Those that are open. */
  readonly connections: readonly ConnectionInfo[];
  /** Closed connections that spoke HTTP/1.1 at some time. */
  readonly closedHttp: number;
  readonly recent: readonly RecentConnection[];
  readonly protocols: readonly string[];
}

const http1 = "HTTP/1.1";
const noBytes: ByteCounts = { bytesRead: 0, bytesWritten: 0 };

/** The tracks in the page's order, each with the tokens that lead there. */
const tracks: readonly { readonly name: string; readonly tokens: readonly string[] }[] = [
  { name: "websocket", tokens: ["websocket"] },
  { name: "http2", tokens: ["h2c", "h2"] },
  { name: "tls", tokens: ["TLS"] },
  { name: "echo", tokens: ["echo/1"] },
  { name: "example", tokens: ["example/1", "foo/2"] },
];

export function portState({ stats, connections, closedHttp, recent, protocols }: Watched): PortState {
  const { answered, bytes } = stats;
  return {
    open: stats.open,
    accepted: stats.accepted,
    answered: sum(Object.values(answered)),
    tracks: [
      {
        name: "http",
        spoken: true,
        open: connections.filter(({ protocol }) => protocol === http1).length,
        total: closedHttp + connections.filter(spokeHttp).length,
        ...(bytes[http1] ?? noBytes),
        p50Ms: undefined,
        p99Ms: undefined,
      },
      ...tracks.map(({ name, tokens }) => trackState(name, protocols.includes(name), tokens, stats)),
    ],
    connections: recent,
  };
}

/** Whether a connection has spoken HTTP/1.1 at some time. */
export function spokeHttp({ track }: ConnectionInfo): boolean {
  return track.includes(http1);
}

/** A connection as `host:port` of its client. */
export function peerOf({ peer: { address = "", port } }: Pick<ConnectionInfo, "peer">): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

export function recentOf(connection: ConnectionInfo, closed: boolean): RecentConnection {
  const { id, within, track, secure, bytesRead, bytesWritten, ageMs } = connection;
  const peer = peerOf(connection);
  const closedAfterMs = closed ? Math.round(ageMs) : undefined;
  return { id, within, peer, track, secure, bytesRead, bytesWritten, closedAfterMs };
}

function trackState(name: string, spoken: boolean, tokens: readonly string[], stats: ServerStats): TrackState {
  const counts = tokens.map((token) => stats.switched[token] ?? { open: 0, total: 0 });
  const bytes = tokens.map((token) => stats.bytes[token] ?? noBytes);
  // Quantiles of two tokens cannot be put together: those of the one with more handshakes are shown.
  const [busiest] = tokens
    .map((token) => stats.handshakes[token])
    .filter((times) => times !== undefined)
    .sort((one, other) => other.count - one.count);
  return {
    name,
    spoken,
    open: sum(counts.map(({ open }) => open)),
    total: sum(counts.map(({ total }) => total)),
    bytesRead: sum(bytes.map(({ bytesRead }) => bytesRead)),
    bytesWritten: sum(bytes.map(({ bytesWritten }) => bytesWritten)),
    p50Ms: busiest?.p50Ms,
    p99Ms: busiest?.p99Ms,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
