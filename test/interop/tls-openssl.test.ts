import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "chai";
import type { HttpRequest, ResponseLike } from "turnout";
import { type Run, requireClient, run } from "../support/client-program.ts";
import { patiently } from "../support/patiently.ts";
import { certificate, servingTls, type TlsServing } from "../support/tls-serving.ts";

const get = "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

const respond = ({ httpVersion, secure }: HttpRequest): ResponseLike => ({
  body: `${httpVersion} ${secure ? "inside" : "in clear"}\n`,
});

describe("openssl s_client", () => {
  let folder: string;

  before(async function () {
    requireClient(this, "openssl", "version");
    folder = await mkdtemp(join(tmpdir(), "turnout-openssl-"));
    await writeFile(join(folder, "cert.pem"), certificate.cert);
  });

  after(async () => {
    if (folder !== undefined) {
      await rm(folder, { recursive: true, force: true });
    }
  });

  /** Speaks to the server until one of both ends it: the server where there is a request, else the client. */
  const talk = ({ port }: TlsServing, options: readonly string[], request = ""): Promise<Run> =>
    patiently(() =>
      run(
        "openssl",
        [
          ...["s_client", "-connect", `127.0.0.1:${port}`, "-servername", "localhost", "-verify_return_error"],
          ...["-CAfile", join(folder, "cert.pem"), ...(request === "" ? [] : ["-ign_eof"]), ...options],
        ],
        request,
      ),
    );

  const alpnOf = ({ stdout }: Run): string | undefined =>
    /^(?:ALPN protocol: (\S+)|No ALPN negotiated)$/m.exec(stdout.toString())?.slice(0, 2).reverse().find(Boolean);

  const told = ({ told }: TlsServing): string[] => told.filter((line) => line !== "closed");

  for (const version of ["-tls1_2", "-tls1_3"]) {
    for (const [title, options, alpn] of [
      ["without ALPN", [], "No ALPN negotiated"],
      ["-alpn http/1.1", ["-alpn", "http/1.1"], "http/1.1"],
      ["-alpn h3,http/1.1, of which it knows the second", ["-alpn", "h3,http/1.1"], "http/1.1"],
    ] as const) {
      it(`${version}, ${title}: HTTP/1.1 is spoken`, () =>
        servingTls(
          {},
          async (serving) => {
            const done = await talk(serving, [version, ...options], get);
            assert.equal(done.code, 0, done.stderr);
            assert.equal(alpnOf(done), alpn);
            const text = done.stdout.toString();
            assert.match(text, /^Verify return code: 0 \(ok\)$|^ {4}Verify return code: 0 \(ok\)$/m);
            assert.match(text, /^HTTP\/1\.1 200 OK\r\n(?:[^\r\n]+\r\n)+\r\n1\.1 inside\n/m);
            assert.deepEqual(told(serving), ["opened TLS", "answered GET /a 200 inside"]);
            assert.deepEqual(serving.faults, []);
          },
          { respond },
        ));
    }

    for (const offer of ["h2", "http/1.1,h2"]) {
      it(`${version}, -alpn ${offer}: h2 is chosen`, () =>
        servingTls({}, async (serving) => {
          const done = await talk(serving, [version, "-alpn", offer]);
          assert.equal(done.code, 0, done.stderr);
          assert.equal(alpnOf(done), "h2");
          assert.equal(serving.told[0], "opened TLS");
          assert.deepEqual(serving.faults, []);
          assert.deepEqual(serving.server.stats().refused, {});
        }));
    }

    for (const [title, offer, protocols] of [
      ["h3, which the server does not speak", "h3", undefined],
      ["h2 where there is no HTTP/2", "h2", []],
    ] as const) {
      it(`${version}, -alpn ${title}: the handshake fails with the alert for it`, () =>
        servingTls(
          {},
          async (serving) => {
            const done = await talk(serving, [version, "-alpn", offer]);
            assert.equal(done.code, 1);
            assert.match(done.stderr, /alert no application protocol.*SSL alert number 120/);
            await serving.closings(1);
            assert.deepEqual(told(serving), ["opened TLS", "refused ERR_TURNOUT_TLS_HANDSHAKE"]);
          },
          protocols === undefined ? {} : { protocols },
        ));
    }

    it(`${version}: a session is resumed`, () =>
      servingTls(
        {},
        async (serving) => {
          const session = join(folder, `session${version}`);
          for (const [option, state] of [
            ["-sess_out", "New"],
            ["-sess_in", "Reused"],
          ] as const) {
            const { code, stdout, stderr } = await talk(serving, [version, option, session], get);
            assert.equal(code, 0, stderr);
            assert.match(stdout.toString(), new RegExp(`^${state}, TLSv1\\.${version.at(-1)}, Cipher is `, "m"));
            assert.match(stdout.toString(), /^1\.1 inside$/m);
          }
        },
        { respond },
      ));
  }

  it("-tls1_1, which is too old: the handshake fails with the alert for it", () =>
    servingTls({}, async (serving) => {
      const { code, stderr } = await talk(serving, ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]);
      assert.equal(code, 1);
      assert.match(stderr, /alert protocol version.*SSL alert number 70/);
      await serving.closings(1);
      assert.deepEqual(told(serving), ["opened TLS", "refused ERR_TURNOUT_TLS_HANDSHAKE"]);
    }));

  it("a certificate that the client does not trust: its alert is told, and nothing is answered", () =>
    servingTls({}, async (serving) => {
      const { code, stderr } = await talk(serving, ["-tls1_2", "-verify_hostname", "elsewhere.example"], get);
      assert.equal(code, 1);
      assert.match(stderr, /certificate verify failed/);
      await serving.closings(1);
      assert.deepEqual(told(serving), ["opened TLS", "refused ERR_TURNOUT_TLS_HANDSHAKE"]);
    }));
});
