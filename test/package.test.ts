import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect } from "chai";
import * as turnout from "turnout";
import * as echo from "turnout/echo";
import * as example from "turnout/example";
import * as http2 from "turnout/http2";
import * as metrics from "turnout/metrics";
import * as testing from "turnout/testing";
import * as tls from "turnout/tls";
import * as websocket from "turnout/websocket";
import { packageRoot } from "./support/package-root.ts";

interface Manifest {
  readonly version: string;
  readonly type: string;
  readonly sideEffects: boolean;
  readonly engines: { readonly node: string };
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
}

const manifest = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as Manifest;
const require = createRequire(import.meta.url);

/** What each entry of the package gives at run time. Whatever is added here is a promise. */
const entries: Readonly<Record<string, { readonly module: object; readonly names: readonly string[] }>> = {
  turnout: {
    module: turnout,
    names: [
      "Fields",
      "ModuleError",
      "PeerError",
      "ProtocolModule",
      "Roster",
      "Server",
      "TransportError",
      "UsageError",
      "createServer",
      "decline",
      "fromCodec",
      "health",
      "inheritedListeners",
      "reject",
      "selfSigned",
      "switchTo",
      "traceWire",
      "upgradeRequired",
    ],
  },
  "turnout/metrics": { module: metrics, names: ["prometheus"] },
  "turnout/testing": { module: testing, names: ["Client", "contract", "selfSigned", "switched"] },
  "turnout/echo": { module: echo, names: ["EchoProtocol"] },
  "turnout/example": { module: example, names: ["ExampleProtocol"] },
  "turnout/http2": { module: http2, names: ["Http2Protocol"] },
  "turnout/tls": { module: tls, names: ["TlsProtocol"] },
  "turnout/websocket": { module: websocket, names: ["ServerWebSocket", "WebSocketProtocol", "admit"] },
};

describe("the package", () => {
  for (const [name, { module, names }] of Object.entries(entries)) {
    it(`${name} exports what is meant, and nothing else`, () => {
      expect(Object.keys(module).sort()).to.deep.equal(names);
    });

    it(`require("${name}") gives the same`, () => {
      const required = require(name) as Record<string, unknown>;
      for (const one of names) {
        expect(required[one]).to.equal((module as Record<string, unknown>)[one]);
      }
    });
  }

  for (const name of Object.keys(entries)) {
    it(`${name} does not load Node's client of the web, which takes longer than all the rest`, () => {
      const program = `await import("${name}"); console.log(process.moduleLoadList.filter((name) => name.includes("undici")).length)`;
      const options = { cwd: packageRoot, encoding: "utf8" } as const;
      expect(execFileSync(process.execPath, ["--input-type=module", "-e", program], options)).to.equal("0\n");
    });
  }

  it("has no entries but these", () => {
    const subpaths = Object.keys(entries).map((name) => name.replace("turnout", "."));
    expect(Object.keys(manifest.exports)).to.have.members([...subpaths, "./package.json"]);
  });

  it("has every file that it names", () => {
    const targets = Object.values(manifest.exports).flatMap((target) =>
      typeof target === "string" ? [target] : Object.values(target),
    );
    for (const target of [...targets, ...Object.values(manifest.bin)]) {
      expect(existsSync(join(packageRoot, target)), target).to.equal(true);
    }
  });

  it("has types for each, which compilers look for first, and one program for import and require", () => {
    for (const target of Object.values(manifest.exports)) {
      expect(typeof target === "string" ? ["types", "default"] : Object.keys(target)).to.deep.equal([
        "types",
        "default",
      ]);
    }
    expect([manifest.type, manifest.sideEffects]).to.deep.equal(["module", false]);
    expect(manifest.engines.node).to.equal("^20.19.0 || >=22.12.0"); // those that can require what is written as a module
  });

  it("keeps what is inside to itself", () => {
    expect(() => require("turnout/lib/server.js"))
      .to.throw()
      .with.property("code", "ERR_PACKAGE_PATH_NOT_EXPORTED");
  });

  for (const kind of ["dependencies", "optionalDependencies", "peerDependencies", "bundleDependencies"]) {
    it(`needs no ${kind}`, () => {
      expect(manifest).not.to.have.property(kind);
    });
  }

  it("its program can be started by its name", () => {
    const [line] = readFileSync(join(packageRoot, manifest.bin["turnout"]!), "utf8").split("\n");
    expect(line).to.equal("#!/usr/bin/env node");
  });

  it("answers no one's own 101: a receipt can be had from a transport only", () => {
    expect(turnout).not.to.have.property("Answered");
  });
});
