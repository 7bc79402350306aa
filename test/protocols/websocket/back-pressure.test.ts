import { expect } from "chai";
import { gate, turns } from "../../support/exchanges.ts";
import { servingWebSockets } from "../../support/web-sockets.ts";
import {
  clientFrame,
  closePayload,
  framesIn,
  inWords,
  opcode,
  openWebSocket,
  takeFrame,
} from "../../support/websocket-frames.ts";

const mebibyte = 1024 * 1024;

describe("back-pressure on a WebSocket", () => {
  it("an echo to a client that reads nothing stops reading: 32 MiB are not taken in", () =>
    servingWebSockets({ message: (socket, message) => socket.send(message) }, async ({ open }) => {
      const { client, socket } = await open();
      client.stream.pause();
      const frame = clientFrame(opcode.binary, Buffer.alloc(65_536, 7));
      for (let sent = 0; sent < 512; sent++) {
        client.send(frame);
      }
      for (let before = -1; before !== client.stream.writableLength; await turns(50)) {
        before = client.stream.writableLength; // until nothing moves any more
      }
      expect(client.stream.writableLength).to.be.greaterThan(4 * mebibyte);
      expect(socket.bufferedBytes).to.be.lessThan(mebibyte);
      client.stream.resume();
      for (let seen = 0; seen < 512; seen++) {
        expect((await takeFrame(client)).payload.length).to.equal(65_536);
      }
    }));

  it("send gives false when enough is waiting, and drain tells when there is room", () => {
    const drained = gate();
    const told: number[] = [];
    return servingWebSockets(
      {
        drain: (socket) => {
          told.push(socket.bufferedBytes);
          drained.open();
        },
      },
      async ({ open }) => {
        const { client, socket } = await open();
        expect(socket.send("small")).to.equal(true);
        client.stream.pause();
        const message = Buffer.alloc(mebibyte);
        let count = 0;
        do {
          count++;
          await turns(1);
        } while (socket.send(message) && count < 64);
        expect(socket.send(message)).to.equal(false);
        expect(socket.bufferedBytes).to.be.greaterThan(mebibyte);
        client.stream.resume();
        await drained.opened;
        expect(told.length).to.equal(1);
        expect(socket.send("again")).to.equal(true);
      },
    );
  });

  it("within one turn, too: what is gathered counts", () => {
    const answers: boolean[] = [];
    return servingWebSockets(
      {
        message: (socket) => {
          for (let sent = 0; sent < 40; sent++) {
            answers.push(socket.send(Buffer.alloc(4_000)));
          }
        },
        drain: (socket) => void socket.send("drained"),
      },
      async ({ open }) => {
        const { client } = await open();
        client.send(clientFrame(opcode.text, "go"));
        for (let sent = 0; sent < 40; sent++) {
          expect((await takeFrame(client)).payload.length).to.equal(4_000);
        }
        expect(inWords(await takeFrame(client))).to.equal('text "drained"');
        expect(answers.slice(0, 16).every((room) => room)).to.equal(true);
        expect(answers.at(-1)).to.equal(false);
      },
    );
  });

  it("one message may be larger than maxBufferedBytes", () =>
    servingWebSockets({ limits: { maxBufferedBytes: mebibyte } }, async ({ open }) => {
      const { client, socket } = await open();
      expect(socket.send(Buffer.alloc(4 * mebibyte))).to.equal(false);
      expect((await takeFrame(client)).payload.length).to.equal(4 * mebibyte);
      expect(socket.open).to.equal(true);
    }));

  it("a client over maxBufferedBytes is given up: 1013, counted, and the memory is free again", () => {
    const closed = gate();
    const seen: unknown[] = [];
    return servingWebSockets(
      {
        limits: { maxBufferedBytes: mebibyte },
        timeouts: { closeMs: 20 },
        close: (socket, code, _reason, error) => {
          seen.push(code, (error as { code?: string } | undefined)?.code, socket.bufferedBytes);
          closed.open();
        },
      },
      async ({ open, server }) => {
        const { client, socket } = await open();
        client.stream.pause();
        const message = Buffer.alloc(mebibyte);
        for (let sent = 0; socket.open && sent < 100; sent++) {
          socket.send(message);
          await turns(1);
        }
        await closed.opened;
        expect(seen.slice(0, 2)).to.deep.equal([1013, "ERR_TURNOUT_WEBSOCKET_TOO_SLOW"]);
        expect(server.stats().refused).to.deep.equal({ ERR_TURNOUT_WEBSOCKET_TOO_SLOW: 1 });
      },
    );
  });

  it("RFC 6455 section 5.5.3: Pings within the chunk that filled the way are answered by the latest", () => {
    const frames = [
      clientFrame(opcode.ping, "1"),
      clientFrame(opcode.text, "fill"),
      ...Array.from({ length: 1_000 }, (_, at) => clientFrame(opcode.ping, `${at}`)),
      clientFrame(opcode.close, closePayload(1000)),
    ];
    return servingWebSockets({ message: (socket) => socket.send(Buffer.alloc(70_000)) }, async ({ connect }) => {
      const client = await connect();
      await openWebSocket(client, {}, Buffer.concat(frames));
      const seen = framesIn(await client.rest());
      expect(seen[0]!.payload.toString()).to.equal("1");
      expect(seen[1]!.payload.length).to.equal(70_000);
      expect(inWords(seen.at(-2)!)).to.equal(`pong ${Buffer.from("999").toString("hex")}`);
      expect(inWords(seen.at(-1)!)).to.equal("close 1000");
    });
  });
});
