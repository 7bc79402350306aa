import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { assert } from "chai";
import { selfSigned } from "turnout/testing";
import { requireClient, run } from "../support/client-program.ts";
import { Conversation } from "../support/clients.ts";
import { program } from "../support/demonstration.ts";
import { patiently } from "../support/patiently.ts";
import { Random } from "../support/random.ts";

/** A demonstration server that speaks TLS, as its banner tells. */
interface Demonstrated {
  readonly port: number;
  /** The SHA-256 of its certificate. */
  readonly sha256: string;
  readonly server: Conversation;
}

const banner = (port: number, sha256: string): string => `turnout listens on http://127.0.0.1:${port}/
it speaks HTTP/1.1, WebSocket, HTTP/2, TLS, echo/1, example/1 and foo/2
TLS is on the same port: https://127.0.0.1:${port}/
its certificate has the SHA-256 ${sha256}
`;

/** Runs `test` with the server, which has to end well afterwards. */
async function demonstrating(
  args: readonly string[],
  test: (demonstrated: Demonstrated) => Promise<void>,
): Promise<void> {
  const server = new Conversation(process.execPath, [program, "--port", "0", ...args]);
  try {
    await patiently(async () => {
      const said = await server.said(/ SHA-256 \S+\n/);
      const port = Number(/^turnout listens on \S+:(\d+)\/$/m.exec(said)?.[1]);
      const sha256 = / SHA-256 ((?:[\dA-F]{2}:){31}[\dA-F]{2})\n/.exec(said)?.[1] ?? "";
      assert.isTrue(said.startsWith(banner(port, sha256)), said);
      await test({ port, sha256, server });
    });
  } finally {
    const { code, stderr } = await server.stop("SIGTERM");
    assert.equal(code, 0, stderr);
  }
}

/** The SHA-256 of the certificate that a client is shown. */
async function shown(port: number): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  try {
    await once(socket, "secureConnect");
    const { fingerprint256 } = socket.getPeerCertificate();
    await once(socket.end().resume(), "close"); // one that is destroyed may take its part of the handshake with it
    return fingerprint256;
  } finally {
    socket.destroy();
  }
}

describe("the demonstration server, TLS", () => {
  let folder: string;
  const file = (name: string): string => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "turnout-demonstration-"));
    const { cert, key } = selfSigned();
    await writeFile(file("cert.pem"), cert);
    await writeFile(file("key.pem"), key);
    await writeFile(file("other-key.pem"), selfSigned().key);
    await writeFile(file("text"), "neither a certificate nor a key\n");
    await writeFile(file("empty"), "");
  });

  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** What a curl says that succeeds. */
  const curl = async (args: readonly string[], input?: Uint8Array): Promise<Buffer> => {
    const { code, stdout, stderr } = await run("curl", ["-sS", "--max-time", "15", ...args], input);
    assert.equal(code, 0, stderr);
    return stdout;
  };

  const big = new Random(2).bytes(1024 * 1024);

  /** What everybody can do who trusts the certificate of a file. */
  const assertTrusted = async (port: number, cacert: string): Promise<void> => {
    for (const [option, version] of [
      ["--http2", "2"],
      ["--http1.1", "1.1"],
    ] as const) {
      const trusting = ["--cacert", cacert, option];
      const url = `https://localhost:${port}`;
      const text = await curl([...trusting, "-w", "%{stderr}%{http_version}", `${url}/inspect?a=b`]);
      assert.deepInclude(JSON.parse(text.toString()), { target: "/inspect?a=b", host: `localhost:${port}` });
      const status = await curl([...trusting, "-o", file("page"), "-w", "%{http_code} %{http_version}", `${url}/`]);
      assert.equal(status.toString(), `200 ${version}`);
      assert.match(await readFile(file("page"), "utf8"), /^This is Turnout: /);
      assert.isTrue((await curl([...trusting, "--data-binary", "@-", `${url}/echo`], big)).equals(big));
    }
  };

  it("--tls: a certificate of its own, whose SHA-256 it tells; clear text goes on; events are told", async function () {
    requireClient(this, "curl", "--version");
    await demonstrating(["--tls"], async ({ port, sha256, server }) => {
      assert.equal(await shown(port), sha256);
      for (const url of [`http://127.0.0.1:${port}`, `https://127.0.0.1:${port}`]) {
        assert.equal((await curl(["-k", "-d", "hello", `${url}/echo`])).toString(), "hello");
      }
      const events = await server.said(/(?:200 POST .*){2}\n/s, "stderr");
      assert.equal(
        events.replaceAll(/^\d\d:\d\d:\d\d\.\d{3} /gm, ""),
        "--- TLS\n200 POST /echo\n--- TLS\n--- h2\n200 POST /echo\n",
      );
    });
  });

  it("--save-cert writes the certificate, and no key, for curl --cacert", async function () {
    requireClient(this, "curl", "--version");
    const saved = file("saved.pem");
    await demonstrating(["--quiet", "--tls", "--save-cert", saved], async ({ port, sha256 }) => {
      const text = await readFile(saved, "latin1");
      assert.match(text, /^-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n$/);
      assert.equal(new X509Certificate(text).fingerprint256, sha256);
      assert.equal(await shown(port), sha256);
      await assertTrusted(port, saved);
    });
  });

  it("--cert and --key, which are enough to speak TLS", async function () {
    requireClient(this, "curl", "--version");
    const files = ["--cert", file("cert.pem"), "--key", file("key.pem")];
    await demonstrating(["--quiet", ...files], async ({ port, sha256 }) => {
      assert.equal(new X509Certificate(await readFile(file("cert.pem"))).fingerprint256, sha256);
      assert.equal(await shown(port), sha256);
      await assertTrusted(port, file("cert.pem"));
    });
  });

  it("--cert and --key that openssl has made: a chain, and RSA", async function () {
    requireClient(this, "curl", "--version");
    requireClient(this, "openssl", "version");
    const openssl = async (...args: readonly string[]): Promise<void> => {
      const { code, stderr } = await run("openssl", args);
      assert.equal(code, 0, stderr);
    };
    const made = ["-newkey", "rsa:2048", "-nodes", "-days", "2"];
    const [ca, caKey, leaf, key, chain] = ["ca", "ca-key", "leaf", "leaf-key", "chain"].map(file) as [
      ...[string, string, string, string, string],
    ];
    await openssl("req", "-x509", ...made, "-subj", "/CN=authority", "-keyout", caKey, "-out", ca);
    const extension = ["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"];
    const issued = ["-CA", ca, "-CAkey", caKey, "-subj", "/CN=localhost", ...extension];
    await openssl("req", "-x509", ...made, ...issued, "-keyout", key, "-out", leaf);
    await writeFile(chain, (await readFile(leaf, "latin1")) + (await readFile(ca, "latin1")));
    await demonstrating(["--quiet", "--cert", chain, "--key", key], async ({ port, sha256 }) => {
      assert.equal(new X509Certificate(await readFile(leaf)).fingerprint256, sha256);
      assert.equal(await shown(port), sha256);
      await assertTrusted(port, ca);
    });
  });

  const cannot = "turnout: TLS cannot be spoken: ";

  for (const { title, cert, key, begins } of [
    { title: "a certificate that is not there", cert: "missing", key: "key.pem", begins: `${cannot}ENOENT: ` },
    { title: "a key that is not there", cert: "cert.pem", key: "missing", begins: `${cannot}ENOENT: ` },
    { title: "a folder for a certificate", cert: ".", key: "key.pem", begins: `${cannot}EISDIR: ` },
    { title: "a certificate that is none", cert: "text", key: "key.pem", begins: cannot },
    { title: "an empty certificate", cert: "empty", key: "key.pem", begins: cannot },
    { title: "a key that is none", cert: "cert.pem", key: "text", begins: cannot },
    { title: "certificate and key changed for each other", cert: "key.pem", key: "cert.pem", begins: cannot },
    { title: "the key of another certificate", cert: "cert.pem", key: "other-key.pem", begins: cannot },
  ]) {
    it(`${title} is told in one sentence`, async () => {
      const args = [program, "--port", "0", "--cert", file(cert), "--key", file(key)];
      const { code, stdout, stderr } = await run(process.execPath, args);
      assert.deepEqual([code, stdout.toString()], [1, ""]);
      assert.match(stderr, /^[^\n]+\.\n$/);
      assert.isTrue(stderr.startsWith(begins), stderr);
      if ([cert, key].includes("missing")) {
        assert.include(stderr, file("missing"));
      }
    });
  }

  it("--save-cert where no file can be written is told in one sentence", async () => {
    const args = ["--port", "0", "--tls", "--save-cert", file("nowhere/cert.pem")];
    const { code, stdout, stderr } = await run(process.execPath, [program, ...args]);
    assert.deepEqual([code, stdout.toString()], [1, ""]);
    assert.match(stderr, /^[^\n]+\.\n$/);
    assert.isTrue(stderr.startsWith(`${cannot}ENOENT: `), stderr);
  });

  for (const [option, name] of [
    ["--cert", "cert.pem"],
    ["--key", "key.pem"],
  ] as const) {
    it(`${option} alone is told in one sentence`, async () => {
      const { code, stdout, stderr } = await run(process.execPath, [program, "--port", "0", option, file(name)]);
      assert.deepEqual([code, stdout.toString(), stderr], [2, "", "turnout: --cert and --key belong together.\n"]);
    });
  }
});
