import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import type { ByteCounts } from "./connection-info.ts";
import type { ModuleError, PeerError } from "./errors.ts";

/** What a server has done, and holds now. A copy: it does not change. `bytesRead` and `bytesWritten` are of all, on the wire. */
export interface ServerStats extends ByteCounts {
  /** Connections now. */
  readonly open: number;
  /** Connections ever. */
  readonly accepted: number;
  /** Requests answered over HTTP/1.1 by status. */
  readonly answered: Readonly<Record<number, number>>;
  /** Switches by token: how many speak it now, and have ever. */
  readonly switched: Readonly<Record<string, { readonly open: number; readonly total: number }>>;
  /**
   * Bytes by protocol, where any were counted: those of HTTP/1.1 until a switch, and of what was switched to from there on. They are each layer's own:
   * TLS has what is spoken inside once more, encrypted, and HTTP/2 has its streams', which do not count theirs.
   */
  readonly bytes: Readonly<Record<string, ByteCounts>>;
  /** How long it took to switch, by token; what connections began with is not among them. */
  readonly handshakes: Readonly<Record<string, HandshakeTimes>>;
  /** Requests refused because the peer broke a rule, by error code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Failures of modules and of the application, by error code. */
  readonly faults: Readonly<Record<string, number>>;
  /** Switched connections whose module gave no receipt. */
  readonly unanswered: number;
}

/** From when a request's head had been read to the 101, in milliseconds; good to 1 %. */
export interface HandshakeTimes {
  readonly count: number;
  readonly sumMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** One layer of a connection, as far as it is counted. */
export interface Layer {
  /** What it speaks, or spoke last. */
  readonly protocol: string | undefined;
  /** Whether its stream is the client's connection, and not something inside of one. */
  readonly onWire: boolean;
  readonly bytes: ByteCounts;
}

/** Counts for {@link ServerStats}. */
export class Tally {
  accepted = 0;
  /** By status. */
  readonly #answered: Float64Array = new Float64Array(600);
  readonly #switched: Map<string, { open: number; total: number }> = new Map();
  readonly #handshakes: Map<string, Handshakes> = new Map();
  readonly #refused: Map<string, number> = new Map();
  readonly #faults: Map<string, number> = new Map();
  readonly #wire: ByteTally = new ByteTally();
  readonly #bytes: Map<string, ByteTally> = new Map();

  answered(status: number): void {
    this.#answered[status]!++;
  }

  /** A connection has been switched to `token`, on which HTTP/1.1 has moved `bytes`. */
  switched(token: string, bytes: ByteCounts, durationMs: number): void {
    this.opened(token);
    entryOf(this.#handshakes, token, Handshakes).record(durationMs);
    if (moved(bytes)) {
      entryOf(this.#bytes, "HTTP/1.1", ByteTally).add(bytes);
      entryOf(this.#bytes, token, ByteTally).subtract(bytes); // its stream's counters go on from there
    }
  }

  /** A connection has begun with `token`. */
  opened(token: string): void {
    const count = this.#switched.get(token) ?? { open: 0, total: 0 };
    count.open++;
    count.total++;
    this.#switched.set(token, count);
  }

  switchedClosed(token: string): void {
    this.#switched.get(token)!.open--;
  }

  closed(layer: Layer): void {
    addLayer(layer, this.#wire, this.#bytes);
  }

  refused({ code }: PeerError): void {
    add(this.#refused, code);
  }

  fault({ code }: ModuleError): void {
    add(this.#faults, code);
  }

  /** `layers` are what is open. */
  snapshot(open: number, layers: Iterable<Layer>): ServerStats {
    const wire = this.#wire.copy();
    const bytes = new Map([...this.#bytes].map(([protocol, tally]) => [protocol, tally.copy()]));
    for (const layer of layers) {
      addLayer(layer, wire, bytes);
    }
    return {
      open,
      accepted: this.accepted,
      ...wire.counts,
      answered: Object.fromEntries([...this.#answered.entries()].filter(([, count]) => count > 0)),
      switched: recordOf(this.#switched, (count) => ({ ...count })),
      bytes: recordOf(bytes, ({ counts }) => counts),
      handshakes: recordOf(this.#handshakes, ({ times }) => times),
      refused: Object.fromEntries(this.#refused),
      faults: Object.fromEntries(this.#faults),
      unanswered: this.#faults.get("ERR_TURNOUT_NOT_ANSWERED") ?? 0,
    };
  }
}

function addLayer({ protocol, onWire, bytes }: Layer, wire: ByteTally, byProtocol: Map<string, ByteTally>): void {
  if (onWire) {
    wire.add(bytes);
  }
  if (protocol !== undefined && moved(bytes)) {
    entryOf(byProtocol, protocol, ByteTally).add(bytes);
  }
}

/** Streams that do not count are nothing to speak of. */
function moved({ bytesRead, bytesWritten }: ByteCounts): boolean {
  return bytesRead + bytesWritten > 0;
}

class ByteTally {
  #read = 0;
  #written = 0;

  add({ bytesRead, bytesWritten }: ByteCounts): void {
    this.#read += bytesRead;
    this.#written += bytesWritten;
  }

  subtract({ bytesRead, bytesWritten }: ByteCounts): void {
    this.#read -= bytesRead;
    this.#written -= bytesWritten;
  }

  copy(): ByteTally {
    const copy = new ByteTally();
    copy.add(this.counts);
    return copy;
  }

  get counts(): ByteCounts {
    return { bytesRead: this.#read, bytesWritten: this.#written };
  }
}

const anHourInMicroseconds = 3_600_000_000;

/** How long handshakes took. */
class Handshakes {
  #sumMs = 0;
  /** In microseconds. 26 kB, where the default range and precision would take 360. */
  readonly #histogram: RecordableHistogram = createHistogram({ lowest: 1, highest: anHourInMicroseconds, figures: 2 });

  record(ms: number): void {
    this.#histogram.record(Math.min(Math.max(1, Math.round(ms * 1000)), anHourInMicroseconds));
    this.#sumMs += ms;
  }

  get times(): HandshakeTimes {
    const { count, max } = this.#histogram;
    const quantile = (percent: number): number => this.#histogram.percentile(percent) / 1000;
    return { count, sumMs: this.#sumMs, p50Ms: quantile(50), p99Ms: quantile(99), maxMs: max / 1000 };
  }
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** What is there, or a new one. */
function entryOf<Value>(map: Map<string, Value>, key: string, Value: new () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = new Value();
    map.set(key, value);
  }
  return value;
}

function recordOf<Value, Shown>(map: Map<string, Value>, show: (value: Value) => Shown): Record<string, Shown> {
  return Object.fromEntries([...map].map(([key, value]) => [key, show(value)]));
}
