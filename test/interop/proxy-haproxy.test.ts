import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "chai";
import { createServer } from "turnout";
import { EchoProtocol } from "turnout/echo";
import { Http2Protocol } from "turnout/http2";
import { TlsProtocol } from "turnout/tls";
import { requireClient, run } from "../support/client-program.ts";
import { expectSwitch, upgradeTo } from "../support/exchanges.ts";
import { haproxy, Intermediary } from "../support/intermediary.ts";
import { behind, curlAddress, curlFrom } from "../support/interop-proxy.ts";
import { RawClient } from "../support/raw-client.ts";
import { clientCertificate } from "../support/tls-client-certificate.ts";
import { certificate } from "../support/tls-serving.ts";

/** A listener that passes on bytes to the server, which is told of by `server` options. */
const tcp =
  (options: string, bind = "", more = "") =>
  (port: number) =>
    haproxy(`listen all\n  mode tcp\n  ${more}\n  bind fd@3 ${bind}\n  server a 127.0.0.1:${port} ${options}`, pems);

const pems = {
  "server.pem": certificate.cert + certificate.key,
  "clients.pem": clientCertificate.cert,
};

describe("HAProxy's PROXY protocol", () => {
  before(function () {
    requireClient(this, "haproxy", "-v");
    requireClient(this, "curl", "--version");
  });

  for (const [options, version] of [
    ["send-proxy", 1],
    ["send-proxy-v2", 2],
  ] as const) {
    it(`${options}: the client's address and port`, () =>
      behind(tcp(options), async ({ intermediary, only }) => {
        const { body, port } = await curlFrom([`http://127.0.0.1:${intermediary.port}/a`]);
        assert.equal(body, "/a");
        const { proxy, ...rest } = only();
        assert.deepInclude(rest, { target: "/a", httpVersion: "1.1", secure: false, address: curlAddress, port });
        assert.deepInclude(proxy, {
          version,
          command: "PROXY",
          transport: "STREAM",
          source: { address: curlAddress, port },
          destination: { address: "127.0.0.1", port: intermediary.port },
          ssl: undefined,
          tlvs: [],
        });
      }));

    it(`${options}: an Upgrade, and the bytes behind it`, () =>
      behind(
        tcp(options),
        async ({ intermediary }) => {
          const client = await RawClient.connect(intermediary.port);
          await expectSwitch(client.send(upgradeTo("echo/1")), "echo/1", "GET /x\r\n");
          client.stream.destroy();
        },
        { protocols: [new EchoProtocol()] },
      ));

    it(`${options}: HTTP/2 by prior knowledge; by Upgrade it is not taken`, () =>
      behind(
        tcp(options),
        async ({ intermediary, seen }) => {
          for (const option of ["--http2-prior-knowledge", "--http2"]) {
            assert.equal((await curlFrom([option, `http://127.0.0.1:${intermediary.port}/a`])).body, "/a");
          }
          assert.deepEqual(
            seen.map(({ httpVersion, address }) => [httpVersion, address]),
            [
              ["2.0", curlAddress],
              ["1.1", curlAddress],
            ],
          );
        },
        { protocols: [new Http2Protocol()] },
      ));

    it(`${options}: TLS that goes through, and HTTP/2 in it`, () =>
      behind(
        tcp(options),
        async ({ intermediary, only }) => {
          const { body } = await curlFrom(["--insecure", `https://localhost:${intermediary.port}/a`]);
          assert.equal(body, "/a");
          assert.deepInclude(only(), { httpVersion: "2.0", secure: true, address: curlAddress });
        },
        { protocols: [new TlsProtocol(certificate), new Http2Protocol()] },
      ));
  }

  it("send-proxy-v2 with a checksum, a unique id and an authority", () =>
    behind(
      tcp(
        "send-proxy-v2 proxy-v2-options crc32c,unique-id,authority",
        "ssl crt FOLDER/server.pem",
        "unique-id-format id-%ci-%cp",
      ),
      async ({ intermediary, only }) => {
        const { port } = await curlFrom(["--insecure", `https://localhost:${intermediary.port}/a`]);
        const { proxy } = only();
        assert.equal(proxy?.authority, "localhost");
        assert.equal(String(proxy?.uniqueId), `id-${curlAddress}-${port}`);
      },
    ));

  it("send-proxy-v2-ssl-cn: TLS, and that the client has a certificate", () =>
    behind(
      tcp(
        "send-proxy-v2-ssl-cn proxy-v2-options ssl-cipher,cert-key,cert-sig,crc32c",
        "ssl crt FOLDER/server.pem ca-file FOLDER/clients.pem verify optional",
      ),
      async ({ intermediary, seen }) => {
        const url = `https://localhost:${intermediary.port}/a`;
        const cert = join(tmpdir(), `turnout-client-${process.pid}.pem`);
        writeFileSync(cert, clientCertificate.cert + clientCertificate.key);
        try {
          await curlFrom(["--insecure", "--cert", cert, url]);
          await curlFrom(["--insecure", url]);
        } finally {
          rmSync(cert);
        }
        const [known, unknown] = seen;
        assert.isFalse(known!.secure);
        assert.deepInclude(known!.proxy!.ssl, {
          tls: true,
          certificate: true,
          verified: true,
          version: "TLSv1.3",
          commonName: "a client of the tests",
          keyAlgorithm: "EC256",
          signatureAlgorithm: "ecdsa-with-SHA256",
        });
        assert.match(known!.proxy!.ssl!.cipher!, /^TLS_/);
        assert.deepInclude(unknown!.proxy!.ssl, {
          tls: true,
          certificate: false,
          verified: false,
          version: "TLSv1.3",
          commonName: undefined,
        });
      },
    ));

  it("send-proxy-v2 with ALPN: HTTP/2 out of the TLS that HAProxy has spoken", () =>
    behind(
      tcp("send-proxy-v2-ssl", "ssl crt FOLDER/server.pem alpn h2,http/1.1"),
      async ({ intermediary, only }) => {
        await curlFrom(["--insecure", `https://localhost:${intermediary.port}/a`]);
        const { proxy, httpVersion, secure, address } = only();
        assert.deepEqual([httpVersion, secure, address, proxy?.alpn], ["2.0", false, curlAddress, "h2"]);
      },
      { protocols: [new Http2Protocol()] },
    ));

  it("mode http: one header for all requests of a connection", () =>
    behind(
      (port) => haproxy(`listen all\n  mode http\n  bind fd@3\n  server a 127.0.0.1:${port} send-proxy-v2`),
      async ({ intermediary, seen }) => {
        const url = `http://127.0.0.1:${intermediary.port}`;
        const { stdout } = await run("curl", ["--silent", `${url}/a`, `${url}/b`]);
        assert.equal(stdout.toString(), "/a\n/b\n");
        assert.deepEqual(
          seen.map(({ target, address }) => [target, address]),
          [
            ["/a", "127.0.0.1"],
            ["/b", "127.0.0.1"],
          ],
        );
      },
    ));

  it("check check-send-proxy: health checks are LOCAL, and HAProxy goes by their answers", () => {
    let healthy = true;
    const seen: string[] = [];
    return behind(
      (port) =>
        haproxy(`listen all
  mode tcp
  bind fd@3
  option httpchk
  http-check send meth GET uri /healthz ver HTTP/1.0
  server a 127.0.0.1:${port} send-proxy-v2 check check-send-proxy inter 50 fall 1 rise 1`),
      async ({ intermediary, server }) => {
        await intermediary.said(/Server all\/a is DOWN/); // upon the third check
        healthy = true;
        await intermediary.said(/Server all\/a is UP/);
        const { port } = await curlFrom([`http://127.0.0.1:${intermediary.port}/a`]);
        assert.include(seen, `/a PROXY ${curlAddress} ${port}`);
        const checks = seen.filter((line) => line.startsWith("/healthz"));
        assert.isAbove(checks.length, 2);
        assert.deepEqual([...new Set(checks)], ["/healthz LOCAL 127.0.0.1"]);
        assert.deepEqual(server.stats().refused, {});
      },
      {
        respond: ({ target, peer }) => {
          const { command } = peer.proxy!;
          seen.push(`${target} ${command} ${peer.address}${command === "PROXY" ? ` ${peer.port}` : ""}`);
          if (seen.length === 3) {
            healthy = false;
          }
          return { status: target !== "/healthz" || healthy ? 200 : 503, body: `${target}\n` };
        },
      },
    );
  });

  it("over a socket of UNIX", async () => {
    const path = join(tmpdir(), `turnout-haproxy-${process.pid}.sock`);
    rmSync(path, { force: true });
    const seen: unknown[] = [];
    const server = createServer({
      proxy: { from: ["unix"] },
      respond: ({ peer }) => {
        seen.push(peer.address);
        return { body: "\n" };
      },
    });
    await server.listen({ path });
    const intermediary = await Intermediary.start(
      haproxy(`listen all\n  mode tcp\n  bind fd@3\n  server a unix@${path} send-proxy-v2`),
    );
    try {
      await curlFrom([`http://127.0.0.1:${intermediary.port}/a`]);
      assert.deepEqual([seen, server.stats().refused], [[curlAddress], {}]);
    } finally {
      await intermediary.stop();
      await server.close({ graceMs: 0 });
    }
  });
});
