import { expect } from "chai";
import {
  accepts,
  clientFrame,
  closeFrame,
  echoing,
  inWords,
  opcode,
  refuses,
  takeFrame,
  wordsIn,
} from "../support/websocket-frames.ts";

const { continuation, text, binary, close, ping, pong } = opcode;
const more = { fin: false };
const frames = (...all: Buffer[]): Buffer => Buffer.concat(all);

describe("RFC 6455 section 5.4: fragmentation", () => {
  for (const [what, bytes, words] of [
    ["two fragments", frames(clientFrame(text, "He", more), clientFrame(continuation, "llo")), ['text "Hello"']],
    [
      "one fragment a byte",
      frames(clientFrame(binary, "a", more), clientFrame(continuation, "b", more), clientFrame(continuation, "c")),
      ["binary 616263"],
    ],
    ["an empty first one", frames(clientFrame(text, "", more), clientFrame(continuation, "a")), ['text "a"']],
    ["an empty last one", frames(clientFrame(text, "a", more), clientFrame(continuation)), ['text "a"']],
    [
      "an empty one between",
      frames(clientFrame(text, "a", more), clientFrame(continuation, "", more), clientFrame(continuation, "b")),
      ['text "ab"'],
    ],
    [
      "only empty ones",
      frames(clientFrame(text, "", more), clientFrame(continuation, "", more), clientFrame(continuation)),
      ['text ""'],
    ],
    ["only empty ones of binary", frames(clientFrame(binary, "", more), clientFrame(continuation)), ["binary"]],
    [
      "two messages, one behind the other",
      frames(
        clientFrame(text, "a", more),
        clientFrame(continuation, "b"),
        clientFrame(binary, "c", more),
        clientFrame(continuation, "d"),
      ),
      ['text "ab"', "binary 6364"],
    ],
  ] as const) {
    accepts(`RFC 6455 section 5.4: ${what}`, bytes, words);
  }

  for (const [what, bytes, words] of [
    [
      "a Ping",
      frames(clientFrame(text, "a", more), clientFrame(ping, "p"), clientFrame(continuation, "b")),
      ["pong 70", 'text "ab"'],
    ],
    [
      "a Pong",
      frames(clientFrame(text, "a", more), clientFrame(pong, "p"), clientFrame(continuation, "b")),
      ['text "ab"'],
    ],
    [
      "several Pings and a Pong",
      frames(
        clientFrame(binary, "", more),
        clientFrame(ping, "p"),
        clientFrame(continuation, "a", more),
        clientFrame(ping),
        clientFrame(pong, "q"),
        clientFrame(continuation),
      ),
      ["pong 70", "pong", "binary 61"],
    ],
  ] as const) {
    accepts(
      `RFC 6455 section 5.4 (MUST), 5.5: ${what} between fragments, answered before the message is whole`,
      bytes,
      words,
    );
  }

  it("RFC 6455 section 5.4, 5.5.1: a Close between fragments ends it; the half message is not told", async () => {
    const messages: unknown[] = [];
    await echoing(
      { message: (_socket, message) => void messages.push(message) },
      async ({ open, nextClosing, server }) => {
        const client = await open({}, frames(clientFrame(text, "a", more), closeFrame(1000, "enough")));
        expect(wordsIn(await client.rest())).to.deep.equal(["close 1000"]);
        client.end();
        expect(await nextClosing()).to.deep.equal({ code: 1000, reason: "enough", error: undefined });
        expect(server.stats().refused).to.deep.equal({});
      },
    );
    expect(messages).to.deep.equal([]);
  });

  const broken = "ERR_TURNOUT_WEBSOCKET_FRAGMENTS";
  for (const [what, bytes, words] of [
    ["a final continuation that continues nothing", clientFrame(continuation, "a"), []],
    ["a continuation that continues nothing", clientFrame(continuation, "a", more), []],
    ["an empty continuation that continues nothing", clientFrame(continuation), []],
    [
      "a continuation behind a whole message",
      frames(clientFrame(text, "a"), clientFrame(continuation, "b")),
      ['text "a"'],
    ],
    [
      "a continuation behind a message in fragments",
      frames(clientFrame(text, "a", more), clientFrame(continuation, "b"), clientFrame(continuation, "c")),
      ['text "ab"'],
    ],
    ["text within text", frames(clientFrame(text, "a", more), clientFrame(text, "b")), []],
    ["binary within text", frames(clientFrame(text, "a", more), clientFrame(binary, "b")), []],
    ["text within binary", frames(clientFrame(binary, "a", more), clientFrame(text, "b", more)), []],
    [
      "text behind a continuation that is not the last",
      frames(clientFrame(text, "a", more), clientFrame(continuation, "b", more), clientFrame(text, "c")),
      [],
    ],
    [
      "text within text, behind a Ping",
      frames(clientFrame(text, "", more), clientFrame(ping), clientFrame(text, "b")),
      ["pong"],
    ],
  ] as const) {
    refuses(`RFC 6455 section 5.4: ${what}`, bytes, 1002, broken, { words });
  }
});

const longest = "x".repeat(125);

describe("RFC 6455 section 5.5: control frames", () => {
  const broken = "ERR_TURNOUT_WEBSOCKET_CONTROL_FRAME";
  for (const [name, code] of [
    ["Close", close],
    ["Ping", ping],
    ["Pong", pong],
  ] as const) {
    refuses(`RFC 6455 section 5.5 (MUST): a ${name} in fragments`, clientFrame(code, "", more), 1002, broken);
    refuses(
      `RFC 6455 section 5.5 (MUST): a ${name} in fragments, between fragments`,
      frames(clientFrame(text, "a", more), clientFrame(code, "", more)),
      1002,
      broken,
    );
    refuses(
      `RFC 6455 section 5.5 (MUST): a ${name} with 126 bytes, told from its header`,
      clientFrame(code, "", { length: 126 }),
      1002,
      broken,
    );
    refuses(
      `RFC 6455 section 5.5 (MUST): a ${name} with 64 KiB, told from its header`,
      clientFrame(code, "", { length: 65_536 }),
      1002,
      broken,
    );
    refuses(
      `RFC 6455 section 5.5 (MUST): a ${name} with 5 bytes, whose length has eight`,
      clientFrame(code, "", { length: 5, lengthBytes: 8 }),
      1002,
      broken,
    );
  }

  accepts(
    "RFC 6455 section 5.5: a Ping and a Pong with 125 bytes",
    frames(clientFrame(ping, longest), clientFrame(pong, longest)),
    [`pong ${Buffer.from(longest).toString("hex")}`],
  );

  it("RFC 6455 section 5.5: a Close with 125 bytes", () =>
    echoing({}, async ({ open, nextClosing }) => {
      const reason = longest.slice(2);
      const client = await open({}, closeFrame(1000, reason));
      expect(wordsIn(await client.rest())).to.deep.equal(["close 1000"]);
      client.end();
      expect(await nextClosing()).to.deep.equal({ code: 1000, reason, error: undefined });
    }));
});

describe("RFC 6455 sections 5.5.2 and 5.5.3: Ping and Pong", () => {
  accepts("RFC 6455 section 5.5.3 (MUST): an empty Ping", clientFrame(ping), ["pong"]);
  accepts("RFC 6455 section 5.5.3 (MUST): bytes that are no text", clientFrame(ping, Buffer.of(0, 0xff, 0xc0, 0x80)), [
    "pong 00ffc080",
  ]);
  accepts(
    "RFC 6455 section 5.5.3: several, and each has its answer, in order",
    frames(clientFrame(ping, "1"), clientFrame(text, "a"), clientFrame(ping, "2"), clientFrame(ping, "3")),
    ["pong 31", 'text "a"', "pong 32", "pong 33"],
  );
  accepts("RFC 6455 section 5.5.3: Pongs that nobody asked for", frames(clientFrame(pong), clientFrame(pong, "p")), []);

  it("RFC 6455 section 5.5.2: the server's Ping, and the Pong that `pong` is called with", async () => {
    const pongs: string[] = [];
    await echoing(
      {
        open: (socket) => socket.ping("are you there"),
        pong: (socket, payload) => {
          pongs.push(payload.toString());
          socket.close(1000);
        },
      },
      async ({ open }) => {
        const client = await open();
        const asked = await takeFrame(client);
        expect([asked.opcode, asked.payload.toString()]).to.deep.equal([ping, "are you there"]);
        client.send(clientFrame(pong, asked.payload));
        expect(inWords(await takeFrame(client))).to.equal("close 1000");
      },
    );
    expect(pongs).to.deep.equal(["are you there"]);
  });

  it("RFC 6455 section 5.5: the server's Ping has 125 bytes at most", async () => {
    const outcomes: string[] = [];
    await echoing(
      {
        open: (socket) => {
          socket.ping(longest);
          try {
            socket.ping(`${longest}x`);
          } catch (error) {
            outcomes.push((error as Error).name);
          }
        },
      },
      async ({ open }) => {
        const client = await open();
        expect((await takeFrame(client)).payload.toString()).to.equal(longest);
        client.send(closeFrame(1000));
        expect(wordsIn(await client.rest())).to.deep.equal(["close 1000"]);
      },
    );
    expect(outcomes).to.deep.equal(["UsageError"]);
  });
});
