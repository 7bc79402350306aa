import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { packageRoot } from "./package-root.ts";
import type { Said } from "./serving-process.ts";

/** The program of `serving-process.ts`. */
export const servingProgram: string = join(packageRoot, "dist", "test", "support", "serving-process.js");

/** Starts the program as systemd would: its listening sockets are the descriptors from 3 on. */
const inheriting = `LISTEN_PID=$$ LISTEN_FDS=$2 LISTEN_FDNAMES=$3 exec "$0" "$1"`;

/** At each line starts one more program with the same sockets, and tells how it ended. */
const supervising = `while read -r line; do { sh -c '${inheriting}' "$@"; echo "{\\"exited\\":$?}"; } & done; wait`;

/** The longest that one line may take. */
const patienceMs = 30_000;

/** One or several servers as processes of their own, on sockets that were opened for them or on their own. */
export class ChildServer {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<unknown[]>;
  #complaints = "";

  constructor(name: string, args: readonly string[], descriptors: readonly number[] = []) {
    this.child = spawn(name, args, { stdio: ["pipe", "pipe", "pipe", ...descriptors] });
    this.child.stderr!.on("data", (text) => {
      this.#complaints += text;
    });
    this.child.stdin!.on("error", () => {});
    this.#lines = createInterface(this.child.stdout!)[Symbol.asyncIterator]();
    this.#exited = once(this.child, "exit");
    this.#exited.catch(() => {});
  }

  /** The server's sockets are `descriptors`. */
  static inheriting(descriptors: readonly number[], names: string): ChildServer {
    const args = [process.execPath, servingProgram, String(descriptors.length), names];
    return new ChildServer("sh", ["-c", inheriting, ...args], descriptors);
  }

  /** Keeps the socket, which every server that it starts inherits. */
  static supervisor(descriptor: number): ChildServer {
    const args = [process.execPath, servingProgram, "1", ""];
    return new ChildServer("sh", ["-c", supervising, "sh", ...args], [descriptor]);
  }

  /** The next line that it says. */
  async said<T = Said>(): Promise<T> {
    const late = setTimeout(() => this.child.kill("SIGKILL"), patienceMs);
    const { value, done } = await this.#lines.next();
    clearTimeout(late);
    if (done) {
      throw new Error(`it ended without a word: ${this.#complaints}`);
    }
    return JSON.parse(value) as T;
  }

  /** A supervisor starts one more server; its process id, once it listens. */
  async start(): Promise<number> {
    this.child.stdin!.write("\n");
    return (await this.said()).pid;
  }

  /** A supervisor's server ends; its exit code. */
  async end(pid: number): Promise<number> {
    process.kill(pid, "SIGTERM");
    return (await this.said<{ readonly exited: number }>()).exited;
  }

  /** Ends it, politely, or by force when that takes too long. Gives the exit code. */
  async stop(): Promise<unknown> {
    const late = setTimeout(() => this.child.kill("SIGKILL"), patienceMs);
    this.child.stdin!.end();
    this.child.kill("SIGTERM");
    const [code] = await this.#exited;
    clearTimeout(late);
    return code;
  }
}
