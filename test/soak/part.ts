import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What a part of the soak can be asked for, by name. */
export type Duties = Readonly<Record<string, (argument: never) => unknown>>;

interface Question {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}
type Said = { readonly id: number; readonly result: unknown } | { readonly uncaught: string };

/** A part of the soak in a process of its own. */
export class Part<D extends Duties> {
  /** What nobody caught there. */
  readonly uncaught: string[] = [];
  readonly #child: ChildProcess;
  readonly #waiting: Map<number, (result: never) => void> = new Map();
  readonly #ended: Promise<never>;
  #questions = 0;

  constructor(script: URL, args: readonly string[] = []) {
    const execArgv = ["--expose-gc", "--enable-source-maps", "--no-warnings"];
    this.#child = fork(fileURLToPath(script), args, { execArgv, serialization: "advanced" });
    this.#child.on("message", (said: Said) => {
      if ("uncaught" in said) {
        this.uncaught.push(said.uncaught);
      } else {
        this.#waiting.get(said.id)!(said.result as never);
        this.#waiting.delete(said.id);
      }
    });
    this.#ended = once(this.#child, "exit").then(([code, signal]) => {
      throw new Error(`${args.join(" ")} ended early: ${code ?? signal}`);
    });
    this.#ended.catch(() => {});
  }

  ask<Name extends keyof D & string>(
    name: Name,
    ...[argument]: Parameters<D[Name]>
  ): Promise<Awaited<ReturnType<D[Name]>>> {
    const id = ++this.#questions;
    const answer = new Promise<never>((resolve) => this.#waiting.set(id, resolve));
    this.#child.send({ id, name, argument } satisfies Question);
    return Promise.race([answer, this.#ended]);
  }

  async stop(): Promise<void> {
    const ended = this.#ended.catch(() => {});
    this.#child.kill("SIGKILL");
    await ended;
  }
}

/** In a part: does what is asked for, tells of what nobody caught, and ends when nobody is left who could ask. */
export function serve(duties: Duties): void {
  const say = (said: Said): void => void process.send!(said);
  process.on("message", async ({ id, name, argument }: Question) => {
    say({ id, result: await duties[name]!(argument as never) });
  });
  for (const event of ["uncaughtException", "unhandledRejection"]) {
    process.on(event, (error: unknown) => say({ uncaught: (error as Error)?.stack ?? String(error) }));
  }
  process.on("disconnect", () => process.exit());
}
