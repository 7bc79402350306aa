import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import type { Context } from "mocha";

/** What a program did. */
export interface Run {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** The longest that a client may take. */
const patienceMs = 40_000;

/**
 * Skips a test for want of its client, so that one can see it. Where CI is true every client has to be there: then the
 * test fails.
 */
export function requireClient(test: Context, name: string, versionFlag: string): void {
  if (spawnSync(name, [versionFlag], { stdio: "ignore" }).error === undefined) {
    return;
  }
  if (process.env["CI"] === "true") {
    throw new Error(`${name} is not installed`);
  }
  test.skip();
}

/** Runs a program to its end. */
export async function run(name: string, args: readonly string[], input?: string | Uint8Array): Promise<Run> {
  const child = spawn(name, args, { stdio: ["pipe", "pipe", "pipe"], timeout: patienceMs });
  const stdout: Buffer[] = [];
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  child.stdin.on("error", () => {}); // a client that does not read all of its input
  child.stdin.end(input);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout: Buffer.concat(stdout), stderr };
}
