import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./package-root.ts";

/** What the compiler made of some programs, and said of them. */
export interface Compiled {
  /** Where `NAME.ts` became `NAME.js`. Inside the package, so that `turnout` is found by its name. */
  readonly folder: string;
  /** The compiler's lines. */
  readonly errors: readonly string[];
  remove(): void;
}

/** Compiles programs as a user's strict project would: against the package's public types. */
export function compiled(programs: Readonly<Record<string, string>>): Compiled {
  const folder = mkdtempSync(join(packageRoot, "dist", "programs-"));
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(folder, `${name}.ts`), text);
  }
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        target: "es2023",
        module: "nodenext",
        types: ["node"],
        strict: true,
        exactOptionalPropertyTypes: true,
        noImplicitOverride: true,
        noUncheckedIndexedAccess: true,
      },
    }),
  );
  const tsc = join(packageRoot, "node_modules", "typescript", "bin", "tsc");
  const { stdout } = spawnSync(process.execPath, [tsc, "--project", folder], { encoding: "utf8" });
  return {
    folder,
    errors: stdout.split("\n").filter((line) => line !== ""),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
