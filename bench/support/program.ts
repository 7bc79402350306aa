import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** How a program is started, beside its arguments. */
export interface ProgramOptions {
  /** The core that it has for itself, where the system can do that. */
  readonly core: number;
  /** Options of Node. */
  readonly flags?: readonly string[];
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A part of a bench in a process of its own, which talks in lines. */
export class Program {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(script: URL, args: readonly string[], { core, flags = [], env = {} }: ProgramOptions) {
    const pinned = process.platform === "linux" && cpus().length > 1 ? ["taskset", "-c", String(core)] : [];
    const [command, ...rest] = [...pinned, process.execPath, ...flags, fileURLToPath(script), ...args];
    this.#child = spawn(command!, rest, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...env } });
    this.#lines = createInterface(this.#child.stdout!)[Symbol.asyncIterator]();
  }

  /** The next line that it says. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) {
      throw new Error(`${this.#child.spawnargs.join(" ")} ended early`);
    }
    return value;
  }

  /** Says a line to it, and takes the one that answers. */
  ask(line: string): Promise<string> {
    this.#child.stdin!.write(`${line}\n`);
    return this.line();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill();
      await once(this.#child, "exit");
    }
  }
}
