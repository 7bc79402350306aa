import { execFile } from "node:child_process";
import { pinning } from "../machine/program.ts";

/** Runs a load program on the clients' core; gives what it says. Interrupts it after so many milliseconds, if that is said. */
export function run(program: string, args: readonly string[], interruptMs?: number): Promise<string> {
  const [command, ...rest] = [...pinning(1), program, ...args];
  return new Promise((resolve, reject) => {
    const child = execFile(command!, rest, (error, stdout) => (error === null ? resolve(stdout) : reject(error)));
    if (interruptMs !== undefined) {
      const timer = setTimeout(() => child.kill("SIGINT"), interruptMs);
      child.on("exit", () => clearTimeout(timer));
    }
  });
}
