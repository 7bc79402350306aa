import { inflateRawSync } from "node:zlib";
import { expect } from "chai";
import { admit } from "turnout/websocket";
import { gate } from "../support/exchanges.ts";
import { code, dataOn, requestOn } from "../support/http2-frames.ts";
import { upgradeToHttp2 } from "../support/http2-raw.ts";
import { ask, resetOf } from "../support/http2-serving.ts";
import { echoingOverHttp2, extendedConnect } from "../support/http2-web-sockets.ts";
import { RawClient } from "../support/raw-client.ts";
import {
  clientFrame,
  closeFrame,
  inWords,
  opcode,
  openWebSocket,
  takeFrame,
  wordsIn,
} from "../support/websocket-frames.ts";

describe("RFC 8441: WebSockets over streams of HTTP/2", () => {
  it("T-81 RFC 8441 section 3: SETTINGS say that extended CONNECT is understood", () =>
    echoingOverHttp2({}, async ({ session, open }) => {
      const http2 = session();
      await open(http2);
      expect(http2.remoteSettings.enableConnectProtocol).to.equal(true);
    }));

  it("T-81 RFC 8441 section 5: 200, without a field of the HTTP/1.1 handshake; the same messages as ever", () =>
    echoingOverHttp2({}, async ({ session, open, server, faults }) => {
      const { client, headers } = await open(session());
      expect(Object.keys(headers).filter((name) => name !== "date")).to.deep.equal([":status"]);
      client.send(clientFrame(opcode.text, "h\u00e9"));
      expect(inWords(await takeFrame(client))).to.equal('text "h\u00e9"');
      client.send(clientFrame(opcode.binary, Buffer.of(0, 255)));
      expect(inWords(await takeFrame(client))).to.equal("binary 00ff");
      client.send(clientFrame(opcode.ping, "p"));
      expect(inWords(await takeFrame(client))).to.equal("pong 70");
      expect(server.stats().switched["websocket"]).to.deep.equal({ open: 1, total: 1 });
      expect([server.stats().open, faults]).to.deep.equal([1, []]);
    }));

  it("T-81 RFC 8441 section 5: what the application sees of the request", () => {
    let seen: unknown;
    return echoingOverHttp2(
      {
        accept: ({ request, subprotocols }) => {
          seen = [request.method, request.target, request.host, request.httpVersion, subprotocols, request.secure];
          return admit();
        },
      },
      async ({ session, open }) => {
        await open(session(), {
          ":path": "/chat?room=1",
          ":authority": "example.org",
          "sec-websocket-protocol": "a, b",
        });
        expect(seen).to.deep.equal(["CONNECT", "/chat?room=1", "example.org", "2.0", ["a", "b"], false]);
      },
    );
  });

  it("T-81 RFC 6455 section 5.5.1: the client closes: Close frame, END_STREAM, and the session goes on", () =>
    echoingOverHttp2({}, async ({ session, open, closed, closings, server }) => {
      const http2 = session();
      const { client, stream } = await open(http2);
      client.send(closeFrame(1000, "bye")).end();
      expect(wordsIn(await client.rest())).to.deep.equal(["close 1000"]);
      await closed(1);
      expect([closings, await resetOf(stream)]).to.deep.equal([[{ code: 1000, reason: "bye", error: undefined }], 0]);
      expect((await ask(http2)).status).to.equal(200);
      expect(server.stats().switched["websocket"]).to.deep.equal({ open: 0, total: 1 });
    }));

  it("T-81 RFC 6455 section 7.1.2: the server closes", () =>
    echoingOverHttp2(
      { message: (socket) => socket.close(4000, "enough") },
      async ({ session, open, closed, closings }) => {
        const { client, stream } = await open(session());
        client.send(clientFrame(opcode.text, "x"));
        expect(inWords(await takeFrame(client))).to.equal("close 4000");
        client.send(closeFrame(4000)).end();
        expect(await client.rest()).to.equal("");
        await closed(1);
        expect([closings[0]?.code, await resetOf(stream)]).to.deep.equal([4000, 0]);
      },
    ));

  it("T-81 RFC 6455 section 7.1.5: END_STREAM without a Close frame: 1006", () =>
    echoingOverHttp2({}, async ({ session, open, closed, closings }) => {
      const { client } = await open(session());
      client.end();
      expect(await client.rest()).to.equal("");
      await closed(1);
      expect(closings.map((one) => one.code)).to.deep.equal([1006]);
    }));

  for (const [what, error] of [
    ["CANCEL", code.cancel],
    ["NO_ERROR", code.noError],
    ["PROTOCOL_ERROR", code.protocolError],
  ] as const) {
    it(`T-81 RFC 8441 section 5: the client aborts with RST_STREAM (${what}): 1006, and the session goes on`, () =>
      echoingOverHttp2({}, async ({ session, open, closed, closings, faults }) => {
        const http2 = session();
        const { stream } = await open(http2);
        stream.close(error);
        await closed(1);
        expect(closings.map((one) => one.code)).to.deep.equal([1006]);
        const { client } = await open(http2);
        client.send(clientFrame(opcode.text, "again"));
        expect(inWords(await takeFrame(client))).to.equal('text "again"');
        expect(faults).to.deep.equal([]);
      }));
  }

  it("T-81: the TCP connection is reset under several sockets: 1006 for each", () =>
    echoingOverHttp2({}, async ({ session, open, closed, closings, server, faults }) => {
      const http2 = session();
      for (let socket = 0; socket < 5; socket++) {
        await open(http2);
      }
      http2.destroy();
      await closed(5);
      expect(closings.map((one) => one.code)).to.deep.equal([1006, 1006, 1006, 1006, 1006]);
      expect([server.stats().switched["websocket"], faults]).to.deep.equal([{ open: 0, total: 5 }, []]);
    }));

  it("T-81 RFC 6455 section 7.1.7: a client that breaks a rule: Close frame 1002, and the session goes on", () =>
    echoingOverHttp2({}, async ({ session, open, closed, server }) => {
      const http2 = session();
      const { client } = await open(http2);
      client.send(clientFrame(opcode.text, "x", { key: null }));
      expect(wordsIn(await client.rest())).to.deep.equal(["close 1002"]);
      client.end();
      await closed(1);
      expect(server.stats().open).to.equal(1);
      expect((await ask(http2)).status).to.equal(200);
    }));

  it("T-81 RFC 9113 section 5.2: a large message through a small window, both ways", () =>
    echoingOverHttp2({}, async ({ session, open }) => {
      const { client } = await open(session({ settings: { initialWindowSize: 1_000 } }));
      const message = Buffer.alloc(1_000_000, "x");
      client.send(clientFrame(opcode.binary, message));
      expect((await takeFrame(client)).payload.equals(message)).to.equal(true);
    }));

  it("T-81 RFC 9113 section 5.2: a client that does not read holds the server back, and loses nothing", () => {
    const [full, drained] = [gate(), gate()];
    let sent = 0;
    return echoingOverHttp2(
      {
        open: (socket) => {
          while (socket.send(Buffer.alloc(10_000, sent))) {
            sent++;
          }
          sent++;
          full.open();
        },
        drain: () => drained.open(),
      },
      async ({ session, open }) => {
        const { client, stream } = await open(session());
        stream.pause();
        await full.opened;
        expect(sent).to.be.below(1_000);
        stream.resume();
        for (let message = 0; message < sent; message++) {
          expect((await takeFrame(client)).payload.equals(Buffer.alloc(10_000, message)), `${message}`).to.equal(true);
        }
        await drained.opened;
      },
    );
  });

  it("T-81: an application that takes its time holds the client back, and loses nothing", () =>
    echoingOverHttp2(
      {
        message: async (socket, message) => {
          await new Promise((resolve) => setImmediate(resolve));
          socket.send(String(message.length));
        },
      },
      async ({ session, open }) => {
        const { client } = await open(session());
        for (let message = 0; message < 200; message++) {
          client.send(clientFrame(opcode.binary, Buffer.alloc(message * 50)));
        }
        for (let message = 0; message < 200; message++) {
          expect(inWords(await takeFrame(client))).to.equal(`text "${message * 50}"`);
        }
      },
    ));

  it("T-81 RFC 6455 section 4.2.2: a subprotocol", () =>
    echoingOverHttp2({ subprotocols: ["b"] }, async ({ session, open }) => {
      const { headers } = await open(session(), { "sec-websocket-protocol": "a, b" });
      expect(headers["sec-websocket-protocol"]).to.equal("b");
    }));

  it("T-81 RFC 7692: permessage-deflate", () =>
    echoingOverHttp2({ perMessageDeflate: { thresholdBytes: 0 } }, async ({ session, open }) => {
      const { headers, client } = await open(session(), {
        "sec-websocket-extensions": "permessage-deflate; client_no_context_takeover",
      });
      expect(headers["sec-websocket-extensions"]).to.match(/^permessage-deflate/);
      client.send(clientFrame(opcode.text, "a".repeat(1_000)));
      const { payload, rsv } = await takeFrame(client);
      expect([rsv, payload.length < 100]).to.deep.equal([4, true]);
      const message = inflateRawSync(Buffer.concat([payload, Buffer.of(0, 0, 0xff, 0xff)]), { finishFlush: 2 });
      expect(message.toString()).to.equal("a".repeat(1_000));
    }));

  it("T-81: several sockets and requests on one session, and a broadcast to all", () =>
    echoingOverHttp2({}, async ({ session, open, protocol, server }) => {
      const http2 = session();
      const sockets = await Promise.all(Array.from({ length: 10 }, () => open(http2)));
      expect(protocol.sockets.size).to.equal(10);
      for (const [at, { client }] of sockets.entries()) {
        client.send(clientFrame(opcode.text, `${at}`));
      }
      expect((await ask(http2, { ":method": "POST" }, "12345")).body.toString()).to.equal("POST / 5\n");
      for (const [at, { client }] of sockets.entries()) {
        expect(inWords(await takeFrame(client))).to.equal(`text "${at}"`);
      }
      expect(protocol.broadcast("all")).to.equal(10);
      for (const { client } of sockets) {
        expect(inWords(await takeFrame(client))).to.equal('text "all"');
      }
      expect(server.stats().switched).to.deep.equal({ h2: { open: 1, total: 1 }, websocket: { open: 10, total: 10 } });
      expect(server.stats().open).to.equal(1);
    }));

  it("T-81: over HTTP/1.1 and over HTTP/2 on one port, in one broadcast", () =>
    echoingOverHttp2({}, async ({ session, open, connect, protocol }) => {
      const old = await connect();
      await openWebSocket(old);
      const { client } = await open(session());
      expect(protocol.broadcast("all")).to.equal(2);
      expect(inWords(await takeFrame(old))).to.equal('text "all"');
      expect(inWords(await takeFrame(client))).to.equal('text "all"');
    }));

  it("T-81 RFC 6455 section 5.5.2: the heartbeat asks, and who does not answer is gone: 1006", () =>
    echoingOverHttp2({ timeouts: { pingMs: 40, pongMs: 40 } }, async ({ session, open, closed, closings, server }) => {
      const { client, stream } = await open(session());
      expect(inWords(await takeFrame(client))).to.equal("ping");
      await closed(1);
      expect(closings).to.deep.equal([{ code: 1006, reason: "", error: "ERR_TURNOUT_WEBSOCKET_NO_PONG" }]);
      await resetOf(stream);
      expect(server.stats().open).to.equal(1);
    }));

  it("T-81: with the Upgrade door, too: a socket on a connection that began with HTTP/1.1", () =>
    echoingOverHttp2({}, async ({ connect }) => {
      const http2 = await upgradeToHttp2(await connect());
      await http2.answerOn(1);
      const fields = [
        [":method", "CONNECT"],
        [":protocol", "websocket"],
        [":scheme", "http"],
        [":path", "/chat"],
        [":authority", "h"],
        ["sec-websocket-version", "13"],
      ] as const;
      http2.send(requestOn(3, fields, false), dataOn(3, clientFrame(opcode.text, "hi")));
      await http2.until(({ stream, type }) => stream === 3 && type === 1);
      const { payload } = await http2.until(({ stream, type }) => stream === 3 && type === 0);
      expect(wordsIn(payload)).to.deep.equal(['text "hi"']);
    }));

  it("T-81: frames right behind the request, before the answer", () =>
    echoingOverHttp2(
      {
        accept: async () => {
          await new Promise((resolve) => setImmediate(resolve));
          return admit();
        },
      },
      async ({ session, open }) => {
        const http2 = session();
        await open(http2);
        const early = http2.request(extendedConnect, { endStream: false });
        early.write(clientFrame(opcode.text, "early"));
        expect(inWords(await takeFrame(new RawClient(early)))).to.equal('text "early"');
      },
    ));
});
