import { expect } from "chai";
import { switchTo, UsageError } from "turnout";
import { admit, type Message, type ServerWebSocket, WebSocketProtocol } from "turnout/websocket";
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
const say = (message: Message): string => (typeof message === "string" ? message : message.toString("hex"));

describe("the application's side of a WebSocket", () => {
  it("gets text as strings, bytes as buffers, and the socket with what it was opened with", () => {
    const seen: unknown[] = [];
    return servingWebSockets<{ nick: string }>(
      {
        subprotocols: ["chat"],
        accept: ({ request, subprotocols }) => admit({ nick: `${request.path} ${subprotocols.join("+")}` }),
        open: (socket) => seen.push([socket.state, socket.subprotocol, socket.request.target, socket.open]),
        message: (socket, message) => {
          seen.push(message);
          socket.send(message);
        },
        close: (socket, code, reason, error) => seen.push([code, reason, error, socket.open, socket.send("late")]),
      },
      async ({ open }) => {
        const { client, socket } = await open({ "Sec-WebSocket-Protocol": "other, chat" });
        expect([socket.peer.address, socket.compressed]).to.deep.equal(["127.0.0.1", false]);
        client.send(
          Buffer.concat([text("né"), clientFrame(opcode.binary, Buffer.of(0, 255)), closeFrame(4000, "bye")]),
        );
        expect(wordsIn(await client.rest())).to.deep.equal(['text "né"', "binary 00ff", "close 4000"]);
        client.end();
        await client.gone();
        await turns(5);
        expect(seen).to.deep.equal([
          [{ nick: "/chat other+chat" }, "chat", "/chat", true],
          "né",
          Buffer.of(0, 255),
          [4000, "bye", undefined, false, false],
        ]);
      },
    );
  });

  it("may decide with the core's own decisions", () =>
    servingWebSockets<number>({ accept: () => switchTo(7) }, async ({ open }) => {
      expect((await open()).socket.state).to.equal(7);
    }));

  it("gets no message before what `open` waits for is settled, and then every one", () => {
    const [ready, seen] = [gate(), [] as string[]];
    return servingWebSockets(
      {
        open: async () => {
          await ready.opened;
          seen.push("open");
        },
        message: (socket, message) => {
          seen.push(say(message));
          socket.send("got it");
        },
      },
      async ({ connect }) => {
        const client = await connect();
        await openWebSocket(client, {}, Buffer.concat([text("a"), text("b"), clientFrame(opcode.ping, "p")]));
        await turns(5);
        expect(seen).to.deep.equal([]);
        ready.open();
        expect(inWords(await takeFrame(client))).to.equal('text "got it"');
        expect(inWords(await takeFrame(client))).to.equal('text "got it"');
        expect(inWords(await takeFrame(client))).to.equal("pong 70");
        expect(seen).to.deep.equal(["open", "a", "b"]);
      },
    );
  });

  it("gets the next message when its promise for the one before is settled; Pings are answered meanwhile", () => {
    const [gates, seen] = [[gate(), gate()], [] as string[]];
    return servingWebSockets(
      {
        message: async (socket, message) => {
          seen.push(`begins ${say(message)}`);
          await gates[Number(say(message))]!.opened;
          socket.send(message);
          seen.push(`ends ${say(message)}`);
        },
      },
      async ({ open }) => {
        const { client } = await open();
        client.send(Buffer.concat([text("0"), clientFrame(opcode.ping), text("1"), closeFrame(1000)]));
        expect(inWords(await takeFrame(client))).to.equal("pong");
        expect(seen).to.deep.equal(["begins 0"]);
        gates[0]!.open();
        expect(inWords(await takeFrame(client))).to.equal('text "0"');
        await turns(3);
        expect(seen).to.deep.equal(["begins 0", "ends 0", "begins 1"]);
        gates[1]!.open();
        expect(wordsIn(await client.rest())).to.deep.equal(['text "1"', "close 1000"]);
      },
    );
  });

  it("can ping, and is told of pongs", () => {
    const pong = gate();
    const payloads: string[] = [];
    return servingWebSockets(
      {
        open: (socket) => socket.ping("are you there"),
        pong: (_socket, payload) => {
          payloads.push(payload.toString());
          pong.open();
        },
      },
      async ({ open }) => {
        const { client, socket } = await open();
        expect(inWords(await takeFrame(client))).to.equal(`ping ${Buffer.from("are you there").toString("hex")}`);
        client.send(clientFrame(opcode.pong, "yes"));
        await pong.opened;
        expect(payloads).to.deep.equal(["yes"]);
        expect(() => socket.ping(Buffer.alloc(126)))
          .to.throw(UsageError)
          .with.property("code", "ERR_TURNOUT_OPTION");
      },
    );
  });

  it("can send what is long, in each way of framing", () => {
    const messages: Message[] = [
      "x".repeat(1_400),
      "é".repeat(70),
      "€".repeat(30_000),
      Buffer.alloc(4_097, 1),
      Buffer.alloc(70_000, 2),
    ];
    return servingWebSockets(
      { open: (socket) => messages.map((message) => socket.send(message)) },
      async ({ open }) => {
        const { client } = await open();
        for (const message of messages) {
          const { payload } = await takeFrame(client);
          expect(payload.equals(Buffer.from(message as string))).to.equal(true);
        }
      },
    );
  });

  it("closes with a code and a reason, gets nothing more, and the client's Close frame ends it", () => {
    const seen: unknown[] = [];
    const closed = gate();
    return servingWebSockets(
      {
        message: (socket, message) => {
          seen.push(message);
          socket.close(3001, "enough");
          socket.close(3002);
          expect(socket.send("more")).to.equal(false);
        },
        close: (_socket, code, reason, error) => {
          seen.push([code, reason, error]);
          closed.open();
        },
      },
      async ({ open, protocol }) => {
        const { client } = await open();
        client.send(Buffer.concat([text("one"), text("two")]));
        const { payload } = await takeFrame(client);
        expect([payload.readUInt16BE(), payload.toString("utf8", 2)]).to.deep.equal([3001, "enough"]);
        client.send(Buffer.concat([text("three"), clientFrame(opcode.ping), closeFrame(1000)]));
        expect(await client.rest()).to.equal("");
        client.end();
        await closed.opened;
        expect(seen).to.deep.equal(["one", [3001, "enough", undefined]]);
        expect(protocol.sockets.size).to.equal(0);
      },
    );
  });

  it("can terminate: 1006, and no Close frame", () => {
    const closed = gate();
    let code = 0;
    return servingWebSockets(
      {
        close: (_socket, given) => {
          code = given;
          closed.open();
        },
      },
      async ({ open }) => {
        const { client, socket } = await open();
        socket.terminate();
        expect(await client.gone()).to.equal("");
        await closed.opened;
        expect([code, socket.open, socket.send("x")]).to.deep.equal([1006, false, false]);
      },
    );
  });

  for (const data of [undefined, 7, new ArrayBuffer(1), ["a"]]) {
    it(`cannot send ${Object.prototype.toString.call(data)}`, () =>
      servingWebSockets({}, async ({ open }) => {
        const { socket } = await open();
        expect(() => socket.send(data as never))
          .to.throw(UsageError)
          .with.property("code", "ERR_TURNOUT_RESPONSE");
      }));
  }

  for (const callback of ["open", "message", "pong", "close"] as const) {
    for (const how of ["throws", "rejects"] as const) {
      it(`when ${callback} ${how}, it is a fault, and where a Close frame can be sent, 1011`, () => {
        const failure = new Error(`${callback} ${how}`);
        const fail = (): unknown => {
          if (how === "rejects") {
            return Promise.reject(failure);
          }
          throw failure;
        };
        return servingWebSockets({ [callback]: fail }, async ({ connect, faults, server }) => {
          const client = await connect();
          await openWebSocket(
            client,
            {},
            Buffer.concat([clientFrame(opcode.pong), callback === "close" ? closeFrame(1000) : text("a")]),
          );
          expect(wordsIn(await client.rest())).to.deep.equal([callback === "close" ? "close 1000" : "close 1011"]);
          client.end();
          while (server.stats().open > 0 || faults.length === 0) {
            await turns(1);
          }
          expect(faults.map(({ code, cause, module }) => [code, cause, module])).to.deep.equal([
            ["ERR_TURNOUT_MODULE", failure, "WebSocketProtocol"],
          ]);
        });
      });
    }
  }

  it("needs no callback at all", () =>
    servingWebSockets({}, async ({ open }) => {
      const { client } = await open();
      client.send(Buffer.concat([clientFrame(opcode.ping), closeFrame(1000)]));
      expect(wordsIn(await client.rest())).to.deep.equal(["pong", "close 1000"]);
    }));
});

describe("the options of WebSocketProtocol", () => {
  for (const [title, options] of [
    ["an unknown limit", { limits: { maxMessage: 1 } }],
    ["a limit that is no number", { limits: { maxMessageBytes: "1" } }],
    ["a negative timeout", { timeouts: { pingMs: -1 } }],
    ["NaN", { timeouts: { closeMs: Number.NaN } }],
    ["a level of 0", { perMessageDeflate: { level: 0 } }],
    ["a level of 1.5", { perMessageDeflate: { level: 1.5 } }],
    ["no concurrency", { perMessageDeflate: { concurrency: 0 } }],
    ["a number for a boolean", { perMessageDeflate: { contextTakeover: 1 } }],
  ] as const) {
    it(`${title} is a UsageError`, () => {
      expect(() => new WebSocketProtocol(options as object))
        .to.throw(UsageError)
        .with.property("code", "ERR_TURNOUT_OPTION");
    });
  }

  it("may be left undefined", () => {
    const options = { limits: { maxMessageBytes: undefined }, timeouts: {}, perMessageDeflate: {} };
    expect(new WebSocketProtocol(options as object)).to.be.instanceOf(WebSocketProtocol);
  });

  it("callbacks are called as methods of the options", () => {
    const seen: unknown[] = [];
    const options = {
      accept() {
        seen.push(this);
        return admit();
      },
      open(_socket: ServerWebSocket) {
        seen.push(this);
      },
    };
    return servingWebSockets(options, async ({ open }) => {
      await open();
      expect(seen).to.deep.equal([options, options]);
    });
  });
});
