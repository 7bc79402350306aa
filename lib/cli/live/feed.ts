import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ConnectionInfo, DiagnosticMessages, Server } from "turnout";
import { type PortState, peerOf, portState, type RecentConnection, recentOf, spokeHttp } from "./port-state.ts";

/** Who is shown the state of the port. */
export interface Watcher {
  /** As `host:port`. */
  readonly peer: string;
  /** Whether all that was sent has been taken: nothing is sent to a client that does not take it. */
  readonly ready: boolean;
  show(state: PortState): void;
}

type Channels = "turnout:connection:open" | "turnout:connection:close" | "turnout:switch";

/** Pages that are shown the port at one time. */
export const maxWatchers = 64;
/** Connections that are shown; of more, the newest. */
const maxRecent = 16;
/** No page is shown more than four states a second. */
const periodMs = 250;

/** Watches a server, and shows what it is doing to pages, when that has changed. Without pages it only counts. */
export class Feed {
  readonly #protocols: readonly string[];
  readonly #periodMs: number;
  readonly #recent: Map<number, RecentConnection> = new Map();
  /** Each with the number of the state that it was shown last. */
  readonly #watchers: Map<Watcher, number> = new Map();
  #server: Server | undefined;
  #closedHttp = 0;
  #number = 0;
  #fingerprint = "";
  #timer: NodeJS.Timeout | undefined;

  constructor(protocols: readonly string[], period: number = periodMs) {
    this.#protocols = protocols;
    this.#periodMs = period;
  }

  /** To be called once, before the server listens. Gives what ends it. */
  observe(server: Server): () => void {
    this.#server = server;
    const hear = (name: Channels, heard: (connection: ConnectionInfo) => void): (() => void) => {
      const listener = (message: unknown): void => {
        const { server: of, connection } = message as DiagnosticMessages[Channels];
        if (of === server) {
          heard(connection);
        }
      };
      subscribe(name, listener);
      return () => unsubscribe(name, listener);
    };
    const ends = [
      hear("turnout:connection:open", (connection) => this.#note(connection, false)),
      hear("turnout:switch", (connection) => this.#note(connection, false)),
      hear("turnout:connection:close", (connection) => {
        this.#note(connection, true);
        this.#closedHttp += spokeHttp(connection) ? 1 : 0;
      }),
    ];
    return () => {
      for (const end of ends) {
        end();
      }
    };
  }

  /** Whether a further page can watch. */
  get full(): boolean {
    return this.#watchers.size >= maxWatchers;
  }

  watch(watcher: Watcher): void {
    this.#watchers.set(watcher, 0);
    this.#timer ??= setInterval(() => this.show(), this.#periodMs).unref();
    setImmediate(() => this.show([watcher])); // by then the switch of this page itself has been told
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  /** The next state is shown, although nothing seems to have changed. */
  changed(): void {
    this.#fingerprint = "";
  }

  /** Shows the state to those of the watchers who have not seen it, and have taken what they were shown before. */
  show(watchers: Iterable<Watcher> = this.#watchers.keys()): void {
    const state = this.#look();
    for (const watcher of watchers) {
      const shown = this.#watchers.get(watcher);
      if (shown !== undefined && shown !== this.#number && watcher.ready) {
        this.#watchers.set(watcher, this.#number);
        watcher.show(state);
      }
    }
  }

  #note(connection: ConnectionInfo, closed: boolean): void {
    if (!closed && !this.#recent.has(connection.id) && this.#recent.size >= maxRecent) {
      const [oldest] = this.#recent.keys();
      this.#recent.delete(oldest!);
    }
    if (!closed || this.#recent.has(connection.id)) {
      this.#recent.set(connection.id, recentOf(connection, closed));
    }
  }

  /** The state now; it gets a number of its own if it is another one than before. */
  #look(): PortState {
    const connections = this.#server!.connections();
    for (const connection of connections) {
      if (this.#recent.has(connection.id)) {
        this.#note(connection, false);
      }
    }
    const state = portState({
      stats: this.#server!.stats(),
      connections,
      closedHttp: this.#closedHttp,
      recent: [...this.#recent.values()].reverse(),
      protocols: this.#protocols,
    });
    const fingerprint = fingerprintOf(state, connections, new Set([...this.#watchers.keys()].map(({ peer }) => peer)));
    if (fingerprint !== this.#fingerprint) {
      this.#fingerprint = fingerprint;
      this.#number++;
    }
    return state;
  }
}

/** What makes a state another one. The bytes of the pages' own connections do not: each state would call for the next. */
function fingerprintOf(
  { open, accepted, answered, tracks, connections: recent }: PortState,
  connections: readonly ConnectionInfo[],
  pages: ReadonlySet<string>,
): string {
  const others = connections.filter((connection) => !pages.has(peerOf(connection)));
  return JSON.stringify([
    [open, accepted, answered],
    tracks.map(({ open: now, total }) => [now, total]),
    recent.map(({ id, track, closedAfterMs }) => [id, track, closedAfterMs]),
    others.map(({ id, bytesRead, bytesWritten }) => [id, bytesRead, bytesWritten]),
  ]);
}
