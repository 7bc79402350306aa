import { expect } from "chai";
import type { Message, ServerWebSocket } from "turnout/websocket";
import { gate, turns } from "../../support/exchanges.ts";
import { servingWebSockets } from "../../support/web-sockets.ts";
import {
  clientFrame,
  closeFrame,
  inWords,
  opcode,
  openWebSocket,
  takeFrame,
  wordsIn,
} from "../../support/websocket-frames.ts";

const text = (data: string): Buffer => clientFrame(opcode.text, data);

describe("for await over a WebSocket", () => {
  it("gives the messages in order, and ends when the client closes", () => {
    const seen: Message[] = [];
    const over = gate();
    return servingWebSockets(
      {
        open: async (socket) => {
          for await (const message of socket) {
            seen.push(message);
            socket.send(`${seen.length}`);
          }
          over.open();
        },
      },
      async ({ connect }) => {
        const client = await connect();
        const bytes = Buffer.concat([text("a"), text("b"), clientFrame(opcode.binary, "c"), closeFrame(1000)]);
        await openWebSocket(client, {}, bytes);
        expect(wordsIn(await client.rest())).to.deep.equal(['text "1"', 'text "2"', 'text "3"', "close 1000"]);
        await over.opened;
        expect(seen).to.deep.equal(["a", "b", Buffer.from("c")]);
      },
    );
  });

  it("loses nothing that came before it, whatever is awaited first, and whoever runs it", () => {
    const [ready, over] = [gate(), gate()];
    const seen: Message[] = [];
    const run = async (socket: ServerWebSocket): Promise<void> => {
      await ready.opened;
      for await (const message of socket) {
        seen.push(message);
      }
      over.open();
    };
    return servingWebSockets({ open: (socket) => void run(socket) }, async ({ connect }) => {
      const client = await connect();
      await openWebSocket(client, {}, Buffer.concat([text("a"), text("b"), closeFrame(1000)]));
      await turns(5);
      ready.open();
      await over.opened;
      expect(seen).to.deep.equal(["a", "b"]);
    });
  });

  it("holds the client back: of what a slow loop does not take, the system holds most", () => {
    const [first, over] = [gate(), gate()];
    let taken = 0;
    return servingWebSockets(
      {
        open: async (socket) => {
          for await (const _message of socket) {
            taken++;
            await first.opened;
            if (taken === 400) {
              socket.close();
            }
          }
          over.open();
        },
      },
      async ({ open }) => {
        const { client } = await open();
        const frame = clientFrame(opcode.binary, Buffer.alloc(65_536));
        for (let sent = 0; sent < 400; sent++) {
          client.send(frame);
        }
        await turns(200);
        // 25 MiB are on their way: the client still has what neither system's buffers take.
        expect(client.stream.writableLength).to.be.greaterThan(8 * 1024 * 1024);
        expect(taken).to.equal(1);
        first.open();
        await over.opened;
        expect(taken).to.equal(400);
      },
    );
  });

  it("left early leaves the socket open, and another one goes on", () => {
    const seen: string[] = [];
    return servingWebSockets(
      {
        open: async (socket) => {
          for await (const message of socket) {
            seen.push(`first: ${String(message)}`);
            break;
          }
          for await (const message of socket) {
            seen.push(`second: ${String(message)}`);
            socket.send("done");
          }
        },
      },
      async ({ connect }) => {
        const client = await connect();
        await openWebSocket(client, {}, Buffer.concat([text("a"), text("b")]));
        expect(inWords(await takeFrame(client))).to.equal('text "done"');
        expect(seen).to.deep.equal(["first: a", "second: b"]);
      },
    );
  });

  it("left early hands over to the callback", () => {
    const seen: string[] = [];
    return servingWebSockets(
      {
        open: async (socket) => {
          for await (const message of socket) {
            seen.push(`loop: ${String(message)}`);
            break;
          }
        },
        message: (socket, message) => {
          seen.push(`callback: ${String(message)}`);
          socket.send("done");
        },
      },
      async ({ connect }) => {
        const client = await connect();
        await openWebSocket(client, {}, Buffer.concat([text("a"), text("b")]));
        expect(inWords(await takeFrame(client))).to.equal('text "done"');
        expect(seen).to.deep.equal(["loop: a", "callback: b"]);
      },
    );
  });

  for (const how of ["end", "reset"] as const) {
    it(`ends when the client is gone by ${how}`, () => {
      const over = gate();
      let code = 0;
      return servingWebSockets(
        {
          open: async (socket) => {
            for await (const _message of socket) {
              // nothing comes
            }
            over.open();
          },
          close: (_socket, given) => {
            code = given;
          },
        },
        async ({ open, server }) => {
          const { client } = await open();
          client[how]();
          await over.opened;
          while (server.stats().open > 0) {
            await turns(1);
          }
          expect(code).to.equal(1006);
        },
      );
    });
  }

  it("that throws is a fault, and closes with 1011", () => {
    const failure = new Error("in the loop");
    return servingWebSockets(
      {
        open: async (socket) => {
          for await (const _message of socket) {
            throw failure;
          }
        },
      },
      async ({ open, faults }) => {
        const { client } = await open();
        client.send(text("a"));
        expect(wordsIn(await client.rest())).to.deep.equal(["close 1011"]);
        expect(faults.map(({ cause }) => cause)).to.deep.equal([failure]);
      },
    );
  });

  it("is over at once on a socket that is closed", () =>
    servingWebSockets({ message() {} }, async ({ open, server }) => {
      const { client, socket } = await open();
      client.send(closeFrame(1000)).end();
      await client.rest();
      while (server.stats().open > 0) {
        await turns(1);
      }
      for await (const message of socket) {
        throw new Error(`there was ${String(message)}`);
      }
      expect(socket.open).to.equal(false);
    }));
});
