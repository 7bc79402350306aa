import type { ModuleError, PeerError } from "./errors.ts";

/** What a server has done, and holds now. A copy: it does not change. */
export interface ServerStats {
  /** Connections now. */
  readonly open: number;
  /** Connections ever. */
  readonly accepted: number;
  /** Requests answered over HTTP/1.1 by status. */
  readonly answered: Readonly<Record<number, number>>;
  /** Switches by token: how many speak it now, and have ever. */
  readonly switched: Readonly<Record<string, { readonly open: number; readonly total: number }>>;
  /** Requests refused because the peer broke a rule, by error code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Failures of modules and of the application, by error code. */
  readonly faults: Readonly<Record<string, number>>;
  /** Switched connections whose module gave no receipt. */
  readonly unanswered: number;
}

/** Counts for {@link ServerStats}. */
export class Tally {
  accepted = 0;
  /** By status. */
  readonly #answered: Float64Array = new Float64Array(600);
  readonly #switched: Map<string, { open: number; total: number }> = new Map();
  readonly #refused: Map<string, number> = new Map();
  readonly #faults: Map<string, number> = new Map();

  answered(status: number): void {
    this.#answered[status]!++;
  }

  switched(token: string): void {
    const count = this.#switched.get(token) ?? { open: 0, total: 0 };
    count.open++;
    count.total++;
    this.#switched.set(token, count);
  }

  switchedClosed(token: string): void {
    this.#switched.get(token)!.open--;
  }

  refused({ code }: PeerError): void {
    add(this.#refused, code);
  }

  fault({ code }: ModuleError): void {
    add(this.#faults, code);
  }

  snapshot(open: number): ServerStats {
    return {
      open,
      accepted: this.accepted,
      answered: Object.fromEntries([...this.#answered.entries()].filter(([, count]) => count > 0)),
      switched: Object.fromEntries([...this.#switched].map(([token, count]) => [token, { ...count }])),
      refused: Object.fromEntries(this.#refused),
      faults: Object.fromEntries(this.#faults),
      unanswered: this.#faults.get("ERR_TURNOUT_NOT_ANSWERED") ?? 0,
    };
  }
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
