import { assert } from "chai";
import { requirePackage } from "../support/client-program.ts";
import { Random } from "../support/random.ts";
import { echoing } from "../support/web-socket-echo.ts";
import { talking, type WsConstructor } from "../support/ws-client.ts";

describe("npm's ws: what it asks of permessage-deflate is agreed on, and kept", () => {
  let WebSocket: WsConstructor;

  before(function () {
    WebSocket = requirePackage(this, "ws") as WsConstructor;
  });

  /** Repeats within, and beyond, the smallest windows. */
  const repetitive = Buffer.concat(Array.from({ length: 40 }, () => new Random(3).bytes(300)));

  for (const contextTakeover of [false, true]) {
    for (const [title, perMessageDeflate, asked] of [
      ["nothing", {}, /^permessage-deflate/],
      ["server_no_context_takeover", { serverNoContextTakeover: true }, /; *server_no_context_takeover(?:;|$)/],
      ["client_no_context_takeover", { clientNoContextTakeover: true }, /^permessage-deflate/],
      ["client_max_window_bits=9", { clientMaxWindowBits: 9 }, /^permessage-deflate/],
      ["server_max_window_bits=8", { serverMaxWindowBits: 8 }, /; *server_max_window_bits=8(?:;|$)/],
      ["server_max_window_bits=9", { serverMaxWindowBits: 9 }, /; *server_max_window_bits=[89](?:;|$)/],
      ["server_max_window_bits=15", { serverMaxWindowBits: 15 }, /^permessage-deflate/],
    ] as const) {
      it(`${title}, of a server ${contextTakeover ? "that keeps" : "without"} context takeover`, () =>
        echoing({ webSocket: { perMessageDeflate: { contextTakeover, thresholdBytes: 0 } } }, ({ url, talks }) =>
          talking(
            WebSocket,
            url,
            { perMessageDeflate: { threshold: 0, ...perMessageDeflate } },
            async ({ client, messages, ended, handshake }) => {
              for (let n = 0; n < 3; n++) {
                client.send(repetitive);
                client.send("again and again and again");
              }
              client.close(1000);
              assert.equal((await ended).code, 1000);
              const expected = Array.from({ length: 3 }, () => [repetitive, "again and again and again"]).flat();
              assert.deepEqual(messages, expected);
              assert.deepEqual(talks[0]!.messages, expected);
              assert.match(handshake.headers["sec-websocket-extensions"]!, asked);
            },
          ),
        ));
    }
  }

  for (const [title, contextTakeover, serverNoContextTakeover, kept] of [
    ["next to nothing, where the context is kept", true, false, true],
    ["as large, where the client wants no context", true, true, false],
    ["as large, where the server keeps none", false, false, false],
  ] as const) {
    it(`the second of two equal messages is, on the wire, ${title}`, () =>
      echoing({ webSocket: { perMessageDeflate: { contextTakeover } } }, ({ url }) =>
        talking(WebSocket, url, { perMessageDeflate: { serverNoContextTakeover } }, async (talk) => {
          const message = new Random(4).bytes(5_000).toString("hex"); // half of it is redundant
          const sizes: number[] = [];
          for (let n = 1; n <= 2; n++) {
            const before = talk.handshake.socket.bytesRead;
            talk.client.send(message);
            await talk.received(n);
            sizes.push(talk.handshake.socket.bytesRead - before);
          }
          assert.isTrue(sizes[0]! > 5000 && sizes[0]! < 7000, String(sizes));
          assert.equal(sizes[1]! < 500, kept, String(sizes));
        }),
      ));
  }

  it("nothing is compressed where it offers nothing", () =>
    echoing({ webSocket: { perMessageDeflate: true } }, ({ url, talks }) =>
      talking(WebSocket, url, { perMessageDeflate: false }, async ({ client, messages, ended, handshake }) => {
        client.send("x".repeat(5000));
        client.close(1000);
        await ended;
        assert.deepEqual(messages, ["x".repeat(5000)]);
        assert.isUndefined(handshake.headers["sec-websocket-extensions"]);
        assert.isFalse(talks[0]!.socket.compressed);
      }),
    ));
});
