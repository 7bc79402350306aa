import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "chai";
import type { HttpRequest, ResponseLike } from "turnout";
import { Http2Protocol } from "turnout/http2";
import { selfSigned } from "turnout/testing";
import { type Run, requireClient, run } from "../support/client-program.ts";
import { patiently } from "../support/patiently.ts";
import { Random } from "../support/random.ts";
import { certificate, servingTls, type TlsServing } from "../support/tls-serving.ts";

/** Content comes back; other requests are told what they were. */
async function respond(request: HttpRequest): Promise<ResponseLike> {
  const { method, target, httpVersion, host, secure } = request;
  const content = await request.bytes();
  return { body: method === "POST" ? content : `${target} ${httpVersion} ${secure ? "inside" : "in clear"} ${host}\n` };
}

/** What curl prints of a GET. */
const printed = (target: string, version: string, where: string, host: string): string =>
  `${target} ${version} ${where} ${host}\n`;

const big = new Random(1).bytes(1024 * 1024);

describe("curl, TLS", () => {
  let folder: string;

  before(async function () {
    requireClient(this, "curl", "--version");
    folder = await mkdtemp(join(tmpdir(), "turnout-curl-tls-"));
    await writeFile(join(folder, "cert.pem"), certificate.cert);
    await writeFile(join(folder, "other.pem"), selfSigned().cert);
  });

  after(async () => {
    if (folder !== undefined) {
      await rm(folder, { recursive: true, force: true });
    }
  });

  const curl = (args: readonly string[], input?: Uint8Array): Promise<Run> =>
    run("curl", ["--silent", "--show-error", "--max-time", "15", ...args], input);

  /** What a curl says that succeeds. */
  const said = async (args: readonly string[], input?: Uint8Array): Promise<Buffer> => {
    const { code, stdout, stderr } = await curl(args, input);
    assert.equal(code, 0, stderr);
    return stdout;
  };

  /** Runs `test` with a server that speaks TLS, and HTTP/2 unless told otherwise. */
  const speaking = (test: (serving: TlsServing) => Promise<void>, http2 = true): Promise<void> =>
    servingTls(
      {},
      async (serving) => {
        await patiently(() => test(serving));
        assert.deepEqual(serving.faults, []);
      },
      { respond, protocols: http2 ? [new Http2Protocol()] : [] },
    );

  for (const { title, options, http2, version } of [
    { title: "-k, which agrees on h2", options: [], http2: true, version: "2.0" },
    { title: "-k --http1.1", options: ["--http1.1"], http2: true, version: "1.1" },
    { title: "-k --no-alpn", options: ["--no-alpn"], http2: true, version: "1.1" },
    { title: "-k where the server has no HTTP/2", options: [], http2: false, version: "1.1" },
  ]) {
    describe(title, () => {
      it("GET", () =>
        speaking(async ({ port, told, server }) => {
          const host = `127.0.0.1:${port}`;
          const stdout = await said(["-k", ...options, `https://${host}/a?b=c`]);
          assert.equal(stdout.toString(), printed("/a?b=c", version, "inside", host));
          assert.include(told, "answered GET /a?b=c 200 inside");
          const { accepted, switched } = server.stats();
          assert.equal(accepted, 1);
          assert.equal(switched["TLS"]?.total, 1);
          assert.equal(switched["h2"]?.total, version === "2.0" ? 1 : undefined);
        }, http2));

      it("POST of 1 MiB, whose content comes back", () =>
        speaking(async ({ port, told }) => {
          const written = ["--write-out", "%{stderr}%{http_version} %{size_upload} %{size_download}"];
          const args = ["-k", ...options, ...written, "--data-binary", "@-", `https://127.0.0.1:${port}/echo`];
          const { code, stdout, stderr } = await curl(args, big);
          assert.equal(code, 0, stderr);
          assert.isTrue(stdout.equals(big));
          assert.equal(stderr, `${version.replace(".0", "")} ${big.length} ${big.length}`);
          assert.include(told, "answered POST /echo 200 inside");
        }, http2));
    });
  }

  it("-k --http1.1: three requests on one connection", () =>
    speaking(async ({ port, server }) => {
      const host = `127.0.0.1:${port}`;
      const stdout = await said(["-k", "--http1.1", `https://${host}/[1-3]`]);
      assert.equal(stdout.toString(), ["/1", "/2", "/3"].map((path) => printed(path, "1.1", "inside", host)).join(""));
      assert.equal(server.stats().accepted, 1);
    }));

  for (const version of ["1.2", "1.3"]) {
    it(`--cacert with the server's certificate, https://localhost, TLS ${version}`, () =>
      speaking(async ({ port }) => {
        const only = [`--tlsv${version}`, "--tls-max", version];
        const url = `https://localhost:${port}/`;
        const stdout = await said([...only, "--cacert", join(folder, "cert.pem"), url]);
        assert.equal(stdout.toString(), printed("/", "2.0", "inside", `localhost:${port}`));
      }));
  }

  it("--cacert with another certificate: curl gives up, and nothing is answered", () =>
    speaking(async ({ port, told, closings }) => {
      const { code } = await curl(["--cacert", join(folder, "other.pem"), `https://localhost:${port}/`]);
      assert.equal(code, 60); // the peer's certificate cannot be authenticated with the known ones
      await closings(1);
      assert.deepEqual(
        told.filter((line) => line.startsWith("answered")),
        [],
      );
    }));

  it("clear text and TLS on one port, in turn", () =>
    speaking(async ({ port, server }) => {
      const host = `localhost:${port}`;
      const cacert = ["--cacert", join(folder, "cert.pem")];
      const urls = ["http", "https", "http"].map((scheme, index) => `${scheme}://${host}/${index}`);
      const stdout = await said([...cacert, "--http1.1", ...urls]);
      assert.equal(
        stdout.toString(),
        printed("/0", "1.1", "in clear", host) +
          printed("/1", "1.1", "inside", host) +
          printed("/2", "1.1", "in clear", host),
      );
      assert.equal((await said(["--http2", `http://${host}/`])).toString(), printed("/", "2.0", "in clear", host));
      assert.equal(
        (await said(["--http2-prior-knowledge", `http://${host}/`])).toString(),
        printed("/", "2.0", "in clear", host),
      );
      const { switched } = server.stats();
      assert.deepEqual(
        Object.entries(switched).map(([token, { total }]) => [token, total]),
        [
          ["TLS", 1],
          ["h2c", 1],
          ["h2", 1],
        ],
      );
    }));
});
