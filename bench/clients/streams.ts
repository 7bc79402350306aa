import { performance } from "node:perf_hooks";
import { type Count, newCount, type Task } from "./client.ts";
import { Http2Link } from "./http2-link.ts";

/** Clients of HTTP/2 of our own, which can upgrade and make new connections. The first answer of each connection is read. */
export class Streams {
  readonly counts: Count[];
  readonly #task: Task;

  constructor(task: Task) {
    this.#task = task;
    this.counts = Array.from({ length: task.workload.connections }, newCount);
  }

  async begin(): Promise<void> {
    const { does } = this.#task.workload;
    this.counts.forEach((count) => {
      if (does === "connections") {
        this.#reconnect(count);
      } else {
        this.#stay(count);
      }
    });
  }

  /** Each on a connection of its own, one behind the other. */
  #reconnect(count: Count): void {
    const { port, door } = this.#task;
    let start = 0;
    new Http2Link(
      port,
      door,
      (link) => {
        start = performance.now();
        link.begin();
      },
      ({ socket }) => {
        count.done++;
        count.times.push(performance.now() - start);
        socket.destroy();
        this.#reconnect(count);
      },
    );
  }

  /** All on one connection: the first alone, then so many at one time. */
  #stay(count: Count): void {
    const { port, door, workload } = this.#task;
    let isFirst = true;
    new Http2Link(
      port,
      door,
      (link) => link.begin(),
      (link) => {
        count.done++;
        for (let more = isFirst ? workload.inFlight : 1; more > 0; more--) {
          link.ask();
        }
        isFirst = false;
      },
    );
  }
}
