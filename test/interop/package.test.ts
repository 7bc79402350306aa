import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { assert } from "chai";
import { run } from "../support/client-program.ts";
import { packageRoot } from "../support/package-root.ts";

const program = `
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { createServer } from "turnout";
import { EchoProtocol } from "turnout/echo";
import { switched } from "turnout/testing";

assert.equal(createRequire(import.meta.url)("turnout").createServer, createServer);
const run = await switched(new EchoProtocol(), { target: "/x", early: "ping" });
console.log(String(await run.end()));
`;

describe("the package as npm packs it", () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "turnout-package-"));
  });

  after(() => rm(folder, { recursive: true }));

  it("is installed, imported, required and started", async () => {
    const packed = await run("npm", [
      "pack",
      packageRoot,
      "--ignore-scripts",
      "--pack-destination",
      folder,
      "--silent",
    ]);
    assert.equal(packed.code, 0, packed.stderr);
    await writeFile(join(folder, "package.json"), JSON.stringify({ name: "consumer", type: "module" }));
    const tarball = packed.stdout.toString().trim();
    const installed = await run("npm", ["install", "--prefix", folder, "--offline", join(folder, tarball)]);
    assert.equal(installed.code, 0, installed.stderr);
    assert.deepEqual(
      (await readdir(join(folder, "node_modules"))).filter((name) => !name.startsWith(".")),
      ["turnout"],
    );
    await writeFile(join(folder, "program.js"), program);
    const used = await run(process.execPath, [join(folder, "program.js")]);
    assert.equal(used.stdout.toString(), "GET /x\r\nping\n", used.stderr);
    // The command finds this Node by the PATH.
    const bin = join(folder, "node_modules", ".bin", "turnout");
    const help = await run("env", [`PATH=${dirname(process.execPath)}:${process.env["PATH"]}`, bin, "--help"]);
    assert.match(help.stdout.toString(), /^Usage: turnout \[options\]\n/);
  });
});
