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
  drainDelayMs: 0,
  protocols: ["websocket", "http2", "echo", "example"],
  require: "",
  cert: "",
  key: "",
  saveCert: "",
  log: "line",
  trace: false,
  help: false,
  version: false,
};

const all = ["websocket", "http2", "tls", "echo", "example"];

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
    [["--drain-delay-ms", "9"], { drainDelayMs: 9 }],
    [["--tls"], { protocols: all }],
    [["--cert", "c", "--key", "k"], { protocols: all, cert: "c", key: "k" }],
    [["--save-cert", "s"], { protocols: all, saveCert: "s" }],
    [["--protocols", "example,tls,websocket"], { protocols: ["websocket", "tls", "example"] }],
    [["--protocols", "echo", "--tls"], { protocols: ["tls", "echo"] }],
    [["--protocols", "none"], { protocols: [] }],
    [["--require", "foo/2"], { require: "foo/2" }],
    [["--require", "h2c", "--protocols", "http2"], { require: "h2c", protocols: ["http2"] }],
    [["--quiet"], { log: "off" }],
    [["--quiet", "--log", "json"], { log: "off" }],
    [["--log", "json"], { log: "json" }],
    [["--log=off"], { log: "off" }],
    [["--trace"], { trace: true }],
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
    ["--drain-delay-ms", "-1"],
    ["--colour"],
    ["--protocols", "spdy"],
    ["--protocols", ""],
    ["--protocols", "echo, example"],
    ["--require", "example"],
    ["--require", "h2c", "--protocols", "none"],
    ["--log", "xml"],
    ["--trace=off"],
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
  const lines = usage().split("\n");
  const options = lines.filter((line) => line.startsWith("  --"));

  it("has a line for each option, with its default where it has a value", () => {
    expect(options).to.have.length(Object.keys(defaults).length + 2); // --tls is a protocol, --quiet a log
    for (const line of options) {
      expect(line).to.match(/^ {2}--[a-z-]+(?: {2,}\S[^()]*| [A-Z]+ +\S.* \(default \S.*\))$/);
    }
  });

  it("says all in one column, and no line is longer than 110 characters", () => {
    expect(new Set(options.map((line) => /^ {2}--\S+(?: [A-Z]+)? +/.exec(line)![0].length))).to.have.keys(26);
    for (const line of lines) {
      expect(line.length, line).to.be.at.most(110);
    }
  });

  it("tells the exit codes", () => {
    expect(usage()).to.match(/It ends with 0 after a signal, 1 if .*, 2 if /);
  });
});
