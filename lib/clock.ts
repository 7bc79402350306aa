import { performance } from "node:perf_hooks";
import { type Member, Roster } from "./roster.ts";

/** Something that has a deadline: a point of the clock's `now`, or `Infinity` for none. */
export interface Timed extends Member {
  deadline: number;
  expire(): void;
}

/**
 * The one timer of a server. Deadlines are numbers in fields, compared a few times a second: setting one costs an
 * addition, where a timer of its own would cost an object and a list operation on every request.
 */
export class Clock<One extends Timed = Timed> {
  /** Milliseconds, as old as one tick at most while anything is watched. */
  now: number = performance.now();
  readonly #tickMs: number;
  /** Whatever has a deadline here. Also for those who want to know what there is. */
  readonly watched: Roster<One> = new Roster();
  #timer: NodeJS.Timeout | undefined;
  #date = "";
  /** The point of `now` at which it is made again. */
  #dateUntil = -1;

  /** `shortestMs`: the shortest deadline that will be asked for; the clock ticks at a quarter of it, 5 to 250 ms. */
  constructor(shortestMs: number) {
    this.#tickMs = Math.min(250, Math.max(5, Math.floor(shortestMs / 4)));
  }

  /** The deadline that is `ms` away: never early, and late by two ticks at most. */
  in(ms: number): number {
    return this.now + ms + this.#tickMs;
  }

  watch(timed: One): void {
    this.watched.add(timed);
    if (this.#timer === undefined) {
      this.now = performance.now();
      this.#timer = setInterval(() => this.#tick(), this.#tickMs);
      this.#timer.unref();
    }
  }

  unwatch(timed: One): void {
    this.watched.delete(timed);
    if (this.watched.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  /** The value of the `Date` field (RFC 9110 section 6.6.1), made once a second. */
  date(): string {
    if (this.now >= this.#dateUntil) {
      this.#dateUntil = (Math.floor(this.now / 1000) + 1) * 1000;
      this.#date = new Date().toUTCString();
    }
    return this.#date;
  }

  #tick(): void {
    this.now = performance.now();
    // After a long task the sockets' bytes are still unread when timers run: let them be read first.
    setImmediate(() => {
      for (const timed of this.watched) {
        if (timed.deadline <= this.now) {
          timed.expire();
        }
      }
    }).unref();
  }
}
