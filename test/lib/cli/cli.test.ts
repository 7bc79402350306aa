import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect } from "chai";
import { Demonstration, program } from "../../support/demonstration.ts";
import { upgradeTo } from "../../support/exchanges.ts";
import { packageRoot } from "../../support/package-root.ts";
import { RawClient } from "../../support/raw-client.ts";
import { clientFrame, opcode, openWebSocket, wordsIn } from "../../support/websocket-frames.ts";

/** Runs the program to its end. */
function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: "utf8",
    timeout: 5_000,
  });
  return { status, stdout, stderr };
}

const { version } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as { version: string };

describe("turnout, the program", function () {
  this.timeout(10_000);

  it("--help shows the options, and ends", () => {
    const { status, stdout, stderr } = run("--help");
    expect([status, stderr]).to.deep.equal([0, ""]);
    const names = [...stdout.matchAll(/^ {2}--([\w-]+)/gm)].map(([, name]) => name);
    expect(names).to.deep.equal([
      "host",
      "port",
      "protocols",
      "require",
      "tls",
      "cert",
      "key",
      "save-cert",
      "max-head-bytes",
      "max-message-bytes",
      "head-timeout-ms",
      "body-timeout-ms",
      "idle-timeout-ms",
      "drain-delay-ms",
      "grace-ms",
      "log",
      "quiet",
      "trace",
      "help",
      "version",
    ]);
    expect(stdout).to.match(/^Usage: turnout \[options\]\n {7}turnout probe URL \[options\]\n/);
    expect(stdout).to.match(/^ {2}--port N +the port to listen on; 0 takes a free one \(default 8080\)$/m);
  });

  it("--version shows the version, and ends", () => {
    expect(run("--version")).to.deep.equal({ status: 0, stdout: `${version}\n`, stderr: "" });
  });

  for (const args of [["--port", "65536"], ["--colour"]]) {
    it(`${args.join(" ")} is refused in one sentence`, () => {
      const { status, stdout, stderr } = run(...args);
      expect([status, stdout]).to.deep.equal([2, ""]);
      expect(stderr).to.match(/^turnout: [^.\n]+\.\n$/);
    });
  }

  it("a port in use is told in one sentence", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    try {
      const { status, stdout, stderr } = run("--port", String(port));
      expect([status, stdout, stderr]).to.deep.equal([
        1,
        "",
        `turnout: port ${port} on 127.0.0.1 is in use already.\n`,
      ]);
    } finally {
      other.close();
    }
  });

  it("an address that is not this machine's is told in one sentence", () => {
    const { status, stdout, stderr } = run("--host", "192.0.2.1", "--port", "0");
    expect([status, stdout]).to.deep.equal([1, ""]);
    expect(stderr).to.match(/^turnout: it cannot listen on port 0 of 192\.0\.2\.1: [^\n]+\.\n$/);
  });

  /** Runs `test` with a server of its own, of which the lines on standard error are collected. */
  async function demonstrating(
    args: readonly string[],
    test: (demonstration: Demonstration, client: RawClient, said: AsyncIterator<string>) => Promise<void>,
  ): Promise<void> {
    const demonstration = await Demonstration.start(...args);
    const said = createInterface(demonstration.child.stderr!)[Symbol.asyncIterator]();
    const client = await RawClient.connect(demonstration.port);
    try {
      await test(demonstration, client, said);
    } finally {
      client.stream.destroy();
      demonstration.child.kill("SIGKILL");
      await demonstration.exited();
    }
  }

  /** The next line that has something. */
  async function through(said: AsyncIterator<string>, mark: RegExp): Promise<string> {
    for (;;) {
      const { value, done } = await said.next();
      if (done || mark.test(value)) {
        return String(value);
      }
    }
  }

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`${signal} lets what is under way end, and then ends with 0`, () =>
      demonstrating([], async (demonstration, client, said) => {
        client.stream.once("end", () => client.end());
        await client.send(upgradeTo("echo/1")).takeUntil("\r\n\r\nGET /x\r\n");
        expect((await said.next()).value).to.match(/^\d\d:\d\d:\d\d\.\d{3} 101 GET \/x -> echo\/1, \d+\.\d ms$/);
        demonstration.signal(signal);
        expect(await client.rest()).to.equal("");
        expect(await demonstration.exited()).to.deep.equal([0, null]);
        expect((await said.next()).value).to.match(new RegExp(` --- ${signal}: draining$`));
        expect((await said.next()).value).to.match(/ --- closed after \d+ ms$/);
      }));
  }

  for (const [first, second, code] of [
    ["SIGTERM", "SIGTERM", 143],
    ["SIGTERM", "SIGINT", 130],
  ] as const) {
    it(`a second signal, ${second}, ends it at once`, () =>
      demonstrating([], async (demonstration, client) => {
        await client.send(upgradeTo("echo/1")).takeUntil("\r\n\r\nGET /x\r\n");
        demonstration.signal(first);
        expect(await client.rest()).to.equal(""); // it drains, and this client does not end its side
        demonstration.signal(second);
        expect(await demonstration.exited()).to.deep.equal([code, null]);
      }));
  }

  it("--max-message-bytes bounds what WebSocket takes", async () => {
    const demonstration = await Demonstration.start("--max-message-bytes", "4");
    const client = await RawClient.connect(demonstration.port);
    try {
      await openWebSocket(
        client,
        {},
        Buffer.concat([clientFrame(opcode.text, "four"), clientFrame(opcode.text, "fiver")]),
      );
      expect(wordsIn(await client.rest())).to.deep.equal(['text "four"', "close 1009"]);
    } finally {
      client.stream.destroy();
      expect(await demonstration.stop()).to.equal(0);
    }
  });

  it("--drain-delay-ms goes on as before for that long", () =>
    demonstrating(["--drain-delay-ms", "86400000"], async (demonstration, client, said) => {
      demonstration.signal("SIGTERM");
      expect((await said.next()).value).to.match(/ --- SIGTERM: draining$/);
      const seen = await client.send("GET /status/204 HTTP/1.1\r\nHost: h\r\n\r\n").response();
      expect([seen.status, seen.field("connection")]).to.deep.equal([204, undefined]);
      const other = await RawClient.connect(demonstration.port);
      await other.send(upgradeTo("echo/1")).takeUntil("\r\n\r\nGET /x\r\n");
      demonstration.signal("SIGTERM");
      expect(await demonstration.exited()).to.deep.equal([143, null]);
      other.stream.destroy();
    }));

  it("--grace-ms 0 waits for nobody", () =>
    demonstrating(["--grace-ms", "0"], async (demonstration, client) => {
      await client.send(upgradeTo("echo/1")).takeUntil("\r\n\r\nGET /x\r\n");
      demonstration.signal("SIGTERM");
      expect(await demonstration.exited()).to.deep.equal([0, null]);
    }));

  it("says a line for what happens", () =>
    demonstrating([], async (_demonstration, client, said) => {
      client.send("GET /status/204 HTTP/1.1\r\nHost: h\r\n\r\nGET\r\n\r\n");
      expect((await said.next()).value).to.match(/ 204 GET \/status\/204$/);
      expect((await said.next()).value).to.match(/ 400 ERR_TURNOUT_\w+: /);
    }));

  it("--log json says an object for what happens", () =>
    demonstrating(["--log", "json"], async (demonstration, client, said) => {
      await client.send(upgradeTo("echo/1")).takeUntil("\r\n\r\nGET /x\r\n");
      const { time, durationMs, ...switched } = JSON.parse((await said.next()).value);
      expect(switched).to.deep.equal({ event: "switched", token: "echo/1", method: "GET", target: "/x" });
      expect([new Date(time).toISOString(), typeof durationMs]).to.deep.equal([time, "number"]);
      client.end();
      expect(await client.rest()).to.equal("");
      demonstration.signal("SIGTERM");
      expect(JSON.parse((await said.next()).value)).to.include({ event: "draining", signal: "SIGTERM" });
      expect(JSON.parse((await said.next()).value)).to.include({ event: "drained" });
    }));

  it("--trace says every byte, whatever --log says", () =>
    demonstrating(["--log", "off", "--trace"], async (_demonstration, client, said) => {
      client.send("GET /status/204 HTTP/1.1\r\nHost: h\r\n\r\n");
      await client.response();
      expect(await through(said, />/)).to.match(
        /^\d\d:\d\d:\d\d\.\d{3} #1 > 37 "GET \/status\/204 HTTP\/1\.1\\r\\nHost: h\\r\\n\\r\\n"$/,
      );
      expect(await through(said, /</)).to.match(/ #1 < \d+ "HTTP\/1\.1 204 No Content\\r\\n.*\\r\\n\\r\\n"$/);
    }));

  for (const [variable, coloured] of [
    ["NO_COLOR", false],
    ["FORCE_COLOR", true],
  ] as const) {
    it(`${variable} is followed`, async () => {
      const { FORCE_COLOR: _, NO_COLOR: __, ...environment } = process.env;
      const demonstration = await Demonstration.startWith({ ...environment, [variable]: "1" });
      const said = createInterface(demonstration.child.stderr!)[Symbol.asyncIterator]();
      demonstration.signal("SIGTERM");
      expect(String((await said.next()).value).includes("\x1b[2m")).to.equal(coloured);
      expect(await demonstration.exited()).to.deep.equal([0, null]);
    });
  }

  it("the banner tells what is spoken", async () => {
    const demonstration = await Demonstration.start("--protocols", "echo,http2");
    expect(demonstration.banner).to.equal("it speaks HTTP/1.1, HTTP/2, echo/1");
    expect(await demonstration.stop()).to.equal(0);
  });

  it("--quiet says nothing", () =>
    demonstrating(["--quiet"], async (demonstration, client, said) => {
      await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\nGET\r\n\r\n").end().rest();
      demonstration.signal("SIGTERM");
      expect(await demonstration.exited()).to.deep.equal([0, null]);
      expect(await said.next()).to.include({ done: true });
    }));

  it("RFC 6585 section 5: --max-head-bytes bounds the head", () =>
    demonstrating(["--max-head-bytes", "64"], async (_demonstration, client) => {
      const seen = await client.send(`GET / HTTP/1.1\r\nHost: h\r\nX-A: ${"a".repeat(64)}\r\n\r\n`).response();
      expect(seen.status).to.equal(431);
    }));

  it("--head-timeout-ms and --idle-timeout-ms end what does not come", () =>
    demonstrating(["--head-timeout-ms", "20", "--idle-timeout-ms", "20"], async ({ port }, client) => {
      expect(await client.rest()).to.equal("");
      const other = await RawClient.connect(port);
      expect((await other.send("GET / HTTP").response()).status).to.equal(408);
      other.stream.destroy();
    }));

  it("--body-timeout-ms ends content that does not come", () =>
    demonstrating(["--body-timeout-ms", "20"], async (_demonstration, client) => {
      client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n");
      expect((await client.response()).status).to.equal(408);
    }));

  it("--host ::1 is written as a URL has it", async function () {
    const probe = createServer().listen(0, "::1");
    try {
      await once(probe, "listening");
    } catch {
      this.skip(); // a machine without IPv6
    } finally {
      probe.close();
    }
    const demonstration = await Demonstration.start("--host", "::1");
    expect(demonstration.url).to.equal(`http://[::1]:${demonstration.port}/`);
    expect(await demonstration.stop()).to.equal(0);
  });
});
