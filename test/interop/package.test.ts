import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { copyFile, readdir, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { basename, dirname, join, relative } from "node:path";
import { assert } from "chai";
import { type Run, run } from "../support/client-program.ts";
import { Conversation } from "../support/clients.ts";
import { type InstalledPackage, installedPackage } from "../support/installed-package.ts";
import { packageRoot } from "../support/package-root.ts";
import { compiledPrograms, fileOf, programsOf, RunningProgram } from "../support/page-programs.ts";
import { RawClient } from "../support/raw-client.ts";

const moduleProgram = `
import assert from "node:assert/strict";
import { createServer } from "turnout";
import { EchoProtocol } from "turnout/echo";
import { ExampleProtocol } from "turnout/example";

const { switched } = await import("turnout/testing");
assert.equal((await import("turnout")).createServer, createServer);
for (const module of [new EchoProtocol(), new ExampleProtocol()]) {
  const run = await switched(module, { target: "/x", early: "ping" });
  console.log(JSON.stringify(String(await run.end())));
}
`;

const commonJsProgram = `
const { createServer } = require("turnout");
const { EchoProtocol } = require("turnout/echo");

const server = createServer({ protocols: [new EchoProtocol()], respond: () => ({ body: "required" }) });
server.listen({ port: 0, host: "127.0.0.1" }).then(async ({ port }) => {
  const response = await fetch("http://127.0.0.1:" + port, { headers: { Connection: "close" } });
  console.log(response.status, await response.text());
  await server.close();
});
`;

/** The program's first line looks for Node in the PATH. */
const thisNode = { PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` };

/** Whether this Node runs TypeScript as it is; otherwise it has to be compiled. */
const takesTypeScript = Boolean((process.features as { readonly typescript?: unknown }).typescript);

describe("the package as npm packs it", () => {
  let installed: InstalledPackage;
  let folder: string;

  before(async () => {
    installed = await installedPackage();
    folder = installed.folder;
  });

  after(() => installed?.remove());

  const programOutput = async (name: string, text: string): Promise<string[]> => {
    await writeFile(join(folder, name), text);
    const { code, stdout, stderr } = await run(process.execPath, [join(folder, name)]);
    assert.deepEqual([code, stderr], [0, ""]);
    return stdout.toString().trimEnd().split("\n");
  };

  it("has the sources, what is made of each of them, and the papers; nothing else", () => {
    const sources = ["lib", "protocols"].flatMap((root) =>
      readdirSync(join(packageRoot, root), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => relative(packageRoot, join(parentPath, name))),
    );
    const made = sources
      .filter((path) => path.endsWith(".ts"))
      .flatMap((path) =>
        [".js", ".js.map", ".d.ts", ".d.ts.map"].map((ending) => join("dist", path.replace(/\.ts$/, ending))),
      );
    const papers = ["CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "package.json"];
    assert.sameMembers([...installed.files], [...sources, ...made, ...papers]);
  });

  it("what its maps and its declarations lead to is in it", () => {
    const has = new Set(installed.files);
    const read = (path: string): string => readFileSync(join(folder, "node_modules", "turnout", path), "utf8");
    for (const path of installed.files.filter((path) => path.endsWith(".map"))) {
      const { sources } = JSON.parse(read(path)) as { readonly sources: readonly string[] };
      assert.lengthOf(sources, 1, path);
      assert.isTrue(has.has(join(dirname(path), sources[0]!)), `${path} leads to ${sources}`);
      assert.isTrue(read(path.slice(0, -4)).endsWith(`//# sourceMappingURL=${basename(path)}`), path);
    }
    for (const path of installed.files.filter((path) => path.endsWith(".d.ts"))) {
      for (const [, from] of read(path).matchAll(/(?:from |import\()"([^"]+)"/g)) {
        const declared = join(dirname(path), from!.replace(/\.ts$/, ".d.ts"));
        assert.isTrue(
          /^(node:|turnout(\/|$))/.test(from!) || (from!.startsWith(".") && has.has(declared)),
          `${path}: ${from}`,
        );
      }
    }
  });

  it("npm install brings nothing else", async () => {
    const names = await readdir(join(folder, "node_modules"));
    assert.deepEqual(
      names.filter((name) => !name.startsWith(".")),
      ["turnout"],
    );
  });

  it("import: turnout, its protocols, and turnout/testing", async () => {
    assert.deepEqual(await programOutput("program.mjs", moduleProgram), [
      '"GET /x\\r\\nping"',
      '"example/1 GET /x \\r\\nping"',
    ]);
  });

  it("require: turnout and turnout/echo", async () => {
    assert.deepEqual(await programOutput("program.cjs", commonJsProgram), ["200 required"]);
  });

  it("the README's first program runs by copy and paste", async () => {
    const [program] = programsOf("README.md");
    const file = join(folder, takesTypeScript ? "shout.mts" : "shout.mjs");
    if (takesTypeScript) {
      await writeFile(file, program!.text);
    } else {
      const compiled = compiledPrograms([program!]);
      await copyFile(fileOf(compiled, program!), file);
      compiled.remove();
    }
    const running = new RunningProgram(file);
    try {
      const client = await RawClient.connect(await running.port());
      const offer = "GET /tea HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: shout/1\r\n\r\n";
      assert.match(
        await client.send(offer).end("please\n").rest(),
        /^HTTP\/1\.1 101 .*\nYOU ASKED FOR \/tea\nPLEASE\n$/s,
      );
    } finally {
      await running.kill();
    }
  });

  describe("npx turnout, without a terminal", () => {
    const npx = (...args: string[]): Conversation =>
      new Conversation("npx", ["--no", "--prefix", folder, "--", "turnout", ...args], thisNode);

    const told = ({ code, stdout, stderr }: Run): unknown => ({ code, stdout: stdout.toString(), stderr });

    /** A server that answers, and is then told to end. */
    async function serves(server: Conversation): Promise<Run> {
      try {
        const [, url] = /^turnout listens on (http:\S+)\n/.exec(await server.said(/\n/))!;
        const page = await fetch(url!, { headers: { Accept: "text/html" } });
        assert.match(await page.text(), /^<!doctype html>(?:.|\n)*<style>:root(?:.|\n)*<script type="module">/);
        const response = await fetch(new URL("/echo", url), { method: "POST", body: "hello" });
        assert.deepEqual([response.status, await response.text()], [200, "hello"]);
        return await server.stop("SIGTERM");
      } finally {
        await server.stop();
      }
    }

    it("--port 0 serves until SIGTERM", async () => {
      const { stderr } = await serves(npx("--port", "0"));
      assert.match(
        stderr,
        /^[\d:.]+ 200 GET \/\n[\d:.]+ 200 POST \/echo\n[\d:.]+ --- SIGTERM: draining\n[\d:.]+ --- closed after \d+ ms\n$/,
      ); // the exit code is npx's own
    });

    it("--port 0 by the link in node_modules/.bin exits with 0 after SIGTERM", async () => {
      const { code } = await serves(
        new Conversation(join(folder, "node_modules", ".bin", "turnout"), ["--port", "0"], thisNode),
      );
      assert.equal(code, 0);
    });

    it("--help exits with 0", async () => {
      const { code, stdout, stderr } = await npx("--help").end();
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout.toString(), /^Usage: turnout \[options\]\n/);
    });

    it("a bad option exits with 2, and one sentence", async () => {
      assert.deepEqual(told(await npx("--port", "http").end()), {
        code: 2,
        stdout: "",
        stderr: 'turnout: --port has to be a whole number from 0 to 65535, not "http".\n',
      });
    });

    it("a port in use exits with 1, and one sentence", async () => {
      const other = createServer().listen(0, "127.0.0.1");
      await once(other, "listening");
      const { port } = other.address() as AddressInfo;
      try {
        assert.deepEqual(told(await npx("--port", String(port)).end()), {
          code: 1,
          stdout: "",
          stderr: `turnout: port ${port} on 127.0.0.1 is in use already.\n`,
        });
      } finally {
        other.close();
      }
    });
  });
});
