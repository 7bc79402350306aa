import { performance } from "node:perf_hooks";

/** Node's timers cannot count further. */
const longestMs = 2 ** 31 - 1;

/** Does something at a moment that can be put forward, but not back. */
export class Countdown {
  readonly #act: () => void;
  #at: number = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(act: () => void) {
    this.#act = act;
  }

  /** In `ms` milliseconds, unless it is to be earlier anyhow. 0: at once, and again where it was done before. */
  within(ms: number): void {
    if (ms <= 0) {
      this.stop();
      this.#act();
      return;
    }
    const at = performance.now() + ms;
    if (at < this.#at) {
      this.#at = at;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(this.#act, Math.min(ms, longestMs));
    }
  }

  /** Milliseconds until then; 0 once it is done, `Infinity` where it is not asked for. */
  get leftMs(): number {
    return Math.max(0, this.#at - performance.now());
  }

  /** It is not to be done any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#at = Number.NEGATIVE_INFINITY;
  }
}
