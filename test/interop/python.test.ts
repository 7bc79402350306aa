import { assert } from "chai";
import { requireClient, run } from "../support/client-program.ts";
import { exitCodeOf } from "../support/clients.ts";
import { Demonstration } from "../support/demonstration.ts";

/** What all scripts start with. `ask` uses one connection, as long as the server keeps it. */
const prelude = `
import hashlib, http.client, json, socket, sys

host, port = sys.argv[1], int(sys.argv[2])
connection = http.client.HTTPConnection(host, port, timeout=20)
ports = set()

def ask(method, path, **more):
    connection.request(method, path, **more)
    ports.add(connection.sock.getsockname()[1])
    response = connection.getresponse()
    return response.status, response.read()

def send_bytewise(data):
    """Every byte in a segment of its own."""
    slow = socket.create_connection((host, port), timeout=20)
    slow.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in data:
        slow.sendall(bytes([byte]))
    return slow

def rest(slow):
    data = b""
    while piece := slow.recv(65536):
        data += piece
    return data
`;

describe("Python", () => {
  let server: Demonstration;

  before(async function () {
    requireClient(this, "python3", "--version");
    server = await Demonstration.start("--quiet");
  });

  after(async () => {
    if (server !== undefined) {
      assert.equal(await exitCodeOf(server), 0);
    }
  });

  /** The lines that a script prints. */
  const python = async (script: string): Promise<string[]> => {
    const { code, stdout, stderr } = await run("python3", ["-", "127.0.0.1", String(server.port)], prelude + script);
    assert.equal(code, 0, stderr);
    return stdout.toString().trimEnd().split("\n");
  };

  it("http.client: GET, POST, HEAD, 404, 304 and 405 on one connection", async () => {
    const lines = await python(`
status, body = ask("GET", "/inspect?x=1", headers={"X-Case": "kept"})
seen = json.loads(body)
print(status, seen["method"], seen["target"], seen["host"] == f"{host}:{port}", ["X-Case", "kept"] in seen["headers"], seen["upgrade"])
print(*ask("POST", "/echo", body=b"hello"))
print(*ask("POST", "/echo", body=b""))
print(*ask("HEAD", "/"))
print(*ask("POST", "/nowhere", body=b"unread"))
print(*ask("GET", "/status/304"))
print(*ask("DELETE", "/echo"))
print("connections", len(ports))
`);
    assert.deepEqual(lines, [
      "200 GET /inspect?x=1 True True []",
      "200 b'hello'",
      "200 b''",
      "200 b''",
      "404 b'404 Not Found: /nowhere\\n'",
      "304 b''",
      "405 b'405 Method Not Allowed\\n'",
      "connections 1",
    ]);
  });

  it("http.client: an iterable with encode_chunked is sent in chunks, on one connection", async () => {
    const lines = await python(`
chunked = dict(encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
print(*ask("POST", "/echo", body=iter([b"in ", b"chunks"]), **chunked))
print(*ask("POST", "/echo", body=iter([]), **chunked))
pieces = [bytes([n % 251]) * (n % 4000 + 1) for n in range(1500)]
status, body = ask("POST", "/echo", body=iter(pieces), **chunked)
print(status, len(body), hashlib.sha256(body).digest() == hashlib.sha256(b"".join(pieces)).digest())
print(*ask("POST", "/nowhere", body=iter([b"un", b"read"]), **chunked))
print(*ask("GET", "/delay/1"))
print("connections", len(ports))
`);
    assert.deepEqual(lines, [
      "200 b'in chunks'",
      "200 b''",
      "200 1125750 True",
      "404 b'404 Not Found: /nowhere\\n'",
      "200 b'waited 1 ms\\n'",
      "connections 1",
    ]);
  });

  it("socket: a request that comes byte by byte, its content as well", async () => {
    const lines = await python(`
slow = send_bytewise(b"POST /echo HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\nContent-Length: 5\\r\\n\\r\\nhello")
head, body = rest(slow).split(b"\\r\\n\\r\\n")
print(head.split(b"\\r\\n")[0], body)
`);
    assert.deepEqual(lines, ["b'HTTP/1.1 200 OK' b'hello'"]);
  });

  it("socket: an upgrade to example/1 that comes byte by byte, with early bytes behind it", async () => {
    const lines = await python(`
slow = send_bytewise(b"GET /example HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: Upgrade\\r\\nUpgrade: example/1\\r\\n\\r\\nearly")
slow.shutdown(socket.SHUT_WR)
head, spoken = rest(slow).split(b"\\r\\n\\r\\n")
print(head.split(b"\\r\\n")[0], spoken)
`);
    assert.deepEqual(lines, ["b'HTTP/1.1 101 Switching Protocols' b'example/1 GET /example \\r\\nearly'"]);
  });
});
