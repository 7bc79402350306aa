import { expect } from "chai";
import type { WebSocketOptions } from "turnout/websocket";
import { deliveries } from "../support/cuts.ts";
import { DeflatingClient, deflatedFrame, deflatedHello, extensionsField, helloOnceMore } from "../support/deflating.ts";
import { deliver } from "../support/every-delivery.ts";
import { clientFrame, closeFrame, echoing, opcode, openWebSocket, wordsIn } from "../support/websocket-frames.ts";

const { continuation, text, binary, ping, pong } = opcode;
const options: WebSocketOptions<undefined> = { perMessageDeflate: { contextTakeover: true } };
const hello = deflatedFrame(deflatedHello);
const more = { fin: false };

function rest(hex: string, isLast = true): Buffer {
  return clientFrame(continuation, Buffer.from(hex.replaceAll(" ", ""), "hex"), { fin: isLast });
}

/** However these frames are cut, the server sends back these messages, and then its Close frame. */
function sendsBack(title: string, frames: readonly Buffer[], words: readonly string[]): void {
  it(title, async function () {
    this.timeout(60_000);
    await echoing(options, async ({ connect, sockets, server, faults }) => {
      for (const { how, pieces } of deliveries(Buffer.concat([...frames, closeFrame(1000)]))) {
        const client = await connect();
        await openWebSocket(client, { [extensionsField]: "permessage-deflate" });
        await deliver(client, sockets.at(-1)!, pieces);
        expect(wordsIn(await client.rest()), how).to.deep.equal([...words, "close 1000"]);
        client.end();
      }
      expect(server.stats().refused).to.deep.equal({});
      expect(faults).to.deep.equal([]);
    });
  });
}

describe("RFC 7692 section 7.2.3: the examples", () => {
  for (const [clause, what, frames, words] of [
    ["7.2.3.1", "a message compressed using one block", [hello], ["Hello"]],
    ["7.2.3.1", "the same in two fragments", [deflatedFrame("f2 48 cd", more), rest("c9 c9 07 00")], ["Hello"]],
    ["7.2.3.2", "sharing the sliding window", [hello, deflatedFrame(helloOnceMore)], ["Hello", "Hello"]],
    ["7.2.3.3", "a block with no compression", [deflatedFrame("00 05 00 fa ff 48 65 6c 6c 6f 00")], ["Hello"]],
    ["7.2.3.4", "a block with BFINAL set to 1", [deflatedFrame("f3 48 cd c9 c9 07 00 00")], ["Hello"]],
    ["7.2.3.5", "two blocks", [deflatedFrame("f2 48 05 00 00 00 ff ff ca c9 c9 07 00")], ["Hello"]],
    ["7.2.3.6", "an empty message", [deflatedFrame("00")], [""]],
  ] as const) {
    sendsBack(
      `RFC 7692 section ${clause}: ${what}`,
      frames,
      words.map((word) => `text "${word}"`),
    );
  }

  sendsBack(
    "RFC 7692 section 7.2.3.4: BFINAL set to 1, and nothing behind it",
    [deflatedFrame("f3 48 cd c9 c9 07 00")],
    ['text "Hello"'],
  );
  sendsBack(
    "RFC 7692 section 7.2.3.4: BFINAL in the middle of a message, which goes on with the same window",
    [
      deflatedFrame(`f3 48 cd c9 c9 07 00 ${deflatedHello}`),
      deflatedFrame(`03 00 ${helloOnceMore} 00 00 ff ff 03 00 00`),
    ],
    ['text "HelloHello"', 'text "Hello"'],
  );
  sendsBack(
    "RFC 7692 section 7.2.3.4: BFINAL, and the window is kept for the next message",
    [deflatedFrame("f3 48 cd c9 c9 07 00 00"), deflatedFrame(helloOnceMore)],
    ['text "Hello"', 'text "Hello"'],
  );
  sendsBack(
    "RFC 7692 section 7.2.3.4: the window is kept over BFINAL within a message",
    [deflatedFrame(`f3 48 cd c9 c9 07 00 ${helloOnceMore}`)],
    ['text "HelloHello"'],
  );
  sendsBack(
    "RFC 7692 section 7.2.3.6: empty messages, in other ways",
    [deflatedFrame("0200"), deflatedFrame("030000"), deflatedFrame("0300"), deflatedFrame("00", {}, binary)],
    ['text ""', 'text ""', 'text ""', "binary"],
  );
});

describe("RFC 7692 section 6: compressed messages", () => {
  sendsBack(
    "RFC 7692 section 6.1: one byte a fragment, an empty one, control frames between them",
    [
      deflatedFrame("", more),
      clientFrame(ping, "1"),
      ...["f2", "48", "cd", "c9", "c9", "07"].map((byte) => rest(byte, false)),
      clientFrame(pong, "unasked"),
      clientFrame(ping, "2"),
      rest("00", false),
      rest(""),
    ],
    ["pong 31", "pong 32", 'text "Hello"'],
  );
  sendsBack(
    "RFC 7692 section 6.1: compressed or not is said for each message, and what is not is no part of the window",
    [
      clientFrame(text, "a"),
      hello,
      clientFrame(text, "uncompr", more),
      clientFrame(continuation, "essed"),
      deflatedFrame(helloOnceMore, {}, binary),
      clientFrame(binary, "b"),
    ],
    ['text "a"', 'text "Hello"', 'text "uncompressed"', "binary 48656c6c6f", "binary 62"],
  );
  sendsBack(
    "RFC 7692 section 6.2: a code point may be cut by frames, and even by blocks",
    [deflatedFrame("00 01 00 fe ff e2", more), rest("00 02 00 fd ff 82 ac 00")],
    ['text "€"'],
  );

  for (const [what, frames, words] of [
    ["a continuation", [deflatedFrame("f248cd", more), clientFrame(continuation, "", { rsv: 4 })], []],
    [
      "the continuation of what is not compressed",
      [clientFrame(text, "a", more), clientFrame(continuation, "b", { rsv: 4 })],
      [],
    ],
    ["a Ping", [hello, clientFrame(ping, "a", { rsv: 4 })], ['text "Hello"']],
    ["a Pong", [hello, clientFrame(pong, "a", { rsv: 4 })], ['text "Hello"']],
    ["a Close frame", [hello, clientFrame(opcode.close, "", { rsv: 4 })], ['text "Hello"']],
  ] as const) {
    it(`RFC 7692 section 6.1: RSV1 on ${what}: 1002`, () =>
      echoing(options, async (server) => {
        const { client } = (await DeflatingClient.open(server)).send(...frames);
        expect(wordsIn(await client.rest())).to.deep.equal([...words, "close 1002"]);
        expect(server.server.stats().refused).to.deep.equal({ ERR_TURNOUT_WEBSOCKET_RESERVED_BITS: 1 });
      }));
  }
  for (const rsv of [1, 2, 5, 6, 7]) {
    it(`RFC 6455 section 5.2: RSV ${rsv.toString(2).padStart(3, "0")} on a compressed message: 1002`, () =>
      echoing(options, async (server) => {
        const { client } = (await DeflatingClient.open(server)).send(deflatedFrame(deflatedHello, { rsv }));
        expect(wordsIn(await client.rest())).to.deep.equal(["close 1002"]);
      }));
  }

  it("RFC 6455 section 5.4: a message that is inflated keeps its place before what comes behind it", () =>
    echoing(options, async (server) => {
      const { client } = (await DeflatingClient.open(server)).send(
        hello,
        clientFrame(text, "plain"),
        deflatedFrame(helloOnceMore),
        clientFrame(ping, "p"),
        closeFrame(3000),
        clientFrame(text, "too late"),
      );
      expect(wordsIn(await client.rest())).to.deep.equal([
        ...['text "Hello"', 'text "plain"', 'text "Hello"', "pong 70"],
        "close 3000",
      ]);
    }));

  it("RFC 6455 section 7.1.5: a compressed message right before the client's end is delivered", async () => {
    const messages: unknown[] = [];
    await echoing({ ...options, message: (_socket, message) => void messages.push(message) }, async (server) => {
      (await DeflatingClient.open(server)).send(hello).client.end();
      expect(await server.nextClosing()).to.include({ code: 1006 });
      expect(messages).to.deep.equal(["Hello"]);
    });
  });
});

describe("RFC 7692 section 6.1: what the server compresses", () => {
  const sentence = "said again and again and again. ";

  for (const [thresholdBytes, length, isCompressed] of [
    [1024, 1023, false],
    [1024, 1024, true],
    [100, 99, false],
    [100, 100, true],
    [0, 20, true],
  ] as const) {
    const threshold = thresholdBytes === 1024 ? {} : { thresholdBytes };
    it(`${length} bytes, where the threshold is ${thresholdBytes}`, () =>
      echoing({ perMessageDeflate: threshold }, async (server) => {
        const message = "a".repeat(length);
        for (const [code, words] of [
          [text, `text ${JSON.stringify(message)}`],
          [binary, `binary ${Buffer.from(message).toString("hex")}`],
        ] as const) {
          const client = (await DeflatingClient.open(server)).send(clientFrame(code, message));
          expect(await client.said()).to.equal(`${isCompressed ? "compressed " : ""}${words}`);
        }
      }));
  }

  it("what would not become shorter is sent as it is, an empty message too", () =>
    echoing({ perMessageDeflate: { thresholdBytes: 0 } }, async (server) => {
      const client = await DeflatingClient.open(server);
      for (const message of ["", "a", "abcdefghijklmnopqrstuvwxyz"]) {
        expect(await client.send(clientFrame(text, message)).said()).to.equal(`text "${message}"`);
      }
    }));

  it("send(..., { compress: false }) sends it as it is", () =>
    echoing(
      {
        perMessageDeflate: true,
        message: (socket, message) => {
          socket.send(message, { compress: false });
          socket.send(message, {});
          socket.send(message, { compress: true });
        },
      },
      async (server) => {
        const message = sentence.repeat(50);
        const client = (await DeflatingClient.open(server)).send(clientFrame(text, message));
        expect(await client.said()).to.equal(`text "${message}"`);
        expect(await client.said()).to.equal(`compressed text "${message}"`);
        expect(await client.said()).to.equal(`compressed text "${message}"`);
      },
    ));

  it("to a client that agreed on nothing, nothing is compressed", () =>
    echoing({ perMessageDeflate: { thresholdBytes: 0 } }, async ({ open }) => {
      const message = sentence.repeat(50);
      const client = await open();
      client.send(Buffer.concat([clientFrame(text, message), closeFrame(1000)]));
      expect(wordsIn(await client.rest())).to.deep.equal([`text "${message}"`, "close 1000"]);
    }));

  it("RFC 6455 section 5.5: what is sent in a row leaves in that order, compressed or not, and Close is the last", () =>
    echoing(
      {
        perMessageDeflate: { thresholdBytes: 100, concurrency: 1 },
        message: (socket) => {
          for (const word of ["a", "b", "c"]) {
            socket.send(word.repeat(200_000));
            socket.send(word);
            socket.ping(word);
            socket.send(Buffer.alloc(100, word));
            socket.send(word.repeat(5000), { compress: false });
          }
          socket.close(4000, "done");
          socket.send("never sent");
        },
      },
      async (server) => {
        const client = (await DeflatingClient.open(server)).send(clientFrame(text, "go"));
        for (const word of ["a", "b", "c"]) {
          expect((await client.said()) === `compressed text "${word.repeat(200_000)}"`).to.equal(true);
          expect(await client.said()).to.equal(`text "${word}"`);
          expect(await client.said()).to.equal(`ping ${Buffer.from(word).toString("hex")}`);
          expect(await client.said()).to.equal(`compressed binary ${Buffer.alloc(100, word).toString("hex")}`);
          expect((await client.said()) === `text "${word.repeat(5000)}"`).to.equal(true);
        }
        expect(await client.said()).to.equal("close 4000");
        client.send(closeFrame(4000));
        expect(await client.client.rest()).to.equal("");
      },
    ));

  it("RFC 6455 section 5.5.3: a Pong waits for the message before it that is being compressed", () =>
    echoing({ perMessageDeflate: { thresholdBytes: 10 } }, async (server) => {
      const message = "a".repeat(100_000);
      const client = (await DeflatingClient.open(server)).send(
        clientFrame(text, message),
        clientFrame(ping, "1"),
        clientFrame(text, "b"),
      );
      expect((await client.said()) === `compressed text "${message}"`).to.equal(true);
      expect([await client.said(), await client.said()]).to.deep.equal(["pong 31", 'text "b"']);
    }));

  it("a broadcast is compressed for those that agreed, each within its window", () =>
    echoing({ perMessageDeflate: { thresholdBytes: 10 } }, async (server) => {
      const plain = await server.open();
      const windows = [15, 8, 8, 9];
      const clients: DeflatingClient[] = [];
      for (const bits of windows) {
        clients.push(await DeflatingClient.open(server, `permessage-deflate; server_max_window_bits=${bits}`));
      }
      const message = sentence.repeat(20);
      expect(server.protocol.broadcast(message)).to.equal(5);
      for (const [index, client] of clients.entries()) {
        expect(await client.said()).to.equal(`compressed text "${message}"`);
        expect(client.farthest).to.be.within(1, 2 ** windows[index]!);
      }
      plain.send(closeFrame(1000));
      expect(wordsIn(await plain.rest())).to.deep.equal([`text "${message}"`, "close 1000"]);
    }));
});
