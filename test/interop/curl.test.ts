import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { assert } from "chai";
import { type Run, requireClient, run } from "../support/client-program.ts";
import { Demonstration } from "../support/demonstration.ts";
import { Random } from "../support/random.ts";

describe("curl", () => {
  let server: Demonstration;

  before(async function () {
    requireClient(this, "curl", "--version");
    server = await Demonstration.start("--quiet");
  });

  after(async () => {
    assert.equal(await server?.stop(), 0);
  });

  /** curl without progress, that fails when the connection does; paths become URLs. */
  const curl = async (args: readonly string[], input?: Uint8Array): Promise<Run> => {
    const urls = args.map((arg) => (arg.startsWith("/") ? new URL(arg, server.url).href : arg));
    const done = await run("curl", ["--silent", "--show-error", "--max-time", "30", ...urls], input);
    assert.equal(done.code, 0, done.stderr);
    return done;
  };

  const big = new Random(1).bytes(3_000_000);

  it("GET /", async () => {
    const { stdout } = await curl(["--include", "/"]);
    assert.match(stdout.toString(), /^HTTP\/1\.1 200 OK\r\n.*Turnout.*example\/1/s);
  });

  it("GET /inspect", async () => {
    const { stdout } = await curl(["-H", "X-Twice: 1", "-H", "X-Twice: 2", "/inspect?a=b"]);
    const seen = JSON.parse(stdout.toString()) as { headers: [string, string][] };
    const { headers: _, ...rest } = seen;
    assert.deepEqual(rest as unknown, {
      method: "GET",
      target: "/inspect?a=b",
      host: new URL(server.url).host,
      upgrade: [],
    });
    assert.deepEqual(
      seen.headers.filter(([name]) => name === "X-Twice").map(([, value]) => value),
      ["1", "2"],
    );
  });

  it("HEAD / has the length of GET, and no content", async () => {
    const { stdout } = await curl(["--head", "/"]);
    const { stdout: page } = await curl(["/"]);
    assert.include(stdout.toString(), `\r\nContent-Length: ${page.length}\r\n`);
    assert.match(stdout.toString(), /^HTTP\/1\.1 200 OK\r\n(?:[\w-]+: [^\r\n]+\r\n)+\r\n$/);
  });

  it("POST /echo gives the content back", async () => {
    assert.equal((await curl(["--data-binary", "hello", "/echo"])).stdout.toString(), "hello");
    assert.equal((await curl(["--data-binary", "", "/echo"])).stdout.length, 0);
  });

  it("POST of 3 MB after Expect: 100-continue", async () => {
    const { stdout, stderr } = await curl(["-v", "-H", "Expect: 100-continue", "--data-binary", "@-", "/echo"], big);
    assert.include(stderr, "HTTP/1.1 100 Continue");
    assert.isTrue(stdout.equals(big));
  });

  it("chunked upload", async () => {
    const { stdout, stderr } = await curl(["-v", "-X", "POST", "-T", "-", "/echo"], big);
    assert.include(stderr, "Transfer-Encoding: chunked");
    assert.isTrue(stdout.equals(big));
  });

  it("two requests on one connection", async () => {
    const { stdout, stderr } = await curl(["-v", "--data-binary", "one", "/echo", "/echo"]);
    assert.equal(stdout.toString(), "oneone");
    assert.match(stderr, /Re-using existing connection/);
  });

  it("a request after a 404 with content that nobody reads, on the same connection", async () => {
    const { stdout, stderr } = await curl(["-v", "--data-binary", "unread", "/nowhere", "/nowhere"]);
    assert.equal(stdout.toString(), "404 Not Found: /nowhere\n".repeat(2));
    assert.match(stderr, /Re-using existing connection/);
  });

  it("--http2, which merely offers h2c, gets its answer over HTTP/1.1", async () => {
    const { stdout } = await curl(["--http2", "--include", "/inspect"]);
    const [head, body] = stdout.toString().split("\r\n\r\n");
    assert.match(head!, /^HTTP\/1\.1 200 OK\r\n/);
    assert.notMatch(head!, /upgrade/i);
    assert.deepInclude(JSON.parse(body!), { upgrade: ["h2c"] });
  });

  it("--http2 with content", async () => {
    assert.equal((await curl(["--http2", "--data-binary", "hello", "/echo"])).stdout.toString(), "hello");
  });

  it("--http1.0", async () => {
    const { stdout } = await curl(["--http1.0", "--include", "/delay/1"]);
    assert.match(stdout.toString(), /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nwaited 1 ms\n$/s);
    assert.notMatch(stdout.toString(), /transfer-encoding/i);
  });

  for (const status of [204, 205, 304, 404, 500]) {
    it(`/status/${status}`, async () => {
      const { stdout } = await curl([
        "--write-out",
        "%{http_code} %{size_download}",
        "--output",
        "-",
        `/status/${status}`,
      ]);
      const bodiless = status < 300 || status === 304;
      assert.match(stdout.toString(), bodiless ? new RegExp(`^${status} 0$`) : new RegExp(`${status} [1-9]\\d*$`));
    });
  }

  it("/required answers 426, and names the protocol", async () => {
    const { stdout } = await curl(["--include", "/required"]);
    assert.match(
      stdout.toString(),
      /^HTTP\/1\.1 426 Upgrade Required\r\n.*\r\nUpgrade: example\/1\r\nConnection: Upgrade\r\n/s,
    );
  });

  it("a request under way is answered when the server is told to end", async () => {
    const ending = await Demonstration.start("--quiet");
    const url = new URL("/echo", ending.url).href;
    const child = spawn("curl", ["--silent", "-v", "-X", "POST", "-H", "Expect: 100-continue", "-T", "-", url]);
    const lines = createInterface(child.stderr);
    for await (const line of lines) {
      if (line.includes("HTTP/1.1 100 Continue")) {
        break;
      }
    }
    ending.signal("SIGTERM");
    child.stdin.end("the rest");
    let answer = "";
    for await (const chunk of child.stdout) {
      answer += chunk;
    }
    assert.equal(answer, "the rest");
    assert.deepEqual(await ending.exited(), [0, null]);
  });
});
