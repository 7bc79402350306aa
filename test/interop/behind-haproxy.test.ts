import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { assert } from "chai";
import type { RequestInfo, ServerOptions } from "turnout";
import { EchoProtocol } from "turnout/echo";
import { Http2Protocol } from "turnout/http2";
import { WebSocketProtocol } from "turnout/websocket";
import { requireClient, requirePackage } from "../support/client-program.ts";
import { documentedHttpHaproxy, documentedTcpHaproxy } from "../support/documented-proxies.ts";
import { postWithUpgradeTo, upgradeTo } from "../support/exchanges.ts";
import { ask } from "../support/http2-serving.ts";
import { connectOver } from "../support/http2-web-sockets.ts";
import { type Behind, behind, curlAddress, curlFrom } from "../support/interop-proxy.ts";
import { RawClient } from "../support/raw-client.ts";
import { clientFrame, closeFrame, inWords, opcode, takeFrame, wordsIn } from "../support/websocket-frames.ts";
import { talking, type WsConstructor } from "../support/ws-client.ts";

const modes = {
  http: (port: number) => documentedHttpHaproxy([port, port]),
  tls: (port: number) => documentedHttpHaproxy([port, port], { tls: true }),
  tcp: (port: number) => documentedTcpHaproxy([port, port]),
};

function behindHaproxy(mode: keyof typeof modes, test: (all: Behind) => Promise<void>): Promise<void> {
  const options: ServerOptions = {
    protocols: [
      new EchoProtocol(),
      new WebSocketProtocol({ message: (socket, message) => void socket.send(message) }),
      new Http2Protocol(),
    ],
  };
  return behind(modes[mode], test, options);
}

/** Runs `test` with a connection to HAProxy. */
function speaking(mode: keyof typeof modes, test: (client: RawClient, all: Behind) => Promise<void>): Promise<void> {
  return behindHaproxy(mode, async (all) => {
    const client = await RawClient.connect(all.intermediary.port);
    try {
      await test(client, all);
    } finally {
      client.stream.destroy();
    }
  });
}

/** The 101 names `token`, and `echo/1` is spoken. */
async function expectEcho(client: RawClient, answer = "GET /x\r\n"): Promise<void> {
  const response = await client.response();
  assert.deepEqual([response.status, response.field("upgrade")], [101, "echo/1"]);
  assert.equal(await client.take(answer.length), answer);
  client.send("ping");
  assert.equal(await client.take(4), "ping");
}

describe("behind HAProxy, mode http, as documented", () => {
  before(function () {
    requireClient(this, "haproxy", "-v");
    requireClient(this, "curl", "--version");
  });

  it("WebSocket: messages both ways, a large one, the Close", async function () {
    const WebSocket = requirePackage(this, "ws") as WsConstructor;
    await behindHaproxy("http", ({ intermediary }) =>
      talking(WebSocket, `ws://127.0.0.1:${intermediary.port}/chat`, {}, async (talk) => {
        const large = "x".repeat(300_000);
        talk.client.send("h\u00e9");
        talk.client.send(large);
        await talk.received(2);
        assert.deepEqual(talk.messages, ["h\u00e9", large]);
        talk.client.close(4000, "enough");
        assert.deepEqual(await talk.ended, { code: 4000, reason: "" });
      }),
    );
  });

  it("WebSocket within the TLS that HAProxy speaks", async function () {
    const WebSocket = requirePackage(this, "ws") as WsConstructor;
    await behindHaproxy("tls", ({ intermediary }) =>
      talking(WebSocket, `wss://127.0.0.1:${intermediary.port}/`, { rejectUnauthorized: false }, async (talk) => {
        talk.client.send("secret");
        await talk.received(1);
        assert.deepEqual(talk.messages, ["secret"]);
      }),
    );
  });

  for (const [title, upgrade] of [
    ["a token that is meant", "echo/1"],
    ["a list, whole", "tea/9, echo/1, foo/2"],
    ["several field lines", "tea/9\r\nUpgrade: echo/1"],
  ] as const) {
    it(`${title}`, () => speaking("http", (client) => expectEcho(client.send(upgradeTo(upgrade)))));
  }

  it("bytes right behind the head arrive after the 101", () =>
    speaking("http", async (client) => {
      const { status } = await client.send(`${upgradeTo("echo/1")}early`).response();
      assert.equal(status, 101);
      assert.equal(await client.take(13), "GET /x\r\nearly");
    }));

  it("the end of the client's side goes through, and our end goes back", () =>
    speaking("http", async (client) => {
      await expectEcho(client.send(upgradeTo("echo/1")));
      assert.equal(await client.end("last").rest(), "last");
    }));

  it("tokens that are not meant do not arrive; the request is answered", () =>
    speaking("http", async (client, { only }) => {
      const { status, body } = await client.send(upgradeTo("h2c, tea/9")).response();
      assert.deepEqual([status, body], [200, "/x\n"]);
      assert.deepEqual(only().headers.getAll("upgrade"), []);
    }));

  for (const [title, framing, content] of [
    ["Content-Length", "Content-Length: 5", "hello"],
    ["chunked", "Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"],
  ] as const) {
    it(`POST with content, ${title}, and an Upgrade arrives without the Upgrade, and is answered`, () =>
      speaking("http", async (client, { only, server }) => {
        const { status } = await client.send(postWithUpgradeTo("echo/1", framing, content)).response();
        const { headers, length } = only();
        assert.deepEqual([status, length, headers.getAll("upgrade")], [200, 5, []]);
        assert.deepEqual(server.stats().switched, {});
      }));
  }

  it("HTTP/1.0 with an Upgrade is answered over HTTP", () =>
    speaking("http", async (client, { only }) => {
      assert.match(await client.send(upgradeTo("echo/1", "GET /x HTTP/1.0")).rest(), /^HTTP\/1\.[01] 200 .*\n\/x\n$/s);
      assert.equal(only().httpVersion, "1.0");
    }));

  it("h2c, which curl and Java offer, is answered over HTTP/1.1", () =>
    behindHaproxy("http", async ({ intermediary, only }) => {
      await curlFrom(["--http2", `http://127.0.0.1:${intermediary.port}/a`]);
      const { httpVersion, headers, address } = only();
      assert.deepEqual([httpVersion, headers.get("http2-settings"), address], ["1.1", undefined, curlAddress]);
    }));

  it("h2c that HAProxy does not take out is refused by us: an intermediary is there", () => {
    const careless = (port: number) => {
      const recipe = modes.http(port);
      const config = (...args: [number, string]): string => recipe.config(...args).replaceAll(/^.*del-header.*$/gm, "");
      return { ...recipe, config };
    };
    return behind(
      careless,
      async ({ intermediary, only }) => {
        await curlFrom(["--http2", `http://127.0.0.1:${intermediary.port}/a`]);
        const { httpVersion, headers } = only();
        assert.deepEqual([httpVersion, headers.get("upgrade")], ["1.1", "h2c"]);
      },
      { protocols: [new Http2Protocol()] },
    );
  });

  it("426 goes back with its Upgrade", () =>
    speaking("http", async (client) => {
      const response = await client.send("GET /required HTTP/1.1\r\nHost: h\r\n\r\n").response();
      assert.deepEqual([response.status, response.field("upgrade")], [426, "echo/1"]);
      assert.match(response.field("connection")!, /upgrade/i);
    }));

  it("the PROXY header has the client's address, and whether it came over TLS", async () => {
    for (const [mode, url] of [
      ["http", "http"],
      ["tls", "https"],
    ] as const) {
      await behindHaproxy(mode, async ({ intermediary, only }) => {
        const { port } = await curlFrom(["--insecure", `${url}://127.0.0.1:${intermediary.port}/a`]);
        const { address, port: seenPort, proxy, secure } = only();
        assert.deepEqual([address, seenPort, secure], [curlAddress, port, false]);
        assert.equal(proxy!.ssl!.tls, mode === "tls");
      });
    }
  });

  describe("HTTP/2, which HAProxy speaks with the client", () => {
    function session(test: (session: ClientHttp2Session, all: Behind) => Promise<void>): Promise<void> {
      return behindHaproxy("tls", async (all) => {
        const client = connectHttp2(`https://localhost:${all.intermediary.port}`, { rejectUnauthorized: false });
        try {
          await once(client, "remoteSettings");
          await test(client, all);
        } finally {
          client.destroy();
        }
      });
    }

    function assertUpgraded([request, token]: unknown[], expected: string): void {
      const { method, httpVersion, headers } = request as RequestInfo;
      assert.deepEqual([token, method, httpVersion, headers.get("upgrade")], [expected, "GET", "1.1", expected]);
    }

    it("requests arrive over HTTP/1.1", () =>
      session(async (client, { only }) => {
        const { status, body } = await ask(client, { ":method": "POST", ":path": "/a" }, "hello");
        assert.deepEqual([status, String(body)], [200, "/a\n"]);
        const { httpVersion, length } = only();
        assert.deepEqual([httpVersion, length], ["1.1", 5]);
      }));

    it("an extended CONNECT arrives as an Upgrade: WebSocket", () =>
      session(async (client, { server }) => {
        const switched = once(server, "switched");
        const { stream, headers } = await connectOver(client, { ":scheme": "https" });
        assert.equal(headers[":status"], 200);
        const socket = new RawClient(stream);
        socket.send(clientFrame(opcode.text, "h\u00e9"));
        assert.equal(inWords(await takeFrame(socket)), 'text "h\u00e9"');
        socket.send(closeFrame(1000)).end();
        assert.deepEqual(wordsIn(await socket.rest()), ["close 1000"]);
        assertUpgraded(await switched, "websocket");
      }));

    it("an extended CONNECT arrives as an Upgrade: a token of one's own", () =>
      session(async (client, { server }) => {
        const switched = once(server, "switched");
        const { stream, headers } = await connectOver(client, { ":scheme": "https", ":protocol": "echo/1" });
        assert.equal(headers[":status"], 200);
        const echo = new RawClient(stream);
        assert.equal(await echo.send("ping").take(15), "GET /chat\r\nping");
        assertUpgraded(await switched, "echo/1");
      }));
  });
});

describe("behind HAProxy, mode tcp, as documented", () => {
  before(function () {
    requireClient(this, "haproxy", "-v");
    requireClient(this, "curl", "--version");
  });

  it("an Upgrade with a content, the bytes behind it, and both ends", () =>
    speaking("tcp", async (client) => {
      const chunked = postWithUpgradeTo("tea/9, echo/1", "Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\nearly");
      await client.send(chunked).takeUntil("\r\n\r\n");
      assert.equal(await client.take(19), "POST /x\r\nhelloearly");
      assert.equal(await client.end("last").rest(), "last");
    }));

  it("HTTP/2 by prior knowledge; h2c by Upgrade is answered over HTTP/1.1; and the client's address", () =>
    behindHaproxy("tcp", async ({ intermediary, seen }) => {
      for (const option of ["--http2-prior-knowledge", "--http2"]) {
        await curlFrom([option, `http://127.0.0.1:${intermediary.port}/a`]);
      }
      assert.deepEqual(
        seen.map(({ httpVersion, address }) => [httpVersion, address]),
        [
          ["2.0", curlAddress],
          ["1.1", curlAddress],
        ],
      );
    }));
});
