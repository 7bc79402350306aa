import { inflateRawSync } from "node:zlib";
import { expect } from "chai";
import { admit } from "turnout/websocket";
import { turns } from "../../support/exchanges.ts";
import { servingWebSockets } from "../../support/web-sockets.ts";
import { inWords, takeFrame } from "../../support/websocket-frames.ts";

const deflateOffer = { "Sec-WebSocket-Extensions": "permessage-deflate" };

describe("WebSocketProtocol.broadcast", () => {
  it("sends to all that are open, but for those left out, and counts them", () =>
    servingWebSockets({ accept: ({ request }) => admit(request.headers.get("x-room")) }, async ({ open, protocol }) => {
      const [a, b, c] = [await open({ "X-Room": "1" }), await open({ "X-Room": "1" }), await open({ "X-Room": "2" })];
      expect(protocol.sockets.size).to.equal(3);
      expect(protocol.broadcast("to all")).to.equal(3);
      expect(protocol.broadcast("room 1", { where: ({ state }) => state === "1", except: a.socket })).to.equal(1);
      c.socket.close();
      expect(protocol.broadcast(Buffer.from("to the rest"))).to.equal(2);
      for (const [{ client }, frames] of [
        [a, ['text "to all"', `binary ${Buffer.from("to the rest").toString("hex")}`]],
        [b, ['text "to all"', 'text "room 1"', `binary ${Buffer.from("to the rest").toString("hex")}`]],
        [c, ['text "to all"', "close 1000"]],
      ] as const) {
        for (const frame of frames) {
          expect(inWords(await takeFrame(client))).to.equal(frame);
        }
      }
    }));

  for (const [slow, sockets] of [
    ["skip", 2],
    ["close", 1],
  ] as const) {
    it(`a slow client holds nobody up; ${slow}: it is ${slow === "skip" ? "passed over" : "closed with 1013"}`, () =>
      servingWebSockets(
        { limits: { slowBytes: 65_536 }, timeouts: { closeMs: 20 } },
        async ({ open, protocol, server }) => {
          const [reader, sleeper] = [await open(), await open()];
          sleeper.client.stream.pause();
          const message = Buffer.alloc(1024 * 1024);
          for (let sent = 0; sleeper.socket.bufferedBytes <= 65_536; sent++) {
            expect(sent).to.be.lessThan(64);
            sleeper.socket.send(message);
            await turns(1);
          }
          expect(protocol.broadcast("news", { slow })).to.equal(1);
          expect(inWords(await takeFrame(reader.client))).to.equal('text "news"');
          while (protocol.sockets.size > sockets) {
            await turns(1);
          }
          expect(server.stats().refused).to.deep.equal(slow === "skip" ? {} : { ERR_TURNOUT_WEBSOCKET_TOO_SLOW: 1 });
        },
      ));
  }

  it("compresses once for all that do not compress in context, and sends the others the same uncompressed", () =>
    servingWebSockets(
      { perMessageDeflate: { thresholdBytes: 10, contextTakeover: true } },
      async ({ open, protocol }) => {
        const alone = { "Sec-WebSocket-Extensions": "permessage-deflate; server_no_context_takeover" };
        const all = [await open(alone), await open(alone), await open(deflateOffer), await open()];
        const message = "news ".repeat(100);
        expect(protocol.broadcast(message)).to.equal(4);
        all[0]!.socket.send("after");
        const [first, second, inContext, plain] = await Promise.all(all.map(({ client }) => takeFrame(client)));
        expect([first!.rsv, second!.rsv, inContext!.rsv, plain!.rsv]).to.deep.equal([4, 4, 0, 0]);
        expect(inflated(first!.payload)).to.equal(message);
        expect(second!.payload.equals(first!.payload)).to.equal(true);
        expect([inContext!.payload.toString(), plain!.payload.toString()]).to.deep.equal([message, message]);
        expect(inWords(await takeFrame(all[0]!.client))).to.equal('text "after"');
      },
    ));

  it("leaves uncompressed what compressing would not make shorter, or is too short", () =>
    servingWebSockets({ perMessageDeflate: { thresholdBytes: 4 } }, async ({ open, protocol }) => {
      const { client } = await open(deflateOffer);
      protocol.broadcast("abcdefgh");
      protocol.broadcast("abc");
      expect(inWords(await takeFrame(client))).to.equal('text "abcdefgh"');
      expect(inWords(await takeFrame(client))).to.equal('text "abc"');
    }));
});

function inflated(payload: Buffer): string {
  return inflateRawSync(Buffer.concat([payload, Buffer.of(0, 0, 0xff, 0xff)]), { finishFlush: 2 }).toString();
}
