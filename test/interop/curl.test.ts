import { assert } from "chai";
import { type Run, requireClient, run } from "../support/client-program.ts";
import { exitCodeOf } from "../support/clients.ts";
import { Demonstration } from "../support/demonstration.ts";
import { Random } from "../support/random.ts";

describe("curl", () => {
  let server: Demonstration;

  before(async function () {
    requireClient(this, "curl", "--version");
    server = await Demonstration.start("--quiet");
  });

  after(async () => {
    if (server !== undefined) {
      assert.equal(await exitCodeOf(server), 0);
    }
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

  it("POST of 3 MB after -H 'Expect: 100-continue'", async () => {
    const { stdout, stderr } = await curl(["-v", "-H", "Expect: 100-continue", "--data-binary", "@-", "/echo"], big);
    assert.include(stderr, "\n< HTTP/1.1 100 Continue\r\n");
    assert.isTrue(stdout.equals(big));
  });

  it("POST of 3 MB after -H 'Expect:', which asks for no 100 and gets none", async () => {
    const { stdout, stderr } = await curl(["-v", "-H", "Expect:", "--data-binary", "@-", "/echo"], big);
    assert.notInclude(stderr, "HTTP/1.1 100");
    assert.isTrue(stdout.equals(big));
  });

  for (const [title, args] of [
    ["-H 'Transfer-Encoding: chunked'", ["-H", "Transfer-Encoding: chunked", "--data-binary", "@-"]],
    ["-T -", ["-X", "POST", "-T", "-"]],
  ] as const) {
    it(`upload in chunks by ${title}`, async () => {
      const { stdout, stderr } = await curl(["-v", ...args, "/echo"], big);
      assert.include(stderr, "\n> Transfer-Encoding: chunked\r\n");
      assert.notInclude(stderr, "\n> Content-Length:");
      assert.isTrue(stdout.equals(big));
    });
  }

  it("upload in chunks without any content", async () => {
    const { stdout, stderr } = await curl(["-v", "-X", "POST", "-T", "-", "/echo"]);
    assert.include(stderr, "\n> Transfer-Encoding: chunked\r\n");
    assert.equal(stdout.length, 0);
  });

  it("GET /delay/50", async () => {
    assert.equal((await curl(["/delay/50"])).stdout.toString(), "waited 50 ms\n");
  });

  it("two POSTs on one connection", async () => {
    const { stdout, stderr } = await curl(["-v", "--data-binary", "one", "/echo", "/echo"]);
    assert.equal(stdout.toString(), "oneone");
    assert.match(stderr, /Re-using existing connection/);
  });

  it("GET and HEAD of two URLs on one connection", async () => {
    for (const option of ["--get", "--head"]) {
      const { stderr } = await curl(["-v", option, "/", "/inspect"]);
      assert.lengthOf(stderr.match(/^< HTTP\/1\.1 200 OK\r$/gm) ?? [], 2);
      assert.match(stderr, /Re-using existing connection/);
    }
  });

  it("a request after a 404 with content that nobody reads, on the same connection", async () => {
    const { stdout, stderr } = await curl(["-v", "--data-binary", "unread", "/nowhere", "/nowhere"]);
    assert.equal(stdout.toString(), "404 Not Found: /nowhere\n".repeat(2));
    assert.match(stderr, /Re-using existing connection/);
  });

  it("--http2 is switched, and gets its answer over HTTP/2", async () => {
    const { stdout } = await curl(["--http2", "--include", "/inspect"]);
    const [switching, head, body] = stdout.toString().split("\r\n\r\n");
    assert.match(switching!, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    assert.match(head!, /^HTTP\/2 200 *\r\n/);
    assert.deepInclude(JSON.parse(body!), { method: "GET", target: "/inspect", upgrade: [] });
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
});
