import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { allCases } from "../../../lib/cli/probe/cases.ts";
import {
  type ProbeCommandLine,
  ProbeUsageError,
  probeUsage,
  readProbeCommandLine,
} from "../../../lib/cli/probe/command-line.ts";
import { tableOf } from "../../../lib/cli/probe/report.ts";
import type { Outcome } from "../../../lib/cli/probe/runner.ts";
import { addressesOf, isLoopback, targetOf } from "../../../lib/cli/probe/target.ts";
import { packageRoot } from "../../support/package-root.ts";
import { closing, seenOf, someTarget } from "../../support/probe-seen.ts";

const url = "http://127.0.0.1:8080/a?b";

const defaults = {
  url,
  target: {
    authority: "127.0.0.1:8080",
    hostname: "127.0.0.1",
    port: 8080,
    secure: false,
    path: "/a?b",
    webSocketPath: undefined,
  },
  only: [],
  timeoutMs: 3_000,
  allowRemote: false,
  json: false,
  verbose: false,
};

describe("readProbeCommandLine", () => {
  for (const [args, said] of [
    [[url], {}],
    [["--timeout-ms", "1", url], { timeoutMs: 1 }],
    [[url, "--only", "unknown"], { only: ["unknown"] }],
    [[url, "--only", "unknown", "h2"], { only: ["unknown", "h2"] }],
    [["--only", "unknown", "h2", url, "--only", "tls"], { only: ["unknown", "tls", "h2"] }],
    [[url, "--allow-remote", "--json", "--verbose"], { allowRemote: true, json: true, verbose: true }],
    [[url, "--websocket", "/ws?x"], { target: { ...defaults.target, webSocketPath: "/ws?x" } }],
  ] as const) {
    it(`"${args.join(" ")}" is understood`, () => {
      expect(readProbeCommandLine(args)).to.deep.equal({ ...defaults, ...said });
    });
  }

  it("--help goes before everything else", () => {
    expect(readProbeCommandLine(["--help"])).to.equal("help");
    expect(readProbeCommandLine(["--help", url, "--only", "nothing"])).to.equal("help");
  });

  for (const args of [
    [],
    [url, url],
    ["127.0.0.1:8080"],
    ["localhost:8080"],
    ["ftp://127.0.0.1/"],
    ["http://user@127.0.0.1/"],
    ["http://:word@127.0.0.1/"],
    [url, "unknown"],
    [url, "--only"],
    [url, "--only", "nothing"],
    [url, "--timeout-ms", "0"],
    [url, "--timeout-ms", "600001"],
    [url, "--timeout-ms", "1s"],
    [url, "--websocket", "ws"],
    [url, "--websocket", "/a b"],
    [url, "--websocket", "/a\r\nX: y"],
    [url, "--port", "1"],
    [url, "--json=yes"],
  ]) {
    it(`${JSON.stringify(args)} is refused in one sentence, without its full stop`, () => {
      expect(() => readProbeCommandLine(args)).to.throw(ProbeUsageError, /^[^\n]+[^.\n]$/);
    });
  }

  it("the path of a URL is the path that is probed, and cannot break a head", () => {
    const { target } = readProbeCommandLine(["http://[::1]/a b\r\n?c#d"]) as ProbeCommandLine;
    expect(target).to.include({ authority: "[::1]", hostname: "::1", port: 80, path: "/a%20b?c" });
    expect(targetOf("https://h/")).to.include({ port: 443, secure: true });
    expect(targetOf("https://h:80/")).to.include({ port: 80, authority: "h:80" });
  });
});

describe("probeUsage", () => {
  it("has a line for each option, and one for each case", () => {
    const usage = probeUsage();
    const options = [...usage.matchAll(/^ {2}--([a-z-]+)( [A-Z.]+)? {2,}\S/gm)].map(([, name]) => name);
    expect(options).to.deep.equal(["websocket", "only", "timeout-ms", "allow-remote", "json", "verbose", "help"]);
    for (const { id, title } of allCases) {
      expect(usage).to.include(`  ${id.padEnd(20)}${title}\n`);
    }
  });
});

describe("isLoopback", () => {
  for (const [address, expected] of [
    ["127.0.0.1", true],
    ["127.255.0.9", true],
    ["::1", true],
    ["::ffff:127.0.0.1", true],
    ["0.0.0.0", false],
    ["::", false],
    ["::2", false],
    ["128.0.0.1", false],
    ["192.168.0.1", false],
    ["::ffff:192.0.2.1", false],
  ] as const) {
    it(`${address}: ${expected}`, () => expect(isLoopback(address)).to.equal(expected));
  }

  it("addresses are themselves, and localhost is this machine", async () => {
    expect(await addressesOf("192.0.2.1")).to.deep.equal(["192.0.2.1"]);
    const addresses = await addressesOf("localhost");
    expect(addresses).not.to.deep.equal([]);
    expect(addresses.every(isLoopback)).to.equal(true);
  });
});

describe("what the README says of turnout probe", () => {
  const readme = readFileSync(join(packageRoot, "README.md"), "utf8");
  const [section] = /^## Probe a server$.*?^## /ms.exec(readme)!;

  it("its commands are understood", () => {
    const commands = [...section.matchAll(/^npm start -- probe (.+)$/gm)].map(([, args]) => args!.split(" "));
    expect(commands).not.to.deep.equal([]);
    for (const args of commands) {
      expect(readProbeCommandLine(args)).to.include({ url: args[0] });
    }
  });

  it("its options exist, and all of them are told", () => {
    const told = new Set([...section.matchAll(/--([a-z]+[a-z-]*)/g)].map(([, name]) => name));
    expect([...told]).to.have.members([...probeUsage().matchAll(/^ {2}--([a-z-]+)/gm)].map(([, name]) => name));
  });

  it("it counts the cases", () => {
    expect(section).to.include(` with ${allCases.length} offers`);
  });

  it("its sample is a table of these cases", () => {
    const [, sample] = /^```text\n(.*?)^```$/ms.exec(section)!;
    const outcomes = [...sample!.matchAll(/^ {2}(\S+) +(\S+) .*? {2}RFC .*? {2,}(.+)$/gm)].map(
      ([, verdict, id, reason]): Outcome => {
        const one = allCases.find((other) => other.id === id)!;
        const seen = seenOf(one.plan(someTarget), closing(200));
        return { case: one, seen, verdict: verdict as Outcome["verdict"], reason: reason! };
      },
    );
    expect(tableOf(outcomes, { colour: false, verbose: false })).to.equal(sample);
  });
});
