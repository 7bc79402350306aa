import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { packageRoot } from "./package-root.ts";

/** The program that `npm start` runs. */
export const program: string = join(packageRoot, "dist", "lib", "cli", "main.js");

/** The longest that it may take to listen. */
const patienceMs = 30_000;

/** The demonstration server as a process of its own, without a terminal. */
export class Demonstration {
  readonly child: ChildProcess;
  readonly url: string;
  readonly port: number;
  /** The second line that it says: what is spoken. */
  readonly banner: string;
  readonly #exited: Promise<[code: number | null, signal: NodeJS.Signals | null]>;

  private constructor(child: ChildProcess, url: string, banner: string) {
    this.child = child;
    this.url = url;
    this.banner = banner;
    this.port = Number(new URL(url).port);
    this.#exited = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  }

  /** Starts it on a free port, and waits for its two lines. */
  static start(...args: string[]): Promise<Demonstration> {
    return Demonstration.startWith(process.env, ...args);
  }

  /** The same, with the variables of an environment. */
  static async startWith(env: NodeJS.ProcessEnv, ...args: string[]): Promise<Demonstration> {
    const child = spawn(process.execPath, [program, "--port", "0", ...args], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = once(child, "exit").then(([code]) => Promise.reject(new Error(`it ended with ${code}`)));
    const lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
    const said = Promise.all([lines.next(), lines.next()]);
    const tooLate = setTimeout(() => child.kill("SIGKILL"), patienceMs);
    const [first, second] = await Promise.race([said, ended]).finally(() => clearTimeout(tooLate));
    const url = /^turnout listens on (?:\x1b\[1m)?(http:\/\/[^\s\x1b]+\/)/.exec(String(first.value))?.[1];
    if (url === undefined) {
      child.kill("SIGKILL");
      throw new Error(`no URL in ${JSON.stringify(first.value)}`);
    }
    return new Demonstration(child, url, String(second.value));
  }

  /** Sends a signal. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** How it ended. */
  exited(): Promise<[code: number | null, signal: NodeJS.Signals | null]> {
    return this.#exited;
  }

  /** Ends it politely, and gives its exit code. */
  async stop(): Promise<number | null> {
    this.signal("SIGTERM");
    return (await this.#exited)[0];
  }
}
