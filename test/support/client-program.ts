import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Context } from "mocha";
import { packageRoot } from "./package-root.ts";

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
  if (spawnSync(name, [versionFlag], { stdio: "ignore" }).error !== undefined) {
    missing(test, name);
  }
}

/** A file that a client needs, such as a module of it. Where it is missing, as `requireClient`. */
export function requireFile(test: Context, path: string): void {
  if (!existsSync(path)) {
    missing(test, path);
  }
}

/** A package that the benches bring with them (`npm ci --prefix bench`). Where it is missing, as `requireClient`. */
export function requirePackage(test: Context, name: string): unknown {
  const require = createRequire(join(packageRoot, "bench", "package.json"));
  try {
    return require(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") {
      throw error;
    }
    return missing(test, `${name}, which npm ci --prefix bench brings,`);
  }
}

/** The first of these Pythons that has a module. Where none has, as `requireClient`. */
export function requirePython(test: Context, module: string, pythons: readonly string[]): string {
  const python = pythons.find((name) => spawnSync(name, ["-c", `import ${module}`], { stdio: "ignore" }).status === 0);
  return python ?? missing(test, `Python's ${module}`);
}

function missing(test: Context, what: string): never {
  if (process.env["CI"] === "true") {
    throw new Error(`${what} is not installed`);
  }
  return test.skip();
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
