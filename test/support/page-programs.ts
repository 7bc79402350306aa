import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { type Compiled, compiled } from "./compiled.ts";
import { packageRoot } from "./package-root.ts";

/** The pages of the documentation that have programs. */
export const pages: readonly string[] = [
  "README.md",
  "protocols/README.md",
  "lib/proxy/README.md",
  ...["echo", "example", "http2", "tls", "websocket"].map((name) => `protocols/${name}/README.md`),
];

/** A program that a page of the documentation shows. */
export interface Program {
  readonly title: string;
  /** A name for its file. */
  readonly name: string;
  readonly text: string;
  /** Whether it listens: for the tests on a free port, which is the first thing that it says. */
  readonly listens: boolean;
}

const listening = "listen({ port: 8080 })";

/** The programs of a page, in its order: what is fenced as `ts`, and as nothing else. */
export function programsOf(page: string): Program[] {
  const fenced = readFileSync(join(packageRoot, page), "utf8").matchAll(/^```ts\n(.*?)^```$/gms);
  return [...fenced].map(([, text], index) => ({
    title: `${page}, program ${index + 1}`,
    name: `p${dirname(page).replace(/\W/g, "")}${index + 1}`,
    text: text!.replace(
      listening,
      'listen({ port: 0, host: "127.0.0.1" }).then((at) => console.log(typeof at === "object" ? at.port : at))',
    ),
    listens: text!.includes(listening),
  }));
}

/** What the programs of a page take the place of: fenced as `js before`. They use what is not Turnout. */
export function programsBefore(page: string): Program[] {
  const fenced = readFileSync(join(packageRoot, page), "utf8").matchAll(/^```js before\n(.*?)^```$/gms);
  return [...fenced].map(([, text], index) => ({
    title: `${page}, program ${index + 1} of before`,
    name: `before${dirname(page).replace(/\W/g, "")}${index + 1}`,
    text: text!.replace(
      `server.${listening}`,
      'server.listen({ port: 0, host: "127.0.0.1" }, () => console.log(server.address().port))',
    ),
    listens: true,
  }));
}

/** Compiles programs as a user's strict project would. */
export function compiledPrograms(programs: readonly Program[]): Compiled {
  return compiled(Object.fromEntries(programs.map(({ name, text }) => [name, text])));
}

/** Where a program is that was compiled. */
export function fileOf({ folder }: Pick<Compiled, "folder">, { name }: Program): string {
  return join(folder, `${name}.js`);
}

/** A program at work, in a process of its own. */
export class RunningProgram {
  readonly child: ChildProcess;
  /** Its exit code and signal. */
  readonly exited: Promise<unknown[]>;
  #complaints = "";

  /** `flags` are Node's. */
  constructor(file: string, flags: readonly string[] = []) {
    this.child = spawn(process.execPath, [...flags, file], { stdio: ["ignore", "pipe", "pipe"] });
    this.child.stderr!.on("data", (chunk) => {
      this.#complaints += chunk;
    });
    this.exited = once(this.child, "exit");
  }

  /** What it has said on standard error. */
  get complaints(): string {
    return this.#complaints;
  }

  /** Where it listens. Rejects when it ends before. */
  async port(): Promise<number> {
    const failed = this.exited.then(() => Promise.reject(new Error(`the program ended: ${this.#complaints}`)));
    const [line] = await Promise.race([once(createInterface(this.child.stdout!), "line"), failed]);
    return Number(line);
  }

  /** Ends it, and waits for that. Some take their time upon SIGTERM. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exited;
  }
}
