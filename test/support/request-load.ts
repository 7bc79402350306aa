import { Agent, get } from "node:http";

/** What became of the requests of a load. */
export interface LoadReport {
  readonly answered: number;
  /** The process ids of the servers that answered. */
  readonly pids: ReadonlySet<string>;
  /** What went wrong with requests that can have got no other answer. */
  readonly lost: readonly string[];
}

/** Clients that ask a server that runs in other processes, one request after the other, until they are told to stop. */
export class RequestLoad {
  readonly #port: number;
  readonly #clients: readonly Promise<void>[];
  readonly #pids: Set<string> = new Set();
  readonly #lost: string[] = [];
  #answered = 0;
  #stopped = false;
  #notify: () => void = () => {};

  /** `fresh` clients make a connection for each request; `keeping` ones go on using theirs. */
  constructor(port: number, { fresh, keeping }: { readonly fresh: number; readonly keeping: number }) {
    this.#port = port;
    this.#clients = [
      ...Array.from({ length: fresh }, () => this.#run(new Agent({ keepAlive: false }))),
      ...Array.from({ length: keeping }, () => this.#run(new Agent({ keepAlive: true, maxSockets: 1 }))),
    ];
  }

  /** Waits for so many more answers. */
  async answers(count: number): Promise<void> {
    const enough = this.#answered + count;
    while (this.#answered < enough && this.#lost.length === 0) {
      await new Promise<void>((resolve) => {
        this.#notify = resolve;
      });
    }
  }

  async stop(): Promise<LoadReport> {
    this.#stopped = true;
    await Promise.all(this.#clients);
    return { answered: this.#answered, pids: this.#pids, lost: this.#lost };
  }

  async #run(agent: Agent): Promise<void> {
    while (!this.#stopped) {
      try {
        const body = await this.#ask(agent);
        this.#pids.add(body.split(" ")[0]!);
        this.#answered++;
      } catch (error) {
        this.#lost.push(String(error));
      }
      this.#notify();
    }
    agent.destroy();
  }

  #ask(agent: Agent): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = get({ host: "127.0.0.1", port: this.#port, agent, timeout: 10_000 }, (response) => {
        let body = "";
        response.setEncoding("latin1").on("data", (text) => {
          body += text;
        });
        response
          .on("error", reject)
          .on("end", () => (response.statusCode === 200 ? resolve(body) : reject(new Error(body))));
      });
      request.on("timeout", () => request.destroy(new Error("no answer came in time")));
      request.on("error", (error) => {
        // RFC 9112 section 9.3.1: on a connection that was idle a GET may be tried once more; it has crossed the server's end.
        if (request.reusedSocket) {
          this.#ask(agent).then(resolve, reject);
        } else {
          reject(error);
        }
      });
    });
  }
}
