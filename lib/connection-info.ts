import type { Duplex } from "node:stream";
import type { Connection } from "./connection.ts";
import type { Peer } from "./http/request.ts";
import type { Phase } from "./phase.ts";

/** Bytes that came and went. */
export interface ByteCounts {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/**
 * A client's connection at one moment. A copy: it does not change.
 *
 * What TLS carries is no connection of its own: it is on the track of the one that carries it. A stream of HTTP/2 that was
 * switched to another protocol is one, and says `within` which other it is.
 */
export interface ConnectionInfo {
  /** From 1 on, in the order of beginning; no two of a server have the same. */
  readonly id: number;
  /** The id of the connection that this is a stream of; undefined where it is none. */
  readonly within: number | undefined;
  readonly peer: Peer;
  /** Whether what is spoken now is spoken inside TLS. */
  readonly secure: boolean;
  /**
   * What has been spoken, in order, by tokens: `["HTTP/1.1", "websocket"]`, `["TLS", "h2"]`; of a stream `["h2", "websocket"]`.
   * Empty as long as the first bytes leave it open. The list is shared, and frozen.
   */
  readonly track: readonly string[];
  /** What is spoken now: the last of `track`. */
  readonly protocol: string | undefined;
  readonly phase: Phase;
  /** Bytes on the wire; of TLS, the encrypted ones. 0 where the stream does not count: in memory, or a stream of HTTP/2. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Milliseconds since its beginning. */
  readonly ageMs: number;
  /** Requests that were read, while HTTP/1.1 is spoken; undefined otherwise. */
  readonly requests: number | undefined;
}

/** What is known of a connection; of the client's, where TLS carries it. `now` is a point of `performance.now()`. */
export function infoOf(connection: Connection, now: number): ConnectionInfo {
  const client = clientOf(connection);
  const track = trackOf(connection);
  return {
    id: client.id,
    within: client.beneath?.id,
    peer: client.peer,
    secure: connection.secure,
    track,
    protocol: track.at(-1),
    phase: connection.phase,
    ...bytesOf(client.stream),
    ageMs: Math.max(0, now - client.openedAt),
    requests: connection.track.requests,
  };
}

/** What a stream's own counters say, also after its close. */
export function bytesOf(stream: Duplex): ByteCounts {
  const { bytesRead = 0, bytesWritten = 0 } = stream as Partial<ByteCounts>;
  return { bytesRead, bytesWritten };
}

/** The connection as the client made it: what TLS carries is its carrier. */
function clientOf(connection: Connection): Connection {
  const { beneath, isStream } = connection;
  return beneath === undefined || isStream ? connection : clientOf(beneath);
}

/** Few protocols make few tracks, and each is kept once. */
const tracks: Map<string, readonly string[]> = new Map();

function trackOf(connection: Connection): readonly string[] {
  const names = namesOf(connection);
  const key = names.join(" ");
  const known = tracks.get(key);
  if (known !== undefined) {
    return known;
  }
  const track = Object.freeze([...names]);
  tracks.set(key, track);
  return track;
}

function namesOf({ beneath, track }: Connection): readonly string[] {
  return beneath === undefined ? track.spoken : [...namesOf(beneath), ...track.spoken];
}
