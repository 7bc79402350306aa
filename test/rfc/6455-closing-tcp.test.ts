import { once } from "node:events";
import { expect } from "chai";
import type { Message, ServerWebSocket } from "turnout/websocket";
import { gate, nextClosed, turns } from "../support/exchanges.ts";
import { codeOf } from "../support/failures.ts";
import type { RawClient } from "../support/raw-client.ts";
import {
  clientFrame,
  closeFrame,
  type Echoing,
  echoing,
  inWords,
  opcode,
  openingHandshake,
  takeFrame,
  wordsIn,
} from "../support/websocket-frames.ts";

const { text, binary, ping, continuation } = opcode;
const more = { fin: false };
const much = Buffer.alloc(102_400, 0x55);

/** What a client does that the server answers with its last frame, and what that is. */
const lastFrames: readonly (readonly [what: string, bytes: Buffer, answer: string])[] = [
  ["a Close", closeFrame(1000), "close 1000"],
  ["a violation", clientFrame(text, "unmasked", { key: null }), "close 1002"],
  ["text that is not UTF-8", clientFrame(text, Uint8Array.of(0xff)), "close 1007"],
  ["a message that is too large", clientFrame(binary, "", { length: 2 ** 30 }), "close 1009"],
];

/** Nothing but an orderly end comes, whatever the client goes on to send. */
async function expectOrderlyEnd(client: RawClient): Promise<void> {
  const gone = once(client.stream, "close");
  client.end();
  expect(await gone).to.deep.equal([false]);
}

describe("RFC 6455 section 7.1.1: the server ends first, and takes what still comes", () => {
  for (const [what, bytes, answer] of lastFrames) {
    it(`RFC 6455 section 7.1.1: behind ${what}: its Close, its end, before the client ends`, () =>
      echoing({}, async ({ open }) => {
        const client = await open({}, bytes);
        expect(wordsIn(await client.rest())).to.deep.equal([answer]);
        expect(client.stream.writable).to.equal(true);
        await expectOrderlyEnd(client);
      }));

    it(`RFC 6455 section 7.1.1: behind ${what}: 100 KiB more in the same write, and no reset`, () =>
      echoing({}, async ({ open, server }) => {
        const closed = nextClosed(server);
        const client = await open({}, Buffer.concat([bytes, much]));
        expect(wordsIn(await client.rest())).to.deep.equal([answer]);
        await expectOrderlyEnd(client);
        expect(await closed).to.equal(undefined);
      }));

    it(`RFC 6455 section 7.1.1: behind ${what}: 100 KiB more once the server has ended, and no reset`, () =>
      echoing({}, async ({ open, server }) => {
        const closed = nextClosed(server);
        const client = await open({}, bytes);
        expect(wordsIn(await client.rest())).to.deep.equal([answer]);
        for (let at = 0; at < much.length; at += 10_240) {
          await client.sendSegment(much.subarray(at, at + 10_240));
        }
        await expectOrderlyEnd(client);
        expect(await closed).to.equal(undefined);
      }));
  }

  it("RFC 6455 section 7.1.1: 8 MiB behind a violation, and the Close is seen for all that", () =>
    echoing({}, async ({ open }) => {
      const client = await open({}, Buffer.concat([clientFrame(3), Buffer.alloc(8 * 1024 * 1024)]));
      expect(wordsIn(await client.rest())).to.deep.equal(["close 1002"]);
      await expectOrderlyEnd(client);
    }));
});

/** The server destroys a connection that does not end; `close` is told the code, and this error. */
async function expectGivenUp({ nextClosing }: Echoing, client: RawClient, code: number, error: string): Promise<void> {
  expect(await nextClosing()).to.deep.equal({ code, reason: "", error });
  await client.gone();
}

describe("RFC 6455 section 7.1.1: a client that does not close", () => {
  const timeouts = { closeMs: 20 };

  it("RFC 6455 section 7.1.1: does not answer the server's Close: ended after `closeMs`, and then given up", () =>
    echoing({ timeouts, open: (socket) => socket.close(1000) }, async (echoing) => {
      const client = await echoing.open();
      expect(wordsIn(await client.rest())).to.deep.equal(["close 1000"]);
      await expectGivenUp(echoing, client, 1000, "ERR_TURNOUT_CLOSE_TIMEOUT");
    }));

  it("RFC 6455 section 7.1.1: ends instead of answering the server's Close: an end in order", () =>
    echoing({ open: (socket) => socket.close(1000) }, async ({ open, nextClosing }) => {
      const client = await open();
      expect(inWords(await takeFrame(client))).to.equal("close 1000");
      expect(await client.end().rest()).to.equal("");
      expect(await nextClosing()).to.deep.equal({ code: 1000, reason: "", error: undefined });
    }));

  it("RFC 6455 section 7.1.1: talks on instead of answering the server's Close", () =>
    echoing({ timeouts, open: (socket) => socket.close(1000) }, async (echoing) => {
      const client = await echoing.open();
      await talkOn(client);
      await expectGivenUp(echoing, client, 1000, "ERR_TURNOUT_CLOSE_TIMEOUT");
    }));

  it("RFC 6455 section 7.1.1: answers the server's Close, and does not end", () =>
    echoing({ timeouts, open: (socket) => socket.close(1000) }, async (echoing) => {
      const client = await echoing.open({}, closeFrame(1000));
      expect(wordsIn(await client.rest())).to.deep.equal(["close 1000"]);
      await expectGivenUp(echoing, client, 1000, "ERR_TURNOUT_CLOSE_TIMEOUT");
    }));

  it("RFC 6455 section 7.1.1: closes, and does not end", () =>
    echoing({ timeouts }, async (echoing) => {
      const client = await echoing.open({}, closeFrame(4000));
      expect(wordsIn(await client.rest())).to.deep.equal(["close 4000"]);
      await expectGivenUp(echoing, client, 4000, "ERR_TURNOUT_CLOSE_TIMEOUT");
    }));

  it("RFC 6455 section 7.1.7: breaks a rule, and does not end", () =>
    echoing({ timeouts }, async (echoing) => {
      const client = await echoing.open({}, clientFrame(3));
      expect(wordsIn(await client.rest())).to.deep.equal(["close 1002"]);
      await expectGivenUp(echoing, client, 1002, "ERR_TURNOUT_WEBSOCKET_OPCODE");
    }));

  it("RFC 6455 section 7.1.7: breaks a rule, and talks on", () =>
    echoing({ timeouts }, async (echoing) => {
      const client = await echoing.open({}, clientFrame(3));
      await talkOn(client);
      await expectGivenUp(echoing, client, 1002, "ERR_TURNOUT_WEBSOCKET_OPCODE");
    }));
});

/** Sends without an end, until the connection is gone. */
async function talkOn(client: RawClient): Promise<void> {
  while (!client.stream.destroyed) {
    await client.sendSegment(clientFrame(text, "and another thing"));
  }
}

describe("RFC 6455 section 7.1.5: no Close frame", () => {
  for (const [what, bytes, words] of [
    ["at once", Buffer.alloc(0), []],
    ["behind a message", clientFrame(text, "a"), ['text "a"']],
    ["within a header", clientFrame(text, "a").subarray(0, 1), []],
    ["within a payload", clientFrame(text, "Hello").subarray(0, 8), []],
    ["within a Close frame", closeFrame(1000).subarray(0, 7), []],
    ["within a message", clientFrame(text, "Hello", more), []],
    ["within a message, behind a Ping", Buffer.concat([clientFrame(text, "a", more), clientFrame(ping)]), ["pong"]],
  ] as const) {
    it(`RFC 6455 section 7.1.5: the client ends ${what}: 1006, and the server ends`, () =>
      echoing({}, async ({ open, nextClosing, server, faults }) => {
        const client = await open({}, bytes);
        expect(wordsIn(await client.end().rest())).to.deep.equal(words);
        expect(await nextClosing()).to.deep.equal({ code: 1006, reason: "", error: undefined });
        expect([server.stats().refused, faults]).to.deep.equal([{}, []]);
      }));

    it(`RFC 6455 section 7.1.5: the client resets ${what}: 1006 with the error`, () =>
      echoing({}, async ({ open, nextClosing, server, faults }) => {
        const client = await open({}, bytes);
        if (words.length > 0) {
          await takeFrame(client);
        }
        const closed = nextClosed(server);
        client.reset();
        expect(await nextClosing()).to.deep.equal({ code: 1006, reason: "", error: "ERR_TURNOUT_RESET" });
        expect(codeOf(await closed)).to.equal("ERR_TURNOUT_RESET");
        expect([server.stats().refused, faults]).to.deep.equal([{}, []]);
      }));
  }

  it("RFC 6455 section 7.1.5: the client's end is in the same segment as its handshake", () =>
    echoing({}, async ({ connect, nextClosing }) => {
      const client = (await connect()).end(openingHandshake());
      expect((await client.response()).status).to.equal(101);
      expect(await client.rest()).to.equal("");
      expect(await nextClosing()).to.deep.equal({ code: 1006, reason: "", error: undefined });
    }));

  it("RFC 6455 section 7.1.5: the client resets between its Close and its end: the code is the Close's", () =>
    echoing({}, async ({ open, nextClosing }) => {
      const client = await open({}, closeFrame(4000, "bye"));
      expect(wordsIn(await client.rest())).to.deep.equal(["close 4000"]);
      client.reset();
      expect(await nextClosing()).to.deep.equal({ code: 4000, reason: "bye", error: "ERR_TURNOUT_RESET" });
    }));

  it("RFC 6455 section 7.1.5: `terminate`: the client sees no Close, and others do not notice", () =>
    echoing(
      { message: (socket, message) => (message === "go" ? socket.terminate() : socket.send(message)) },
      async ({ open, nextClosing, protocol }) => {
        const bystander = await open();
        const client = await open({}, clientFrame(text, "go"));
        expect(await client.gone()).to.equal("");
        expect(await nextClosing()).to.deep.equal({ code: 1006, reason: "", error: undefined });
        expect(protocol.sockets.size).to.equal(1);
        bystander.send(Buffer.concat([clientFrame(text, "un", more), clientFrame(continuation, "moved")]));
        expect(inWords(await takeFrame(bystander))).to.equal('text "unmoved"');
      },
    ));
});

/** A `message` that waits for the test before it answers; `answered` is what `send` gave. */
class AtWork {
  readonly begun = gate();
  readonly goOn = gate();
  readonly done = gate();
  readonly told: string[] = [];
  answered: boolean | undefined;
  readonly message = async (socket: ServerWebSocket<undefined>, message: Message): Promise<void> => {
    this.told.push(`${message}`);
    this.begun.open();
    await this.goOn.opened;
    this.answered = socket.send(message);
    this.done.open();
  };
}

describe("RFC 6455 section 7.1: the end comes while the application is at work on a message", () => {
  it("RFC 6455 section 7.1.5: the client's end: it is answered for all that", async () => {
    const work = new AtWork();
    await echoing({ message: work.message }, async ({ open, nextClosing }) => {
      const client = (await open({}, clientFrame(text, "a"))).end();
      await work.begun.opened;
      await turns(5);
      work.goOn.open();
      expect(wordsIn(await client.rest())).to.deep.equal(['text "a"']);
      expect(await nextClosing()).to.deep.equal({ code: 1006, reason: "", error: undefined });
    });
  });

  it("RFC 6455 section 7.1.5: the client's reset: what is sent goes nowhere, and is nobody's failure", async () => {
    const work = new AtWork();
    await echoing({ message: work.message }, async ({ open, nextClosing, faults }) => {
      const client = await open({}, clientFrame(text, "a"));
      await work.begun.opened;
      client.reset();
      expect((await nextClosing()).error).to.equal("ERR_TURNOUT_RESET");
      work.goOn.open();
      await work.done.opened;
      expect([work.answered, ...faults]).to.deep.equal([false]);
    });
  });

  it("RFC 6455 section 7.1.7: the client breaks a rule: its Close at once, and nothing behind it", async () => {
    const work = new AtWork();
    await echoing({ message: work.message }, async ({ open }) => {
      const client = await open({}, Buffer.concat([clientFrame(text, "a"), clientFrame(3)]));
      await work.begun.opened;
      expect(wordsIn(await client.rest())).to.deep.equal(["close 1002"]);
      work.goOn.open();
      await work.done.opened;
      expect(work.answered).to.equal(false);
      await expectOrderlyEnd(client);
    });
  });

  it("RFC 6455 section 7.1.2: the server's Close: a message that was read and held is not told any more", async () => {
    const work = new AtWork();
    await echoing({ message: work.message }, async ({ open, protocol, nextClosing }) => {
      const client = await open({}, Buffer.concat([clientFrame(text, "a"), clientFrame(text, "b")]));
      await work.begun.opened;
      await turns(5);
      for (const socket of protocol.sockets) {
        socket.close(4001);
      }
      expect(inWords(await takeFrame(client))).to.equal("close 4001");
      work.goOn.open();
      await work.done.opened;
      expect(await client.send(closeFrame(4001)).end().rest()).to.equal("");
      expect((await nextClosing()).code).to.equal(4001);
    });
    expect([work.answered, work.told]).to.deep.equal([false, ["a"]]);
  });

  it("RFC 6455 section 7.1.2: the server's Close ends a loop over the messages, and one that begins later", async () => {
    const ended = gate();
    const loops: string[] = [];
    const talk = async (socket: ServerWebSocket<undefined>): Promise<void> => {
      for await (const message of socket) {
        loops.push(`${message}`);
        socket.close(4001);
      }
      for await (const message of socket) {
        loops.push(`late ${message}`);
      }
      ended.open();
    };
    await echoing({ open: (socket) => void talk(socket) }, async ({ open }) => {
      const client = await open({}, clientFrame(text, "a"));
      expect(inWords(await takeFrame(client))).to.equal("close 4001");
      await ended.opened;
    });
    expect(loops).to.deep.equal(["a"]);
  });
});
