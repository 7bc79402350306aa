import { expect } from "chai";
import { CommandLineError, readCommandLine, usage } from "../../../lib/cli/options.ts";

const defaults = {
  host: "127.0.0.1",
  port: 8080,
  maxHeadBytes: 16_384,
  maxMessageBytes: 16_777_216,
  headTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  idleTimeoutMs: 5_000,
  graceMs: 5_000,
  tls: false,
  cert: "",
  key: "",
  saveCert: "",
  quiet: false,
  help: false,
  version: false,
};

describe("readCommandLine", () => {
  for (const [args, said] of [
    [[], {}],
    [["--port", "0"], { port: 0 }],
    [["--port=65535"], { port: 65_535 }],
    [["--port", "1", "--port", "2"], { port: 2 }],
    [["--host", "::"], { host: "::" }],
    [["--max-head-bytes", "64"], { maxHeadBytes: 64 }],
    [["--max-message-bytes", "1"], { maxMessageBytes: 1 }],
    [["--head-timeout-ms", "1"], { headTimeoutMs: 1 }],
    [["--body-timeout-ms", "86400000"], { bodyTimeoutMs: 86_400_000 }],
    [["--idle-timeout-ms", "7"], { idleTimeoutMs: 7 }],
    [["--grace-ms", "0"], { graceMs: 0 }],
    [["--tls"], { tls: true }],
    [["--cert", "c", "--key", "k"], { tls: true, cert: "c", key: "k" }],
    [["--tls", "--save-cert", "s"], { tls: true, saveCert: "s" }],
    [["--quiet"], { quiet: true }],
    [["--help", "--version"], { help: true, version: true }],
  ] as const) {
    it(`"${args.join(" ")}" is understood`, () => {
      expect(readCommandLine(args)).to.deep.equal({ ...defaults, ...said });
    });
  }

  for (const args of [
    ["--port", "65536"],
    ["--port", "-1"],
    ["--port=-1"],
    ["--port", "1e3"],
    ["--port", " 1"],
    ["--port", ""],
    ["--port"],
    ["--max-head-bytes", "63"],
    ["--max-head-bytes", "1048577"],
    ["--max-message-bytes", "0"],
    ["--max-message-bytes", "16 MiB"],
    ["--head-timeout-ms", "0"],
    ["--body-timeout-ms", "86400001"],
    ["--idle-timeout-ms", "5s"],
    ["--grace-ms", "soon"],
    ["--colour"],
    ["--cert", "c"],
    ["--key", "k"],
    ["--quiet=yes"],
    ["-p", "0"],
    ["8080"],
  ]) {
    it(`"${args.join(" ")}" is refused in one sentence, without its full stop`, () => {
      expect(() => readCommandLine(args)).to.throw(CommandLineError, /^[^.\n]+$/);
    });
  }
});

describe("usage", () => {
  it("has a line for each option, with its default", () => {
    const lines = usage().split("\n").slice(5, -1);
    expect(lines).to.have.length(Object.keys(defaults).length);
    for (const line of lines) {
      expect(line).to.match(/^ {2}--[a-z-]+( [A-Z]+)? +\S.* \(default \S+\)$/);
    }
  });
});
