/**
 * Lets so many jobs at a time into zlib: its threads are few and shared with the file system, and each job has memory of
 * its own. A job that nobody wants any more when its turn comes is dropped.
 */
export class ZlibQueue {
  readonly #concurrency: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  /** Undefined: it was not wanted any more. */
  async run<T>(isWanted: () => boolean, job: () => Promise<T>): Promise<T | undefined> {
    if (this.#running >= this.#concurrency) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running++;
    }
    try {
      return isWanted() ? await job() : undefined;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) {
        this.#running--;
      } else {
        next(); // takes over this place
      }
    }
  }
}
