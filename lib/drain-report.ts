import type { Connection } from "./connection.ts";
import { SwitchedTrack } from "./switched-track.ts";

/** How the connections of a kind ended when the server closed. */
export interface DrainCount {
  /** Ended in order within the grace period. */
  readonly closed: number;
  /** Destroyed when it was over. */
  readonly destroyed: number;
}

/** What became of the connections that were open when the server stopped listening. */
export interface DrainReport {
  /** From then on. */
  readonly durationMs: number;
  /** Connections on the HTTP/1.1 track. */
  readonly http: DrainCount;
  /** Switched connections, by token. */
  readonly switched: Readonly<Record<string, DrainCount>>;
}

/** What a connection spoke when the server stopped listening: a token, or undefined for HTTP/1.1. */
export function kindOf({ track }: Connection): string | undefined {
  return track instanceof SwitchedTrack ? track.token : undefined;
}

export function reportOf(
  kinds: ReadonlyMap<Connection, string | undefined>,
  destroyed: ReadonlySet<Connection>,
  durationMs: number,
): DrainReport {
  const http = { closed: 0, destroyed: 0 };
  const switched: Record<string, { closed: number; destroyed: number }> = {};
  for (const [connection, token] of kinds) {
    if (token !== undefined) {
      switched[token] ??= { closed: 0, destroyed: 0 };
    }
    const count = token === undefined ? http : switched[token]!;
    count[destroyed.has(connection) ? "destroyed" : "closed"]++;
  }
  return { durationMs, http, switched };
}
