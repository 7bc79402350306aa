import { expect } from "chai";
import { allCases } from "../../../lib/cli/probe/cases.ts";
import { badServers, behaving } from "../../support/bad-servers.ts";
import { run } from "../../support/client-program.ts";
import { Demonstration, program } from "../../support/demonstration.ts";

async function probe(...args: string[]) {
  const { code, stdout, stderr } = await run(process.execPath, [program, "probe", ...args]);
  return { code, stdout: stdout.toString(), stderr };
}

describe("turnout probe, the program", function () {
  this.timeout(30_000);

  for (const [what, options, scheme] of [
    ["in clear text", [], "http"],
    ["beside TLS", ["--tls"], "http"],
    ["inside TLS", ["--tls"], "https"],
  ] as const) {
    for (const path of ["", "example", "nowhere"]) {
      it(`the demonstration server, ${what}, at /${path}: everything is ok, and 0`, async () => {
        const demonstration = await Demonstration.start("--quiet", ...options);
        try {
          const url = `${scheme}://127.0.0.1:${demonstration.port}/${path}`;
          const { code, stdout, stderr } = await probe(url, "--websocket", "/ws", "--verbose");
          expect(stdout).to.match(
            new RegExp(`\n${allCases.length} cases: ${allCases.length} ok, 0 warnings, 0 failed, 0 not applicable\n$`),
          );
          expect([code, stderr]).to.deep.equal([0, ""]);
          expect(stdout).to.match(/^Offers\n {2}ok {2}unasked {2}/);
          expect(stdout).not.to.include("\x1b"); // no terminal
        } finally {
          await demonstration.stop();
        }
      });
    }
  }

  it("a server that hangs: 1, and JSON for programs", () =>
    behaving(badServers.hangs, async (port) => {
      const url = `http://127.0.0.1:${port}/`;
      const { code, stdout, stderr } = await probe(url, "--json", "--timeout-ms", "50", "--only", "unasked", "h2");
      expect([code, stderr]).to.deep.equal([1, ""]);
      const { cases, summary, ...rest } = JSON.parse(stdout);
      expect(rest).to.deep.equal({ url });
      expect(cases.map(({ id, verdict }: { id: string; verdict: string }) => [id, verdict])).to.deep.equal([
        ["unasked", "fails"],
        ["h2", "not applicable"],
      ]);
      expect(summary).to.include({ fails: 1, "not applicable": 1 });
    }));

  it("warnings alone: 0", () =>
    behaving(badServers.closesUnanswered, async (port) => {
      const { code, stdout } = await probe(`http://127.0.0.1:${port}/`, "--only", "two-hosts");
      expect([code, stdout.split("\n").at(-2)]).to.deep.equal([
        0,
        "1 case: 0 ok, 1 warning, 0 failed, 0 not applicable",
      ]);
    }));

  it("nobody there: 2, in one sentence", async () => {
    let port = 0;
    await behaving(badServers.hangs, async (free) => {
      port = free;
    });
    for (const scheme of ["http", "https"]) {
      expect(await probe(`${scheme}://127.0.0.1:${port}/`)).to.deep.equal({
        code: 2,
        stdout: "",
        stderr: `turnout: 127.0.0.1 cannot be reached on port ${port}.\n`,
      });
    }
  });

  it("a server of clear text, asked for TLS: 2", () =>
    behaving(badServers.neverCloses, async (port) => {
      const { code, stderr } = await probe(`https://127.0.0.1:${port}/`);
      expect([code, stderr]).to.deep.equal([2, `turnout: 127.0.0.1 cannot be reached on port ${port}.\n`]);
    }));

  it("a name that nobody has: 2", async () => {
    const { code, stdout, stderr } = await probe("http://nobody.invalid/");
    expect([code, stdout, stderr]).to.deep.equal([2, "", "turnout: nobody.invalid cannot be reached on port 80.\n"]);
  });

  it("another host than this machine is probed with --allow-remote only, and with a warning", () =>
    behaving(badServers.closesUnanswered, async (port) => {
      const url = `http://0.0.0.0:${port}/`; // which is no loopback address, but is answered here
      expect(await probe(url)).to.deep.equal({
        code: 2,
        stdout: "",
        stderr: "turnout: 0.0.0.0 is not this machine; --allow-remote probes it all the same.\n",
      });
      const { code, stderr } = await probe(url, "--allow-remote", "--only", "two-hosts");
      expect([code, stderr]).to.deep.equal([
        0,
        "turnout: 0.0.0.0 is not this machine. Probe only what you are responsible for.\n",
      ]);
    }));

  it("--help shows what there is, and ends", async () => {
    const { code, stdout, stderr } = await probe("--help");
    expect([code, stderr]).to.deep.equal([0, ""]);
    expect(stdout).to.match(/^Usage: turnout probe URL \[options\]\n/);
  });

  it("what cannot be followed is refused in one sentence", async () => {
    for (const args of [[], ["--colour"], ["http://127.0.0.1/", "--only", "nothing"]]) {
      const { code, stdout, stderr } = await probe(...args);
      expect([code, stdout]).to.deep.equal([2, ""]);
      expect(stderr).to.match(/^turnout: [^\n]+\.\n$/);
    }
  });
});
