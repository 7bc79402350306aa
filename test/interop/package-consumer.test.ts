import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { assert } from "chai";
import { requireFile, run } from "../support/client-program.ts";
import { type InstalledPackage, installedPackage } from "../support/installed-package.ts";
import { packageRoot } from "../support/package-root.ts";

/** The compilers that have to take the package's declarations, and how they are told to find them. */
const compilers: Readonly<Record<string, string>> = {
  "TypeScript 7": join(packageRoot, "node_modules", "typescript", "bin", "tsc"),
  "TypeScript 5.9": join(packageRoot, "bench", "node_modules", "typescript-5.9", "bin", "tsc"),
};

/** The consumer's project files, and further options. */
const resolutions: Readonly<Record<string, readonly string[]>> = {
  nodenext: ["tsconfig.json"],
  node20: ["tsconfig.json", "--module", "node20"],
  "bundler, beside the types of browsers": ["tsconfig.bundler.json"],
};

describe("a project that depends on the package, in strict TypeScript", () => {
  let consumer: InstalledPackage;

  before(async () => {
    consumer = await installedPackage(join(packageRoot, "test", "interop", "consumer"));
  });

  after(() => consumer?.remove());

  /** Compiles it, and gives what a program of its says. Node's types are the ones that are here. */
  async function compiledSays(
    compiler: string,
    [project, ...options]: readonly string[],
    program: string,
  ): Promise<unknown> {
    const types = ["--typeRoots", join(packageRoot, "node_modules", "@types")];
    const compiling = [compiler, "--project", join(consumer.folder, project!), ...types, ...options];
    const { code, stdout } = await run(process.execPath, compiling);
    assert.deepEqual([code, stdout.toString()], [0, ""]);
    const said = await run(process.execPath, [join(consumer.folder, "out", program)]);
    return [said.code, said.stdout.toString(), said.stderr];
  }

  for (const [name, compiler] of Object.entries(compilers)) {
    for (const [resolution, options] of Object.entries(resolutions)) {
      it(`${name}, ${resolution}: what is right compiles, and runs; what is wrong does not compile`, async function () {
        requireFile(this, compiler);
        assert.deepEqual(await compiledSays(compiler, options, "main.js"), [0, "all of it works\n", ""]);
      });
    }

    it(`${name}: a CommonJS program can require every entry`, async function () {
      requireFile(this, compiler);
      assert.deepEqual(await compiledSays(compiler, ["tsconfig.json"], "require.cjs"), [
        0,
        "200 required function function\n",
        "",
      ]);
      assert.include(await readFile(join(consumer.folder, "out", "require.cjs"), "utf8"), 'require("turnout/tls")');
    });
  }
});
