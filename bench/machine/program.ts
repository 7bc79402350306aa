import { type ChildProcess, spawn, spawnSync } from "node:child_process";
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

/** Whether a program is there, which is asked for its version. */
export function isInstalled(program: string, versionFlag = "--version"): boolean {
  return spawnSync(program, [versionFlag], { stdio: "ignore" }).error === undefined;
}

const canPin = cpus().length > 1 && isInstalled("taskset");

/** The words before a command that give it a core for itself, where the system can do that. */
export function pinning(core: number): string[] {
  return canPin ? ["taskset", "-c", String(core)] : [];
}

/** A part of a bench in a process of its own, which talks in lines. */
export class Program {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(script: URL, args: readonly string[], { core, flags = [], env = {} }: ProgramOptions) {
    const [command, ...rest] = [...pinning(core), process.execPath, ...flags, fileURLToPath(script), ...args];
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

  /** Waits for its end; throws where it failed. */
  async ended(): Promise<void> {
    if (this.#child.exitCode === null) {
      await once(this.#child, "exit");
    }
    if (this.#child.exitCode !== 0) {
      throw new Error(`${this.#child.spawnargs.join(" ")} failed`);
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill();
      await once(this.#child, "exit");
    }
  }
}
