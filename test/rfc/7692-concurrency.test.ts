import { randomBytes } from "node:crypto";
import { constants, deflateRawSync } from "node:zlib";
import { expect } from "chai";
import type { ServerWebSocket, WebSocketOptions } from "turnout/websocket";
import { DeflatingClient, deflatedFrame, deflatedHello, extensionsField } from "../support/deflating.ts";
import { gate, turns } from "../support/exchanges.ts";
import { clientFrame, closeFrame, type Echoing, echoing, opcode } from "../support/websocket-frames.ts";

const { text, binary } = opcode;
const mebibyte = 1024 * 1024;

function deflated(message: Buffer): Buffer {
  return deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

async function openMany(server: Echoing, count: number): Promise<DeflatingClient[]> {
  const clients: DeflatingClient[] = [];
  while (clients.length < count) {
    clients.push(await DeflatingClient.open(server));
  }
  return clients;
}

for (const contextTakeover of [false, true]) {
  describe(`one job at a time${contextTakeover ? ", with context takeover" : ""}`, () => {
    const perMessageDeflate = { contextTakeover, concurrency: 1, thresholdBytes: 10, level: 1 };

    it("many sockets: all are served, each in its order", async function () {
      this.timeout(20_000);
      await echoing({ perMessageDeflate }, async (server) => {
        const clients = await openMany(server, 20);
        // Short ones are worked on at once, long ones in zlib's threads.
        const noise = randomBytes(6_000).toString("hex");
        const messageOf = (index: number, count: number): string =>
          `${index} said ${count} ${noise.slice(0, 3_000 * ((index + count) % 5))}`;
        for (const [index, client] of clients.entries()) {
          for (let count = 0; count < 10; count++) {
            const message = Buffer.from(messageOf(index, count));
            client.send(deflatedFrame(deflated(message)), clientFrame(text, `${count}`));
          }
          client.send(closeFrame(1000));
        }
        await Promise.all(
          clients.map(async (client, index) => {
            for (let count = 0; count < 10; count++) {
              const { payload } = await client.next();
              expect(payload.toString() === messageOf(index, count), `${index}, ${count}`).to.equal(true);
              expect(await client.said()).to.equal(`text "${count}"`);
            }
            expect(await client.said()).to.equal("close 1000");
          }),
        );
        expect(server.faults).to.deep.equal([]);
      });
    });

    it("a socket that sends and receives at the same time: both sides stay in order", async function () {
      this.timeout(20_000);
      const options: WebSocketOptions<undefined> = {
        perMessageDeflate,
        open: (socket) => {
          for (let count = 0; count < 20; count++) {
            socket.send(`server ${count} `.repeat(50));
          }
        },
      };
      await echoing(options, async (server) => {
        const client = await DeflatingClient.open(server);
        for (let count = 0; count < 20; count++) {
          client.send(deflatedFrame(deflated(Buffer.from(`client ${count} `.repeat(50)))));
        }
        const said: string[] = [];
        for (let count = 0; count < 40; count++) {
          said.push((await client.next()).payload.toString().split(" ", 2).join(" "));
        }
        for (const from of ["server", "client"]) {
          expect(said.filter((one) => one.startsWith(from))).to.deep.equal(
            Array.from({ length: 20 }, (_, count) => `${from} ${count}`),
          );
        }
      });
    });
  });
}

describe("jobs of sockets that are gone", () => {
  /** Long enough that what is asked for behind them has to wait. */
  const long = randomBytes(4 * mebibyte);
  /** Too long to be worked on at once. */
  const neverDelivered = Buffer.from(randomBytes(5_000).toString("hex"));
  const perMessageDeflate = { concurrency: 1, level: 9 };

  /** Runs `test` while the only place is taken, and more wait for it, by messages to a client that reads them. */
  function whileBusy(
    messages: (string | Buffer)[],
    test: (
      server: Echoing,
      last: { readonly socket: ServerWebSocket; readonly client: DeflatingClient },
    ) => Promise<void>,
  ): Promise<void> {
    const opened: ServerWebSocket[] = [];
    return echoing(
      {
        perMessageDeflate,
        open: (socket) => void opened.push(socket),
        message: (socket, message) => {
          messages.push(message);
          socket.send(message);
        },
      },
      async (server) => {
        const clients = await openMany(server, 7);
        for (const socket of opened.slice(0, 6)) {
          socket.send(long);
        }
        await test(server, { socket: opened[6]!, client: clients[6]! });
        for (const client of clients.slice(0, 6)) {
          const { payload } = await client.next();
          expect(payload.equals(long)).to.equal(true);
        }
        expect(await clients[0]!.send(deflatedFrame(deflatedHello)).said()).to.equal('text "Hello"');
        expect(server.faults).to.deep.equal([]);
      },
    );
  }

  it("the client resets: its message is not inflated, and the others are served", async function () {
    this.timeout(60_000);
    const messages: (string | Buffer)[] = [];
    await whileBusy(messages, async (server, { client }) => {
      const read = server.sockets.at(-1)!;
      const seen = new Promise<void>((resolve) => read.once("data", () => resolve()));
      await client.client.sendSegment(deflatedFrame(deflated(neverDelivered)));
      await seen;
      client.client.reset();
      expect(await server.nextClosing()).to.deep.equal({ code: 1006, reason: "", error: "ERR_TURNOUT_RESET" });
    });
    expect(messages).to.deep.equal(["Hello"]);
  });

  it("the application terminates it: neither its message nor the one to it is worked on", async function () {
    this.timeout(60_000);
    const messages: (string | Buffer)[] = [];
    await whileBusy(messages, async (server, { client, socket }) => {
      const read = server.sockets.at(-1)!;
      const seen = new Promise<void>((resolve) => read.once("data", () => resolve()));
      client.send(deflatedFrame(deflated(neverDelivered)));
      await seen;
      socket.send("a".repeat(50_000));
      socket.terminate();
      expect(await server.nextClosing()).to.include({ code: 1006, reason: "" });
      expect(await client.client.gone()).to.equal("");
    });
    expect(messages).to.deep.equal(["Hello"]);
  });

  it("a socket that is closed while its message is compressed: the message leaves, and then the Close frame", async () => {
    const asked = gate();
    await echoing(
      {
        perMessageDeflate: { concurrency: 1 },
        message: (socket) => {
          socket.send(Buffer.alloc(mebibyte));
          socket.close(1001);
          asked.open();
        },
      },
      async (server) => {
        const client = (await DeflatingClient.open(server)).send(clientFrame(text, "go"));
        await asked.opened;
        const { payload, isCompressed } = await client.next();
        expect([payload.length, isCompressed]).to.deep.equal([mebibyte, true]);
        expect(await client.said()).to.equal("close 1001");
      },
    );
  });

  it("a message that is still inflated when the application closes is not delivered", async () => {
    const messages: (string | Buffer)[] = [];
    await echoing(
      { perMessageDeflate: { concurrency: 1 }, message: (_socket, message) => void messages.push(message) },
      async (server) => {
        const client = await DeflatingClient.open(server);
        const [socket] = [...server.protocol.sockets];
        const seen = new Promise<void>((resolve) => server.sockets[0]!.once("data", () => resolve()));
        client.send(deflatedFrame(deflated(Buffer.alloc(8 * mebibyte)), {}, binary));
        await seen;
        socket!.close(1000);
        expect(await client.said()).to.equal("close 1000");
        client.send(closeFrame(1000)).client.end();
        expect(await server.nextClosing()).to.include({ code: 1000 });
        await turns(2);
        expect(messages).to.deep.equal([]);
      },
    );
  });
});

describe("a message that is compressed in context while the next one is sent", () => {
  it("RFC 7692 section 7.2.1: what is sent later is compressed with it in view", () =>
    echoing(
      {
        perMessageDeflate: { contextTakeover: true, thresholdBytes: 10, concurrency: 4 },
        open: (socket) => {
          for (let count = 0; count < 5; count++) {
            socket.send(extensionsField.repeat(3));
          }
        },
      },
      async (server) => {
        const client = await DeflatingClient.open(server);
        const lengths: number[] = [];
        for (let count = 0; count < 5; count++) {
          expect(await client.said()).to.equal(`compressed text "${extensionsField.repeat(3)}"`);
          lengths.push(client.lastLength);
        }
        expect(Math.max(...lengths.slice(1))).to.be.below(lengths[0]! / 2);
      },
    ));
});
