import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Run } from "./client-program.ts";
import type { Demonstration } from "./demonstration.ts";

/** The longest that a program may run. Its end, also by force, ends every wait for it. */
const patienceMs = 40_000;

/**
 * A program at work, without a terminal: it can be told things, and what it says can be waited for. It leads a group of
 * its own, with all that it starts, and is ended together with that: npx, for one, leaves its program behind.
 */
export class Conversation {
  readonly child: ChildProcess;
  /** How it ended. */
  readonly ended: Promise<Run>;
  readonly #said = { stdout: "", stderr: "" };
  #over = false;
  /** Calls those who wait for what is said. */
  #notify: () => void = () => {};

  /** Behind the standard three it gets `pipes` more, which are the child's `stdio[3]` and so on. */
  constructor(name: string, args: readonly string[], env?: NodeJS.ProcessEnv, pipes = 0) {
    const child = spawn(name, args, {
      detached: true, // leads a session, which has no terminal, and a group
      env: { ...process.env, ...env },
      stdio: Array.from({ length: 3 + pipes }, () => "pipe" as const),
    });
    const impatient = setTimeout(() => this.signal("SIGKILL"), patienceMs);
    this.child = child;
    for (const from of ["stdout", "stderr"] as const) {
      child[from]!.setEncoding("latin1").on("data", (text: string) => {
        this.#said[from] += text;
        this.#notify();
      });
    }
    child.stdin!.on("error", () => {}); // it has ended before it read everything
    this.ended = once(child, "close").then(([code]) => {
      const { stdout, stderr } = this.#said;
      return { code: code as number | null, stdout: Buffer.from(stdout, "latin1"), stderr };
    });
    this.ended.catch(() => {}); // told to those who ask for the end
    child.once("close", () => {
      clearTimeout(impatient);
      this.#over = true;
      this.#notify();
    });
  }

  /** Sends text as latin1. */
  send(text: string): void {
    this.child.stdin!.write(text, "latin1");
  }

  /** Waits until it has said something, and gives all that it has said until then. Rejects when it ends before. */
  async said(mark: RegExp, from: "stdout" | "stderr" = "stdout"): Promise<string> {
    while (this.#said[from].search(mark) < 0) {
      if (this.#over) {
        throw new Error(`it ended without ${mark}: ${JSON.stringify(this.#said)}`);
      }
      await new Promise<void>((resolve) => {
        this.#notify = resolve;
      });
    }
    return this.#said[from];
  }

  /** Ends its input, and waits for its end. */
  end(text = ""): Promise<Run> {
    this.child.stdin!.end(text, "latin1");
    return this.ended;
  }

  /** Sends a signal to it, and to all that it has started. */
  signal(signal: NodeJS.Signals): void {
    if (this.#over || this.child.pid === undefined) {
      return;
    }
    try {
      process.kill(-this.child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") {
        throw error;
      }
      // all of them have ended, and it is not told yet
    }
  }

  /** Ends it with a signal, if it has not ended, and waits for that. */
  stop(signal: NodeJS.Signals = "SIGKILL"): Promise<Run> {
    this.signal(signal);
    return this.ended;
  }
}

/** Ends a server politely, or by force when that takes too long. Gives its exit code; null when there is none. */
export async function exitCodeOf(server: Demonstration): Promise<number | null> {
  const impatient = setTimeout(() => server.child.kill("SIGKILL"), patienceMs);
  try {
    return await server.stop();
  } finally {
    clearTimeout(impatient);
  }
}
