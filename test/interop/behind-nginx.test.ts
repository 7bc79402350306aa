import { assert } from "chai";
import { EchoProtocol } from "turnout/echo";
import { Http2Protocol } from "turnout/http2";
import { WebSocketProtocol } from "turnout/websocket";
import { requireClient, requireFile, requirePackage } from "../support/client-program.ts";
import { documentedHttpNginx, documentedStreamNginx } from "../support/documented-proxies.ts";
import { nextClosed, postWithUpgradeTo, upgradeTo } from "../support/exchanges.ts";
import { nginxHttp } from "../support/intermediary.ts";
import { type Behind, behind, curlAddress, curlFrom } from "../support/interop-proxy.ts";
import { RawClient } from "../support/raw-client.ts";
import { talking, type WsConstructor } from "../support/ws-client.ts";

const modes = {
  http: (port: number) => documentedHttpNginx([port, port]),
  stream: (port: number) => documentedStreamNginx([port, port]),
};

function behindNginx(mode: keyof typeof modes, test: (all: Behind) => Promise<void>): Promise<void> {
  return behind(modes[mode], test, {
    proxy: { from: mode === "stream" ? ["127.0.0.1"] : [] },
    protocols: [
      new EchoProtocol(),
      new WebSocketProtocol({ message: (socket, message) => void socket.send(message) }),
      new Http2Protocol(),
    ],
  });
}

/** Runs `test` with a connection to nginx. */
function speaking(mode: keyof typeof modes, test: (client: RawClient, all: Behind) => Promise<void>): Promise<void> {
  return behindNginx(mode, async (all) => {
    const client = await RawClient.connect(all.intermediary.port);
    try {
      await test(client, all);
    } finally {
      client.stream.destroy();
    }
  });
}

/** The 101 names `echo/1`, which is spoken. */
async function expectEcho(client: RawClient, answer = "GET /x\r\n"): Promise<void> {
  const response = await client.response();
  assert.deepEqual([response.status, response.field("upgrade")], [101, "echo/1"]);
  assert.equal(await client.take(answer.length), answer);
  client.send("ping");
  assert.equal(await client.take(4), "ping");
}

describe("behind nginx, http, as documented", () => {
  before(function () {
    requireClient(this, "nginx", "-v");
    requireClient(this, "curl", "--version");
  });

  it("WebSocket: messages both ways, a large one, the Close", async function () {
    const WebSocket = requirePackage(this, "ws") as WsConstructor;
    await behindNginx("http", ({ intermediary }) =>
      talking(WebSocket, `ws://127.0.0.1:${intermediary.port}/chat`, {}, async (talk) => {
        const large = "x".repeat(300_000);
        talk.client.send("h\u00e9");
        talk.client.send(large);
        await talk.received(2);
        assert.deepEqual(talk.messages, ["h\u00e9", large]);
        talk.client.close(4000, "enough");
        assert.equal((await talk.ended).code, 4000);
      }),
    );
  });

  it("WebSocket of a page of the same origin, whose port is kept", async function () {
    const WebSocket = requirePackage(this, "ws") as WsConstructor;
    await behindNginx("http", ({ intermediary }) => {
      const host = `127.0.0.1:${intermediary.port}`;
      return talking(WebSocket, `ws://${host}/`, { origin: `http://${host}` }, async (talk) => {
        talk.client.send("same");
        await talk.received(1);
      });
    });
  });

  for (const [title, upgrade] of [
    ["a token that is meant", "echo/1"],
    ["a list, of which nginx leaves what it knows", "tea/9, echo/1"],
  ] as const) {
    it(title, () => speaking("http", (client) => expectEcho(client.send(upgradeTo(upgrade)))));
  }

  it("bytes right behind the head", () =>
    speaking("http", async (client) => {
      const { status } = await client.send(`${upgradeTo("echo/1")}early`).response();
      assert.equal(status, 101);
      assert.equal(await client.take(13), "GET /x\r\nearly");
    }));

  it("tokens that are not meant do not arrive; the request is answered", () =>
    speaking("http", async (client, { only }) => {
      const { status, body } = await client.send(upgradeTo("h2c, tea/9")).response();
      assert.deepEqual([status, body], [200, "/x\n"]);
      assert.deepEqual([only().headers.get("upgrade"), only().headers.get("connection")], [undefined, undefined]);
    }));

  for (const [title, framing, content] of [
    ["Content-Length", "Content-Length: 5", "hello"],
    ["chunked", "Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"],
  ] as const) {
    it(`POST with content, ${title}, and an Upgrade that the module takes is switched`, () =>
      speaking("http", (client) =>
        expectEcho(client.send(postWithUpgradeTo("echo/1", framing, content)), "POST /x\r\nhello"),
      ));
  }

  it("an Upgrade without Connection, which nginx adds, and HTTP/1.0, which it raises, are switched", async () => {
    for (const head of [
      "GET /x HTTP/1.1\r\nHost: h\r\nUpgrade: echo/1\r\n\r\n",
      upgradeTo("echo/1", "GET /x HTTP/1.0"),
    ]) {
      await speaking("http", (client) => expectEcho(client.send(head)));
    }
  });

  it("h2c, which curl and Java offer, is answered over HTTP/1.1; and whose request it is", () =>
    behindNginx("http", async ({ intermediary, only }) => {
      await curlFrom(["--http2", `http://127.0.0.1:${intermediary.port}/a`]);
      const { httpVersion, headers } = only();
      const fields = ["upgrade", "http2-settings", "x-forwarded-for"].map((name) => headers.get(name));
      assert.deepEqual([httpVersion, ...fields], ["1.1", undefined, undefined, curlAddress]);
    }));

  it("h2c that the usual map passes on is refused by us", () => {
    const usual = (port: number) =>
      nginxHttp(`map $http_upgrade $connection_upgrade { default upgrade; '' close; }
server { listen 80; location / { proxy_pass http://127.0.0.1:${port}; proxy_http_version 1.1;
  proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; } }`);
    return behind(
      usual,
      async ({ intermediary, only }) => {
        await curlFrom(["--http2", `http://127.0.0.1:${intermediary.port}/a`]);
        const { httpVersion, headers } = only();
        assert.deepEqual([httpVersion, headers.get("upgrade"), headers.get("connection")], ["1.1", "h2c", "upgrade"]);
        assert.isDefined(headers.get("http2-settings"));
      },
      { proxy: { from: [] }, protocols: [new Http2Protocol()] },
    );
  });

  it("426 goes back with its Upgrade, without the Connection that names it", () =>
    speaking("http", async (client) => {
      const response = await client.send("GET /required HTTP/1.1\r\nHost: h\r\n\r\n").response();
      assert.deepEqual([response.status, response.field("upgrade")], [426, "echo/1"]);
      assert.notMatch(response.field("connection") ?? "", /upgrade/i);
    }));

  it("the end of the client's side ends the tunnel", () =>
    speaking("http", async (client, { server }) => {
      await expectEcho(client.send(upgradeTo("echo/1")));
      const closed = nextClosed(server);
      await client.end().gone();
      assert.isUndefined(await closed);
    }));
});

describe("behind nginx, stream, as documented", () => {
  before(function () {
    requireClient(this, "nginx", "-v");
    requireFile(this, "/usr/lib/nginx/modules/ngx_stream_module.so");
    requireClient(this, "curl", "--version");
  });

  it("an Upgrade with a content, the bytes behind it, and both ends", () =>
    speaking("stream", async (client) => {
      const chunked = postWithUpgradeTo("tea/9, echo/1", "Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\nearly");
      await client.send(chunked).takeUntil("\r\n\r\n");
      assert.equal(await client.take(19), "POST /x\r\nhelloearly");
      assert.equal(await client.end("last").rest(), "last");
    }));

  it("HTTP/2 by prior knowledge; h2c by Upgrade is answered over HTTP/1.1; and the client's address", () =>
    behindNginx("stream", async ({ intermediary, seen }) => {
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
