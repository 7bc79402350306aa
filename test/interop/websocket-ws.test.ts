import { once } from "node:events";
import { assert } from "chai";
import { type Admission, admit, type WebSocketOffer } from "turnout/websocket";
import { requirePackage } from "../support/client-program.ts";
import { exitCodeOf } from "../support/clients.ts";
import { Demonstration } from "../support/demonstration.ts";
import { rejectionOf } from "../support/failures.ts";
import { patiently } from "../support/patiently.ts";
import { Random } from "../support/random.ts";
import { compressions, echoing } from "../support/web-socket-echo.ts";
import { talking, type WsConstructor, WsTalk } from "../support/ws-client.ts";

describe("npm's ws", () => {
  let WebSocket: WsConstructor;

  before(function () {
    WebSocket = requirePackage(this, "ws") as WsConstructor;
  });

  for (const { title: compression, perMessageDeflate, extensions } of compressions) {
    describe(compression, () => {
      it("text, binary and fragments come back whole, also when a ping comes between", () =>
        echoing({ webSocket: { perMessageDeflate } }, ({ url, talks }) =>
          talking(WebSocket, url, {}, async ({ client, messages, pongs, ended, handshake }) => {
            const long = "gr\u00fc\u00dfe ".repeat(10_000);
            const bytes = new Random(1).bytes(100_000);
            client.send("text");
            client.send("");
            client.send(long);
            client.send(bytes);
            client.send(Buffer.alloc(0));
            client.send("in ", { fin: false });
            client.ping("between");
            client.send(long, { fin: false });
            client.send("", { fin: false });
            client.send("parts");
            client.send(bytes.subarray(0, 50_000), { fin: false });
            client.send(bytes.subarray(50_000));
            client.close(4001, "that is all");
            assert.equal((await ended).code, 4001);
            const expected = ["text", "", long, bytes, Buffer.alloc(0), `in ${long}parts`, bytes];
            assert.deepEqual(messages, expected);
            assert.deepEqual(pongs, ["between"]);
            assert.match(handshake.headers["sec-websocket-extensions"] ?? "", extensions);
            assert.lengthOf(talks, 1);
            assert.deepEqual(await talks[0]!.ended, { code: 4001, reason: "that is all", error: undefined });
            assert.deepEqual(talks[0]!.messages, expected);
            assert.equal(talks[0]!.socket.compressed, perMessageDeflate !== false);
          }),
        ));

      it("1,000 messages come back in order, large ones between small ones", () =>
        echoing({ webSocket: { perMessageDeflate } }, ({ url, talks }) =>
          talking(WebSocket, url, {}, async ({ client, messages, ended }) => {
            const sent = Array.from({ length: 1000 }, (_, n) => `${n} ${"x".repeat(n % 10 === 0 ? 20_000 : n % 7)}`);
            for (const message of sent) {
              client.send(message);
            }
            client.close(1000);
            assert.equal((await ended).code, 1000);
            assert.deepEqual(messages, sent);
            assert.deepEqual(talks[0]!.messages, sent);
          }),
        ));

      it("a message over the limit ends it with 1009", () =>
        echoing({ webSocket: { perMessageDeflate, limits: { maxMessageBytes: 65_536 } } }, ({ url, server, talks }) =>
          talking(WebSocket, url, {}, async (talk) => {
            talk.client.send(Buffer.alloc(65_536));
            await talk.received(1);
            talk.client.send(Buffer.alloc(65_537));
            assert.equal((await talk.ended).code, 1009);
            const { code, error } = await talks[0]!.ended;
            assert.deepEqual([code, error?.name], [1009, "PeerError"]);
            assert.deepEqual(talks[0]!.messages, [Buffer.alloc(65_536)]);
            assert.deepEqual(server.stats().refused, { ERR_TURNOUT_WEBSOCKET_MESSAGE_TOO_LARGE: 1 });
          }),
        ));

      it("so does one of 8 MiB, most of which is still under way then", () =>
        echoing({ webSocket: { perMessageDeflate, limits: { maxMessageBytes: 65_536 } } }, ({ url, talks }) =>
          talking(WebSocket, url, {}, async ({ client, ended }) => {
            client.send(Buffer.alloc(8 * 1024 * 1024, new Random(6).bytes(65_521)));
            assert.equal((await ended).code, 1009);
            assert.equal((await talks[0]!.ended).code, 1009);
            assert.deepEqual(talks[0]!.messages, []);
          }),
        ));

      it("8 MiB of text and of bytes come back", () =>
        echoing({ webSocket: { perMessageDeflate } }, ({ url }) =>
          talking(WebSocket, url, {}, async (talk) => {
            const bytes = Buffer.alloc(8 * 1024 * 1024, new Random(2).bytes(65_521));
            const text = bytes.toString("hex", 0, bytes.length / 2);
            talk.client.send(bytes);
            await talk.received(1);
            talk.client.send(text);
            await talk.received(2);
            assert.isTrue(bytes.equals(talk.messages[0] as Buffer));
            assert.isTrue(talk.messages[1] === text);
          }),
        ));
    });
  }

  it("over TLS", () =>
    echoing({ secure: true, webSocket: { perMessageDeflate: true } }, ({ url, talks }) =>
      talking(WebSocket, url, { rejectUnauthorized: false }, async ({ client, messages, ended }) => {
        client.send("secret ".repeat(1000));
        client.close(1000);
        await ended;
        assert.deepEqual(messages, ["secret ".repeat(1000)]);
        assert.isTrue(talks[0]!.socket.request.secure);
      }),
    ));

  describe("closing", () => {
    for (const [code, reason] of [
      [1000, ""],
      [1001, "going"],
      [1011, "broken"],
      [3000, "\u00fcber"],
      [4999, "x".repeat(123)],
    ] as const) {
      it(`close(${code}, ${JSON.stringify(reason.slice(0, 10))}) arrives, either way`, () =>
        echoing({}, async ({ url, talks }) => {
          await talking(WebSocket, url, {}, async ({ client, ended }) => {
            client.close(code, reason);
            assert.equal((await ended).code, code); // the reason need not be echoed
            assert.deepEqual(await talks[0]!.ended, { code, reason, error: undefined });
          });
          await talking(WebSocket, url, {}, async ({ client, ended }) => {
            client.send(`close ${code} ${reason}`);
            assert.deepEqual(await ended, { code, reason });
            assert.deepEqual(await talks[1]!.ended, { code, reason, error: undefined });
          });
        }));
    }

    it("without a code: 1005 at both ends", () =>
      echoing({}, ({ url, talks }) =>
        talking(WebSocket, url, {}, async ({ client, ended }) => {
          client.close();
          assert.deepEqual(await ended, { code: 1005, reason: "" });
          assert.deepEqual(await talks[0]!.ended, { code: 1005, reason: "", error: undefined });
        }),
      ));

    it("without a Close frame: 1006 at the other end", () =>
      echoing({}, async ({ url, talks }) => {
        await talking(WebSocket, url, {}, async (talk) => {
          talk.client.send("here");
          await talk.received(1);
          talk.client.terminate();
          assert.deepInclude(await talks[0]!.ended, { code: 1006, reason: "" });
        });
        await talking(WebSocket, url, {}, async (talk) => {
          talk.client.send("here");
          await talk.received(1);
          talks[1]!.socket.terminate();
          assert.deepEqual(await talk.ended, { code: 1006, reason: "" });
          assert.deepInclude(await talks[1]!.ended, { code: 1006, reason: "" });
        });
      }));

    it("the client's limit: the server is told 1009", () =>
      echoing({}, ({ url, talks }) =>
        talking(WebSocket, url, { maxPayload: 100 }, async ({ client, messages, ended }) => {
          client.send("x".repeat(101));
          await ended;
          assert.deepEqual(messages, []);
          assert.deepEqual(await talks[0]!.ended, { code: 1009, reason: "", error: undefined });
        }),
      ));
  });

  it("pings are answered, either way", () =>
    echoing({}, ({ url, talks }) =>
      talking(WebSocket, url, {}, async (talk) => {
        talk.client.ping("are you there");
        await once(talk.client, "pong");
        talk.client.ping();
        await once(talk.client, "pong");
        assert.deepEqual(talk.pongs, ["are you there", ""]);
        talk.client.send("ping hello");
        await talk.received(1);
        assert.deepEqual([talk.pings, talk.messages], [["hello"], ["pong hello"]]);
        assert.deepEqual(talks[0]!.messages, ["ping hello"]);
      }),
    ));

  describe("subprotocols", () => {
    it("the first that the server knows is chosen", () =>
      echoing({}, ({ url, talks }) =>
        talking(WebSocket, url, { protocols: ["chat.v9", "chat.v1", "chat.v2"] }, async ({ client, ended }) => {
          client.close();
          await ended;
          assert.deepEqual([client.protocol, talks[0]!.socket.subprotocol], ["chat.v1", "chat.v1"]);
        }),
      ));

    it("accept may choose, and see them all", () => {
      let offered: readonly string[] = [];
      const accept = (offer: WebSocketOffer): Admission<undefined> => {
        offered = offer.subprotocols;
        return admit(undefined, { subprotocol: "chat.v2", headers: { "X-Greeting": "hello" } });
      };
      return echoing({ webSocket: { accept } }, ({ url, talks }) =>
        talking(WebSocket, url, { protocols: ["chat.v1", "chat.v2"] }, async ({ client, ended, handshake }) => {
          client.close();
          await ended;
          assert.deepEqual([client.protocol, talks[0]!.socket.subprotocol], ["chat.v2", "chat.v2"]);
          assert.equal(handshake.headers["x-greeting"], "hello");
          assert.deepEqual(offered, ["chat.v1", "chat.v2"]);
        }),
      );
    });

    it("none is named where the server knows none of them", () =>
      echoing({}, async ({ url }) => {
        const error = await rejectionOf(new WsTalk(WebSocket, url, { protocols: ["chat.v9"] }).opened);
        assert.match(String(error), /Server sent no subprotocol/);
      }));
  });

  it("an Origin from elsewhere is refused with 403, and the server's own is let in", () =>
    echoing({}, async ({ url, pageUrl, answered, talks }) => {
      const error = await rejectionOf(new WsTalk(WebSocket, url, { origin: "https://elsewhere.example" }).opened);
      assert.match(String(error), /Unexpected server response: 403/);
      assert.deepEqual(
        answered.map(({ status }) => status),
        [403],
      );
      assert.lengthOf(talks, 0);
      await talking(WebSocket, url, { origin: new URL(pageUrl).origin }, async ({ client, ended }) => {
        client.close(1000);
        assert.equal((await ended).code, 1000);
      });
      assert.lengthOf(talks, 1);
    }));

  describe("the demonstration server, at /ws", () => {
    let server: Demonstration;

    before(async () => {
      server = await Demonstration.start("--quiet");
    });

    after(async () => {
      if (server !== undefined) {
        assert.equal(await exitCodeOf(server), 0);
      }
    });

    for (const perMessageDeflate of [true, false]) {
      it(`echoes, ${perMessageDeflate ? "compressed" : "not compressed"}, to any origin`, () =>
        talking(
          WebSocket,
          `ws://127.0.0.1:${server.port}/ws`,
          { perMessageDeflate, origin: "https://elsewhere.example" },
          async (talk) => {
            const bytes = Buffer.alloc(8 * 1024 * 1024, new Random(5).bytes(65_521));
            const numbers = Array.from({ length: 1000 }, (_, n) => String(n));
            talk.client.send(bytes);
            for (const number of numbers) {
              talk.client.send(number);
            }
            await talk.received(1001);
            assert.isTrue(bytes.equals(talk.messages[0] as Buffer));
            assert.deepEqual(talk.messages.slice(1), numbers);
            talk.client.close(1000, "thanks");
            assert.equal((await talk.ended).code, 1000);
            const agreed = talk.handshake.headers["sec-websocket-extensions"] ?? "";
            assert.equal(agreed.startsWith("permessage-deflate"), perMessageDeflate);
          },
        ));
    }
  });

  it("the demonstration server, told to end: 1001 to every client, and exit code 0", async () => {
    const server = await Demonstration.start("--quiet");
    const talks = Array.from({ length: 5 }, () => new WsTalk(WebSocket, `ws://127.0.0.1:${server.port}/ws`));
    try {
      await patiently(async () => {
        await Promise.all(talks.map(({ opened }) => opened));
        server.signal("SIGTERM");
        for (const { ended } of talks) {
          assert.equal((await ended).code, 1001);
        }
        assert.deepEqual(await server.exited(), [0, null]);
      });
    } finally {
      for (const { client } of talks) {
        client.terminate();
      }
      server.child.kill("SIGKILL");
      await server.exited();
    }
  });

  it("a message over --max-message-bytes of the demonstration server: 1009, and the others talk on", async () => {
    const server = await Demonstration.start("--quiet", "--max-message-bytes", "1000");
    const url = `ws://127.0.0.1:${server.port}/ws`;
    try {
      await talking(WebSocket, url, {}, (other) =>
        talking(WebSocket, url, {}, async (talk) => {
          talk.client.send("x".repeat(1001));
          assert.equal((await talk.ended).code, 1009);
          other.client.send("x".repeat(1000));
          await other.received(1);
          assert.deepEqual(other.messages, ["x".repeat(1000)]);
        }),
      );
    } finally {
      assert.equal(await exitCodeOf(server), 0);
    }
  });
});
