import { assert } from "chai";
import { requirePython, run } from "../support/client-program.ts";
import { Conversation, exitCodeOf } from "../support/clients.ts";
import { Demonstration } from "../support/demonstration.ts";
import { patiently } from "../support/patiently.ts";
import { compressions, echoing } from "../support/web-socket-echo.ts";

/** What all scripts start with: `talk` opens a WebSocket to the server. */
const prelude = `
import asyncio, hashlib, ssl, sys
import websockets

url = sys.argv[1]

def talk(**options):
    if url.startswith("wss:"):
        options["ssl"] = ssl._create_unverified_context()
    return websockets.connect(url, **options)

async def ended(socket):
    """How it ended: the code and the reason that were received."""
    await socket.wait_closed()
    print("ended", socket.close_code, repr(socket.close_reason))
`;

/** Runs what a script's \`main\` says. */
const program = (script: string): string => `${prelude}\n${script}\nasyncio.run(asyncio.wait_for(main(), 30))\n`;

/** A client that sends everything there is, and prints what became of it. */
const everything = (compression: string): string => `
async def main():
    async with talk(compression=${compression}, subprotocols=["chat.v9", "chat.v2", "chat.v1"]) as socket:
        print("agreed", socket.subprotocol, [extension.name for extension in socket.extensions])
        for text in ["plain", "", "gr\\u00fc\\u00df \\U0001f44b", "repeated " * 10000]:
            await socket.send(text)
            print("text", await socket.recv() == text)
        data = bytes(at * 7 % 251 for at in range(65536))
        await socket.send(data)
        print("binary", await socket.recv() == data)
        await socket.send(b"")
        print("binary", await socket.recv())
        await socket.send(["in ", "three ", "parts"])
        print("fragments", await socket.recv())
        await socket.send([data[:1000], b"", data[1000:]])
        print("fragments", await socket.recv() == data)
        await asyncio.wait_for(await socket.ping(b"are you there"), 20)
        print("pong")
        for n in range(1000):
            await socket.send(str(n))
        print("in order", [await socket.recv() for n in range(1000)] == [str(n) for n in range(1000)])
        await socket.close(4000, "x")
        print("ended", socket.close_code)
`;

const everythingSaid = (subprotocol: string, extensions: string): string[] => [
  `agreed ${subprotocol} ${extensions}`,
  "text True",
  "text True",
  "text True",
  "text True",
  "binary True",
  "binary b''",
  "fragments in three parts",
  "fragments True",
  "pong",
  "in order True",
  "ended 4000",
];

describe("Python's websockets", () => {
  let python: string;

  before(function () {
    // Debian's package is for Debian's Python, which need not be the first one in the PATH.
    python = requirePython(this, "websockets", ["python3", "/usr/bin/python3"]);
  });

  /** The lines that a script prints. */
  const said = async (script: string, url: string): Promise<string[]> => {
    const { code, stdout, stderr } = await run(python, ["-", url], program(script));
    assert.equal(code, 0, stderr);
    return stdout.toString().trimEnd().split("\n");
  };

  for (const { title: compression, perMessageDeflate } of compressions) {
    for (const secure of [false, true]) {
      it(`${secure ? "wss" : "ws"}, ${compression}: text, binary, fragments, a ping, 1,000 messages, and a close`, () =>
        echoing({ secure, webSocket: { perMessageDeflate } }, async ({ url, talks }) => {
          const compressed = perMessageDeflate !== false;
          const lines = await said(everything('"deflate"'), url);
          assert.deepEqual(lines, everythingSaid("chat.v2", compressed ? "['permessage-deflate']" : "[]"));
          assert.lengthOf(talks, 1);
          const { socket, messages, ended } = talks[0]!;
          assert.deepEqual(await ended, { code: 4000, reason: "x", error: undefined });
          assert.equal(socket.compressed, compressed);
          assert.equal(messages[6], "in three parts");
          assert.lengthOf(messages, 1008);
        }));
    }
  }

  it("compression=None offers no extension", () =>
    echoing({ webSocket: { perMessageDeflate: true } }, async ({ url, talks }) => {
      assert.deepEqual(await said(everything("None"), url), everythingSaid("chat.v2", "[]"));
      const { socket } = talks[0]!;
      assert.isFalse(socket.compressed);
      assert.isFalse(socket.request.headers.has("sec-websocket-extensions"));
    }));

  it("the server's close code and reason arrive", () =>
    echoing({}, async ({ url, talks }) => {
      const lines = await said(
        `
async def main():
    async with talk() as socket:
        await socket.send("close 3001 bye")
        try:
            print(await socket.recv())
        except websockets.ConnectionClosedError as error:
            print(error.rcvd, error.sent, error.rcvd_then_sent)
        await ended(socket)
`,
        url,
      );
      assert.deepEqual(lines, ["3001 (registered) bye 3001 (registered) bye True", "ended 3001 'bye'"]);
      assert.deepEqual(await talks[0]!.ended, { code: 3001, reason: "bye", error: undefined });
    }));

  it("the server's ping is answered", () =>
    echoing({}, async ({ url, talks }) => {
      const lines = await said(
        `
async def main():
    async with talk() as socket:
        await socket.send("ping hello")
        print(await socket.recv())
`,
        url,
      );
      assert.deepEqual(lines, ["pong hello"]);
      assert.deepEqual(await talks[0]!.ended, { code: 1000, reason: "", error: undefined });
    }));

  for (const compression of ['"deflate"', "None"]) {
    it(`a message over the server's limit, and one over the client's: 1009, compression=${compression}`, () =>
      echoing(
        { webSocket: { perMessageDeflate: true, limits: { maxMessageBytes: 65_536 } } },
        async ({ url, server, talks }) => {
          const lines = await said(
            `
async def main():
    async with talk(compression=${compression}) as socket:
        await socket.send(b"x" * 65536)
        print(await socket.recv() == b"x" * 65536)
        await socket.send(b"x" * 65537)
        await ended(socket)
    async with talk(compression=${compression}, max_size=1000) as socket:
        await socket.send("x" * 1000)
        print(await socket.recv() == "x" * 1000)
        await socket.send("x" * 1001)
        await ended(socket)
`,
            url,
          );
          assert.lengthOf(lines, 4);
          assert.equal(lines[0], "True");
          assert.match(lines[1]!, /^ended 1009 /);
          assert.equal(lines[2], "True");
          const [first, second] = await Promise.all(talks.map(({ ended }) => ended));
          assert.deepEqual([first!.code, first!.error?.name], [1009, "PeerError"]);
          assert.deepEqual([second!.code, second!.error], [1009, undefined]);
          assert.deepEqual(server.stats().refused, { ERR_TURNOUT_WEBSOCKET_MESSAGE_TOO_LARGE: 1 });
        },
      ));
  }

  it("an Origin from elsewhere is refused with 403", () =>
    echoing({}, async ({ url, answered, talks }) => {
      const lines = await said(
        `
async def main():
    try:
        async with talk(origin="https://elsewhere.example"):
            print("open")
    except websockets.InvalidStatusCode as error:
        print(error.status_code)
`,
        url,
      );
      assert.deepEqual(lines, ["403"]);
      assert.equal(answered[0]?.request.headers.get("origin"), "https://elsewhere.example");
      assert.lengthOf(talks, 0);
    }));

  describe("the demonstration server, at /ws", () => {
    let server: Demonstration;

    before(async () => {
      server = await Demonstration.start("--quiet", "--max-message-bytes", "100000");
    });

    after(async () => {
      if (server !== undefined) {
        assert.equal(await exitCodeOf(server), 0);
      }
    });

    for (const [compression, extensions] of [
      ['"deflate"', "['permessage-deflate']"],
      ["None", "[]"],
    ] as const) {
      it(`echoes everything, compression=${compression}`, async () => {
        const lines = await said(everything(compression), `ws://127.0.0.1:${server.port}/ws`);
        assert.deepEqual(lines, everythingSaid("None", extensions));
      });
    }

    it("--max-message-bytes: 1009 beyond it", async () => {
      const lines = await said(
        `
async def main():
    async with talk() as socket:
        await socket.send(b"x" * 100000)
        print(await socket.recv() == b"x" * 100000)
        await socket.send(b"x" * 100001)
        await ended(socket)
`,
        `ws://127.0.0.1:${server.port}/ws`,
      );
      assert.equal(lines[0], "True");
      assert.match(lines[1]!, /^ended 1009 /);
    });
  });

  it("SIGTERM to the demonstration server: 1001 to its client, and exit code 0", async () => {
    const server = await Demonstration.start("--quiet");
    const client = new Conversation(python, ["-u", "-", `ws://127.0.0.1:${server.port}/ws`]);
    try {
      const done = client.end(
        program(`
async def main():
    async with talk() as socket:
        await socket.send("hello")
        print(await socket.recv())
        await ended(socket)
`),
      );
      await patiently(async () => {
        await client.said(/^hello\n/);
        server.signal("SIGTERM");
        const { code, stdout, stderr } = await done;
        assert.equal(code, 0, stderr);
        assert.match(stdout.toString(), /^hello\nended 1001 .*\n$/);
        assert.deepEqual(await server.exited(), [0, null]);
      });
    } finally {
      await client.stop();
      server.child.kill("SIGKILL");
      await server.exited();
    }
  });
});
