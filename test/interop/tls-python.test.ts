import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "chai";
import type { HttpRequest, ResponseLike } from "turnout";
import { requirePython, run } from "../support/client-program.ts";
import { echoingInTls } from "../support/interop-tls.ts";
import { patiently } from "../support/patiently.ts";
import { certificate, servingTls, type TlsServing } from "../support/tls-serving.ts";

/** What all scripts start with: the server's certificate is the only one that is trusted. */
const prelude = `
import asyncio, hashlib, http.client, socket, ssl, sys

host, port, cert = "localhost", int(sys.argv[1]), sys.argv[2]
context = ssl.create_default_context(cafile=cert)
`;

const http = `${prelude}
connection = http.client.HTTPSConnection(host, port, timeout=20, context=context)
ports = set()

def ask(method, path, **more):
    connection.request(method, path, **more)
    ports.add(connection.sock.getsockname()[1])
    response = connection.getresponse()
    return response.status, response.read()
`;

/** Content comes back; other requests are told what they were. */
async function respond(request: HttpRequest): Promise<ResponseLike> {
  const { method, target, httpVersion, secure } = request;
  const content = await request.bytes();
  return { body: method === "POST" ? content : `${method} ${target} ${httpVersion} ${secure}` };
}

describe("Python, TLS", () => {
  let folder: string;
  let cert: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "turnout-python-tls-"));
    cert = join(folder, "cert.pem");
    await writeFile(cert, certificate.cert);
  });

  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** The lines that a script prints. */
  const said = async (python: string, script: string, port: number): Promise<string[]> => {
    const { code, stdout, stderr } = await run(python, ["-", String(port), cert], script);
    assert.equal(code, 0, stderr);
    return stdout.toString().trimEnd().split("\n");
  };

  describe("ssl and http.client", () => {
    let python: string;

    before(function () {
      python = requirePython(this, "ssl", ["python3", "/usr/bin/python3"]);
    });

    const speaking = (test: (serving: TlsServing) => Promise<void>): Promise<void> =>
      servingTls(
        {},
        async (serving) => {
          await patiently(() => test(serving));
          assert.deepEqual(serving.faults, []);
        },
        { respond },
      );

    for (const version of ["TLSv1_2", "TLSv1_3"]) {
      it(`${version}: GET, POST of 1 MiB, POST in chunks, and HEAD on one connection`, () =>
        speaking(async ({ port, told, server }) => {
          const lines = await said(
            python,
            `${http}
context.minimum_version = context.maximum_version = ssl.TLSVersion.${version}
context.set_alpn_protocols(["http/1.1"])
print(*ask("GET", "/a?b=c"))
print(connection.sock.version(), connection.sock.selected_alpn_protocol())
data = bytes(at * 7 % 251 for at in range(1024 * 1024))
print(ask("POST", "/echo", body=data) == (200, data))
print(ask("POST", "/echo", body=(data[at:at + 10000] for at in range(0, len(data), 10000)), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}) == (200, data))
print(*ask("HEAD", "/head"))
print(len(ports))
`,
            port,
          );
          assert.deepEqual(lines, [
            "200 b'GET /a?b=c 1.1 true'",
            `${version.replace("_", ".")} http/1.1`,
            "True",
            "True",
            "200 b''",
            "1",
          ]);
          assert.deepEqual(
            told.filter((line) => !line.startsWith("closed")),
            [
              "opened TLS",
              "answered GET /a?b=c 200 inside",
              "answered POST /echo 200 inside",
              "answered POST /echo 200 inside",
              "answered HEAD /head 200 inside",
            ],
          );
          assert.equal(server.stats().accepted, 1);
        }));
    }

    it("the ClientHello, and all that follows, byte by byte", () =>
      speaking(async ({ port, told }) => {
        const lines = await said(
          python,
          `${prelude}
wire = socket.create_connection((host, port), timeout=20)
wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(incoming, outgoing, server_hostname=host)

def flush():
    for byte in outgoing.read():
        wire.sendall(bytes([byte]))

def until_done(step):
    while True:
        try:
            return step()
        except ssl.SSLWantReadError:
            flush()
            incoming.write(wire.recv(65536))
        finally:
            flush()

until_done(tls.do_handshake)
tls.write(b"GET /slow HTTP/1.1\\r\\nHost: h\\r\\nConnection: close\\r\\n\\r\\n")
flush()
answer = b""
while not answer.endswith(b"true"):
    answer += until_done(lambda: tls.read(65536))
print(answer.split(b"\\r\\n\\r\\n")[1].decode())
`,
          port,
        );
        assert.deepEqual(lines, ["GET /slow 1.1 true"]);
        assert.deepEqual(told.slice(0, 2), ["opened TLS", "answered GET /slow 200 inside"]);
      }));

    it("the server says that it ends: a close_notify comes behind the last response", () =>
      speaking(async ({ port }) => {
        const lines = await said(
          python,
          `${prelude}
with socket.create_connection((host, port), timeout=20) as wire:
    with context.wrap_socket(wire, server_hostname=host, suppress_ragged_eofs=False) as tls:
        tls.sendall(b"GET /last HTTP/1.1\\r\\nHost: h\\r\\nConnection: close\\r\\n\\r\\n")
        data = b""
        while piece := tls.recv(65536):
            data += piece
        print(data.split(b"\\r\\n\\r\\n")[1].decode())
`,
          port,
        );
        assert.deepEqual(lines, ["GET /last 1.1 true"]);
      }));

    it("clear text on the same port", () =>
      speaking(async ({ port, told }) => {
        const lines = await said(
          python,
          `${prelude}
connection = http.client.HTTPConnection(host, port, timeout=20)
connection.request("GET", "/clear")
print(connection.getresponse().read().decode())
`,
          port,
        );
        assert.deepEqual(lines, ["GET /clear 1.1 false"]);
        assert.equal(told[0], "answered GET /clear 200 in clear");
      }));

    it("a name that the certificate does not have: Python gives up, and nothing is answered", () =>
      speaking(async ({ port, told, closings }) => {
        const lines = await said(
          python,
          `${prelude}
try:
    context.wrap_socket(socket.create_connection((host, port), timeout=20), server_hostname="elsewhere.example")
except ssl.SSLCertVerificationError as error:
    print(error.verify_message)
`,
          port,
        );
        assert.match(lines[0]!, /^Hostname mismatch/);
        await closings(1);
        assert.isFalse(told.some((line) => line.startsWith("answered")));
      }));
  });

  describe("websockets", () => {
    let python: string;

    before(function () {
      // Debian's package is for Debian's Python, which need not be the first one in the PATH.
      python = requirePython(this, "websockets", ["python3", "/usr/bin/python3"]);
    });

    for (const http2 of [true, false]) {
      it(`wss${http2 ? " beside HTTP/2, which it does not ask for" : ""}: text, binary, fragments, and a close from either side`, () =>
        echoingInTls(
          { http2, webSocket: { perMessageDeflate: true }, respond: () => ({}) },
          async ({ port, talks, server }) => {
            const lines = await said(
              python,
              `${prelude}
import websockets

url = f"wss://{host}:{port}/"

async def main():
    async with websockets.connect(url, ssl=context, subprotocols=["chat.v9", "chat.v2", "chat.v1"]) as socket:
        print("agreed", socket.subprotocol, [extension.name for extension in socket.extensions])
        for text in ["plain", "", "gr\\u00fc\\u00df \\U0001f44b", "repeated " * 10000]:
            await socket.send(text)
            print("text", await socket.recv() == text)
        for size in [0, 65536, 1000000]:
            data = bytes(at * 7 % 251 for at in range(size))
            await socket.send(data)
            print("binary", await socket.recv() == data)
        await socket.send(["in ", "three ", "parts"])
        print("fragments", await socket.recv())
        await asyncio.wait_for(await socket.ping(b"are you there"), 20)
        await socket.close(4000, "x")
        print("ended", socket.close_code)
    async with websockets.connect(url, ssl=context, compression=None) as socket:
        await socket.send("close 3001 bye")
        await socket.wait_closed()
        print("ended", socket.close_code, socket.close_reason, socket.extensions)

asyncio.run(asyncio.wait_for(main(), 30))
`,
              port,
            );
            assert.deepEqual(lines, [
              "agreed chat.v2 ['permessage-deflate']",
              ...Array.from({ length: 4 }, () => "text True"),
              ...Array.from({ length: 3 }, () => "binary True"),
              "fragments in three parts",
              "ended 4000",
              "ended 3001 bye []",
            ]);
            assert.deepEqual(
              talks.map(({ socket: { request, compressed } }) => [request.httpVersion, request.secure, compressed]),
              [
                ["1.1", true, true],
                ["1.1", true, false],
              ],
            );
            assert.deepEqual(await Promise.all(talks.map(({ ended }) => ended)), [
              { code: 4000, reason: "x", error: undefined },
              { code: 3001, reason: "bye", error: undefined },
            ]);
            assert.deepEqual(server.stats().refused, {});
          },
        ));
    }
  });
});
