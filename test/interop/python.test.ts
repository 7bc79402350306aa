import { assert } from "chai";
import { requireClient, run } from "../support/client-program.ts";
import { Demonstration } from "../support/demonstration.ts";

const script = `
import http.client, json, socket, sys

host, port = sys.argv[1], int(sys.argv[2])
connection = http.client.HTTPConnection(host, port, timeout=20)
used = set()

def ask(method, path, **more):
    connection.request(method, path, **more)
    used.add(connection.sock.getsockname()[1])
    response = connection.getresponse()
    return response.status, response.read()

print(ask("GET", "/inspect?x=1")[0], json.loads(ask("GET", "/inspect?x=1")[1])["target"])
print(*ask("POST", "/echo", body=b"hello"))
print(*ask("POST", "/echo", body=iter([b"in ", b"chunks"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}))
print(*ask("HEAD", "/"))
print(*ask("POST", "/nowhere", body=b"unread"))
print(*ask("GET", "/status/304"))
print(*ask("DELETE", "/echo"))
print("connections", len(used))

slow = socket.create_connection((host, port), timeout=20)
for byte in b"GET /delay/1 HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n":
    slow.send(bytes([byte]))
print(slow.makefile("rb").read().split(b"\\r\\n\\r\\n")[1])
`;

describe("Python's http.client", () => {
  let server: Demonstration;

  before(async function () {
    requireClient(this, "python3", "--version");
    server = await Demonstration.start("--quiet");
  });

  after(async () => {
    assert.equal(await server?.stop(), 0);
  });

  it("keeps one connection for all of it, and a byte at a time is a request, too", async () => {
    const { code, stdout, stderr } = await run("python3", ["-", "127.0.0.1", String(server.port)], script);
    assert.equal(code, 0, stderr);
    assert.deepEqual(stdout.toString().trimEnd().split("\n"), [
      "200 /inspect?x=1",
      "200 b'hello'",
      "200 b'in chunks'",
      "200 b''",
      "404 b'404 Not Found: /nowhere\\n'",
      "304 b''",
      "405 b'405 Method Not Allowed\\n'",
      "connections 1",
      "b'waited 1 ms\\n'",
    ]);
  });
});
