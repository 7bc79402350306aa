import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "chai";
import { run } from "./client-program.ts";
import { packageRoot } from "./package-root.ts";

/** The package as npm packs it, installed in a project of its own, outside of this one. */
export interface InstalledPackage {
  readonly folder: string;
  /** What is in the tarball. */
  readonly files: readonly string[];
  remove(): Promise<void>;
}

/** Nothing is fetched: the tarball is all that is installed. `project` is a folder to begin with. */
export async function installedPackage(project?: string): Promise<InstalledPackage> {
  const folder = await mkdtemp(join(tmpdir(), "turnout-package-"));
  if (project === undefined) {
    await writeFile(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true }));
  } else {
    await cp(project, folder, { recursive: true });
  }
  const packed = await run("npm", [
    "pack",
    packageRoot,
    "--ignore-scripts", // it is built already, and the tests run from there
    "--pack-destination",
    folder,
    "--json",
  ]);
  assert.equal(packed.code, 0, packed.stderr);
  const [{ filename, files }] = JSON.parse(packed.stdout.toString()) as [
    { readonly filename: string; readonly files: readonly { readonly path: string }[] },
  ];
  const installed = await run("npm", ["install", "--prefix", folder, "--offline", join(folder, filename)]);
  assert.equal(installed.code, 0, installed.stderr);
  return {
    folder,
    files: files.map(({ path }) => path),
    remove: () => rm(folder, { recursive: true }),
  };
}
