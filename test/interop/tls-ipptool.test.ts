import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "chai";
import { type Run, requireClient, run } from "../support/client-program.ts";
import { documentMark, printer } from "../support/interop-tls-ipp.ts";
import { patiently } from "../support/patiently.ts";
import { byUpgrade, servingTls, type TlsServing } from "../support/tls-serving.ts";

const operationAttributes = `GROUP operation-attributes-tag
ATTR charset attributes-charset utf-8
ATTR language attributes-natural-language en
ATTR uri printer-uri $uri
`;

const jobKiB = 1024;

/** What ipptool has to do, and to find. */
const attributes = `{
NAME "asks"
OPERATION Get-Printer-Attributes
${operationAttributes}STATUS successful-ok
EXPECT printer-name OF-TYPE name WITH-VALUE "turnout"
}
`;
const job = `{
NAME "prints"
OPERATION Print-Job
${operationAttributes}ATTR mimeMediaType document-format application/octet-stream
FILE $filename
STATUS successful-ok
EXPECT job-state OF-TYPE enum WITH-VALUE 9
EXPECT job-k-octets OF-TYPE integer WITH-VALUE ${jobKiB}
}
`;

/** By the name of its file: for each file it makes a connection. */
const scripts = { attributes, job: attributes + job + attributes };

describe("CUPS's ipptool", () => {
  let folder: string;

  before(async function () {
    requireClient(this, "ipptool", "--version");
    folder = await mkdtemp(join(tmpdir(), "turnout-ipptool-"));
    for (const [name, script] of Object.entries(scripts)) {
      await writeFile(join(folder, `${name}.test`), script);
    }
    await writeFile(join(folder, "document"), documentMark.padEnd(jobKiB * 1024, "x"));
  });

  after(async () => {
    if (folder !== undefined) {
      await rm(folder, { recursive: true, force: true });
    }
  });

  const ipptool = (port: number, options: readonly string[], name: keyof typeof scripts): Promise<Run> =>
    run("ipptool", [
      ...["-tv", "-f", join(folder, "document"), ...options],
      `ipp://localhost:${port}/ipp/print`,
      join(folder, `${name}.test`),
    ]);

  const assertPassed = ({ code, stdout, stderr }: Run, ...titles: readonly string[]): void => {
    assert.equal(code, 0, `${stdout}${stderr}`);
    assert.deepEqual(
      [...stdout.toString().matchAll(/^ {4}(\S+) +\[(\w+)\]$/gm)].map(([, title, result]) => `${title} ${result}`),
      titles.map((title) => `${title} PASS`),
    );
  };

  /** What was told, but for how connections ended. */
  const course = ({ told }: TlsServing): string[] => told.filter((line) => !line.startsWith("closed"));

  const answeredOptions = ["switched OPTIONS * TLS/1.2", "answered OPTIONS * 200 inside"];
  const answeredPost = "answered POST /ipp/print 200 inside";

  /** Runs `test` with a printer whose door to TLS is Upgrade. */
  const printing = (test: (serving: TlsServing) => Promise<void>): Promise<void> =>
    servingTls(
      byUpgrade,
      async (serving) => {
        await patiently(() => test(serving));
        assert.deepEqual(serving.faults, []);
        assert.deepEqual(serving.server.stats().refused, {});
      },
      { respond: printer, protocols: [] },
    );

  it("-E: OPTIONS * leads to TLS, where it is answered, and then the printer's attributes are asked for", () =>
    printing(async (serving) => {
      assertPassed(await ipptool(serving.port, ["-E"], "attributes"), "asks");
      assert.deepEqual(course(serving), [...answeredOptions, answeredPost]);
      const { accepted, switched } = serving.server.stats();
      assert.equal(accepted, 1);
      assert.equal(switched["TLS/1.2"]?.total, 1);
    }));

  for (const [how, option] of [
    ["in chunks", "-C"],
    ["with Content-Length", "-L"],
  ] as const) {
    it(`-E: a job of ${jobKiB} KiB inside TLS, ${how}, and another question`, () =>
      printing(async (serving) => {
        const done = await ipptool(serving.port, ["-E", option], "job");
        assertPassed(done, "asks", "prints", "asks");
        assert.deepEqual(course(serving), [...answeredOptions, answeredPost, answeredPost, answeredPost]);
      }));
  }

  it("without -E: a 426 makes it ask for TLS", () =>
    printing(async (serving) => {
      assertPassed(await ipptool(serving.port, [], "attributes"), "asks");
      const [first, ...others] = course(serving);
      assert.equal(first, "answered POST /ipp/print 426 in clear");
      assert.deepEqual(others, [...answeredOptions, answeredPost]);
    }));

  it("-S: TLS from the first byte on", () =>
    servingTls(
      {},
      async (serving) => {
        assertPassed(await patiently(() => ipptool(serving.port, ["-S"], "job")), "asks", "prints", "asks");
        assert.deepEqual(course(serving), ["opened TLS", answeredPost, answeredPost, answeredPost]);
        assert.deepEqual(serving.faults, []);
      },
      { respond: printer, protocols: [] },
    ));

  it("-E fails where the server has no upgrade to TLS: OPTIONS * is answered in clear text", () =>
    servingTls(
      {},
      async (serving) => {
        const { code, stderr } = await patiently(() => ipptool(serving.port, ["-E"], "attributes"));
        assert.equal(code, 1);
        assert.match(stderr, /Encryption is not supported/);
        assert.deepEqual(course(serving), ["answered OPTIONS * 200 in clear"]);
      },
      { respond: () => ({}), protocols: [] },
    ));
});
