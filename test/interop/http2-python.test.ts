import { assert } from "chai";
import type { RequestInfo } from "turnout";
import { requirePython, run } from "../support/client-program.ts";
import { assertOpenedOnce, assertSwitchedOnce, speakingHttp2, summaryOf } from "../support/interop-http2.ts";

/** What all scripts start with: `Talk` is a connection, whose `answer` waits for that of a stream. */
const prelude = `
import socket, sys
import h2.connection, h2.config, h2.errors, h2.events

host, port = "127.0.0.1", int(sys.argv[1])
authority = f"{host}:{port}"

class Talk:
    def __init__(self):
        self.socket = socket.create_connection((host, port), timeout=20)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self.answers = {}
        self.settings_acknowledged = 0

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def ask(self, stream, method, path, fields=(), end=True):
        self.h2.send_headers(stream, [(":method", method), (":scheme", "http"), (":authority", authority), (":path", path), *fields], end_stream=end)
        self.flush()

    def send(self, stream, data):
        while data:
            size = min(len(data), self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if size == 0:
                self.hear()
                continue
            self.h2.send_data(stream, data[:size])
            self.flush()
            data = data[size:]
        self.h2.end_stream(stream)
        self.flush()

    def hear(self, data=None):
        data = data or self.socket.recv(65536)
        if not data:
            raise EOFError("the server has ended")
        for event in self.h2.receive_data(data):
            if isinstance(event, (h2.events.ConnectionTerminated, h2.events.StreamReset)):
                raise Exception(event)
            elif isinstance(event, h2.events.SettingsAcknowledged):
                self.settings_acknowledged += 1
            elif isinstance(event, h2.events.ResponseReceived):
                self.answers[event.stream_id] = {"fields": dict(event.headers), "body": b"", "ended": False}
            elif isinstance(event, h2.events.DataReceived):
                self.answers[event.stream_id]["body"] += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.TrailersReceived):
                self.answers[event.stream_id]["trailers"] = event.headers
            elif isinstance(event, h2.events.StreamEnded):
                self.answers[event.stream_id]["ended"] = True
        self.flush()

    def answer(self, stream):
        while stream not in self.answers or not self.answers[stream]["ended"]:
            self.hear()
        answer = self.answers[stream]
        return answer["fields"][b":status"].decode(), answer["body"].decode().strip()

    def upgrade(self, method, path, body=b"", cut=None):
        """Sends the request over HTTP/1.1, and hears what comes behind the 101; \`cut\` sends it so many bytes at a time."""
        settings = self.h2.initiate_upgrade_connection().decode()
        length = f"Content-Length: {len(body)}\\r\\n" if body else ""
        head = f"{method} {path} HTTP/1.1\\r\\nHost: {authority}\\r\\nConnection: Upgrade, HTTP2-Settings\\r\\nUpgrade: h2c\\r\\nHTTP2-Settings: {settings}\\r\\n{length}\\r\\n"
        self.send_raw(head.encode() + body, cut)
        data = b""
        while b"\\r\\n\\r\\n" not in data:
            data += self.socket.recv(65536)
        head, rest = data.split(b"\\r\\n\\r\\n", 1)
        print(head.split(b"\\r\\n")[0].decode())
        self.send_raw(self.h2.data_to_send(), cut)
        if rest:
            self.hear(rest)

    def send_raw(self, data, cut):
        if cut:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(data), cut or len(data)):
            self.socket.sendall(data[at:at + (cut or len(data))])

talk = Talk()
`;

describe("Python's h2", () => {
  let python: string;

  before(function () {
    // Debian's package is for Debian's Python, which need not be the first one in the PATH.
    python = requirePython(this, "h2", ["python3", "/usr/bin/python3"]);
  });

  /** The lines that a script prints. */
  const said = async (script: string, port: number): Promise<string[]> => {
    const { code, stdout, stderr } = await run(python, ["-", String(port)], prelude + script);
    assert.equal(code, 0, stderr);
    return stdout.toString().trimEnd().split("\n");
  };

  it("prior knowledge: GET, POST, HEAD and what lies across each other, on one connection", () =>
    speakingHttp2(async (server) => {
      const lines = await said(
        `
talk.h2.initiate_connection()
talk.ask(1, "GET", "/a?b=c")
print(*talk.answer(1))
talk.ask(3, "POST", "/echo", end=False)
talk.ask(5, "GET", "/between")
print(*talk.answer(5))
talk.send(3, bytes(300000))
print(*talk.answer(3))
talk.ask(7, "HEAD", "/head")
print(*talk.answer(7))
talk.ask(9, "POST", "/nothing", end=False)
talk.send(9, b"")
print(*talk.answer(9))
print("settings acknowledged", talk.settings_acknowledged)
`,
        server.port,
      );
      assert.deepEqual(lines, [
        "200 GET /a?b=c 2.0 0",
        "200 GET /between 2.0 0",
        "200 POST /echo 2.0 300000",
        "200 ", // HEAD has no content
        "200 POST /nothing 2.0 0",
        "settings acknowledged 1",
      ]);
      assert.deepEqual(summaryOf(server.seen), [
        "GET /a?b=c 2.0 0",
        "GET /between 2.0 0",
        "POST /echo 2.0 300000",
        "HEAD /head 2.0 0",
        "POST /nothing 2.0 0",
      ]);
      assertOpenedOnce(server);
    }));

  it("prior knowledge: 100 streams at one time", () =>
    speakingHttp2(async (server) => {
      const lines = await said(
        `
talk.h2.initiate_connection()
talk.flush()
streams = range(1, 200, 2)
for stream in streams:
    talk.ask(stream, "GET", f"/{stream}")
print(all(talk.answer(stream) == ("200", f"GET /{stream} 2.0 0") for stream in streams))
`,
        server.port,
      );
      assert.deepEqual(lines, ["True"]);
      assert.lengthOf(server.seen, 100);
      assertOpenedOnce(server);
    }));

  it("trailers behind an answer", () =>
    speakingHttp2(async (server) => {
      const lines = await said(
        `
talk.h2.initiate_connection()
talk.ask(1, "GET", "/trailers")
print(*talk.answer(1))
print(talk.answers[1]["trailers"])
`,
        server.port,
      );
      assert.deepEqual(lines, ["200 GET /trailers 2.0 0", "[(b'x-seen', b'1')]"]);
      assertOpenedOnce(server);
    }));

  it("a request that is reset has no whole content and an aborted signal; the others go on", () =>
    speakingHttp2(async (server) => {
      const requests: RequestInfo[] = [];
      server.arrivals.on("request", (request) => requests.push(request));
      const lines = await said(
        `
talk.h2.initiate_connection()
talk.ask(1, "POST", "/given-up", end=False)
talk.h2.send_data(1, b"a part")
talk.ask(3, "POST", "/other", end=False)
talk.ask(5, "GET", "/between")
print(*talk.answer(5))
talk.h2.reset_stream(1, h2.errors.ErrorCodes.CANCEL)
talk.send(3, b"whole")
print(*talk.answer(3))
`,
        server.port,
      );
      assert.deepEqual(lines, ["200 GET /between 2.0 0", "200 POST /other 2.0 5"]);
      assert.deepEqual(summaryOf(server.seen), ["GET /between 2.0 0", "POST /other 2.0 5"]);
      assert.deepEqual(
        requests.map(({ target, signal }) => [target, signal.aborted]),
        [
          ["/given-up", true],
          ["/other", false],
          ["/between", false],
        ],
      );
      assertOpenedOnce(server);
    }));

  // A peer that keeps all rules: it takes exactly one acknowledgement for the settings that it sent twice.
  for (const [how, cut] of [
    ["as it comes", "None"],
    ["byte by byte", "1"],
  ] as const) {
    it(`upgrade, ${how}: the answer is on stream 1, and the connection goes on`, () =>
      speakingHttp2(async (server) => {
        const lines = await said(
          `
talk.upgrade("GET", "/a?b=c", cut=${cut})
print(*talk.answer(1))
talk.ask(3, "GET", "/next")
print(*talk.answer(3))
talk.ask(5, "POST", "/echo", end=False)
talk.send(5, bytes(100000))
print(*talk.answer(5))
print("settings acknowledged", talk.settings_acknowledged)
`,
          server.port,
        );
        assert.deepEqual(lines, [
          "HTTP/1.1 101 Switching Protocols",
          "200 GET /a?b=c 2.0 0",
          "200 GET /next 2.0 0",
          "200 POST /echo 2.0 100000",
          "settings acknowledged 1",
        ]);
        assert.deepEqual(summaryOf(server.seen), ["GET /a?b=c 2.0 0", "GET /next 2.0 0", "POST /echo 2.0 100000"]);
        assertSwitchedOnce(server);
      }));
  }

  it("upgrade of a POST: its content is stream 1's", () =>
    speakingHttp2(async (server) => {
      const lines = await said(
        `
talk.upgrade("POST", "/echo", body=bytes(65535))
print(*talk.answer(1))
talk.ask(3, "GET", "/next")
print(*talk.answer(3))
`,
        server.port,
      );
      assert.deepEqual(lines, ["HTTP/1.1 101 Switching Protocols", "200 POST /echo 2.0 65535", "200 GET /next 2.0 0"]);
      assertSwitchedOnce(server);
    }));
});
