import { expect } from "chai";
import {
  accepts,
  clientFrame,
  echoing,
  framesIn,
  inWords,
  opcode,
  refuses,
  takeFrame,
} from "../support/websocket-frames.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const ofLength = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, at) => (at * 7) & 0xff));
/** A masked frame's payload here is masked with a key of zeros: it is what it is. */
const plain = "00000000";

describe("RFC 6455 section 5.7: the examples, as a client sends them", () => {
  accepts("RFC 6455 section 5.7: a single-frame masked text message", hex("81 85 37fa213d 7f9f4d5158"), [
    'text "Hello"',
  ]);
  accepts("RFC 6455 section 5.7: a fragmented text message", hex(`01 83 ${plain} 48656c 80 82 ${plain} 6c6f`), [
    'text "Hello"',
  ]);
  accepts("RFC 6455 section 5.7: a Ping request, and the Pong that has its body", hex("89 85 37fa213d 7f9f4d5158"), [
    "pong 48656c6c6f",
  ]);
  accepts("RFC 6455 section 5.7: a masked Pong, which nobody asked for", hex("8a 85 37fa213d 7f9f4d5158"), []);

  it("RFC 6455 section 5.7: 256 bytes and 64 KiB of binary, and their answers in the shortest encoding", () =>
    echoing({}, async ({ open }) => {
      for (const [length, header] of [
        [256, "82 7e 0100"],
        [65_536, "82 7f 0000000000010000"],
      ] as const) {
        const client = await open();
        const answer = Buffer.concat([hex(header), ofLength(length)]);
        client.send(clientFrame(opcode.binary, ofLength(length)));
        expect(await client.take(answer.length)).to.equal(answer.toString("latin1"));
      }
    }));
});

describe("RFC 6455 section 5.1: masking", () => {
  for (const [what, frame] of [
    ["text", "81 05 48656c6c6f"],
    ["binary", "82 01 00"],
    ["empty text", "81 00"],
    ["a fragment", "01 03 48656c"],
    ["a Ping", "89 00"],
    ["a Pong", "8a 00"],
    ["a Close", "88 00"],
    ["a Close with a code", "88 02 03e8"],
    ["256 bytes", "82 7e 0100"],
    ["64 KiB", "82 7f 0000000000010000"],
  ] as const) {
    refuses(`RFC 6455 section 5.1: ${what} without a mask`, hex(frame), 1002, "ERR_TURNOUT_WEBSOCKET_UNMASKED");
  }

  refuses(
    "RFC 6455 section 5.1: a continuation without a mask, behind a fragment with one",
    hex(`01 83 ${plain} 48656c 80 02 6c6f`),
    1002,
    "ERR_TURNOUT_WEBSOCKET_UNMASKED",
  );

  for (const key of ["00000000", "ffffffff", "00000001", "80ff7f00"]) {
    accepts(
      `RFC 6455 section 5.3: unmasked with ${key}, whatever the length modulo four`,
      Buffer.concat(
        [0, 1, 2, 3, 4, 5].map((length) => clientFrame(opcode.binary, ofLength(length), { key: hex(key) })),
      ),
      [0, 1, 2, 3, 4, 5].map((length) => `binary ${ofLength(length).toString("hex")}`.trim()),
    );
  }

  it("RFC 6455 section 5.3: a new key with every frame, and long payloads in pieces of any length", async () => {
    await echoing({}, async ({ open }) => {
      const client = await open();
      for (const length of [191, 192, 193, 1_021, 4_099, 70_001]) {
        const payload = ofLength(length);
        const frame = clientFrame(opcode.binary, payload, { key: Uint8Array.of(length & 0xff, 1, 0x80, 0xff) });
        for (let at = 0; at < frame.length; at += 997) {
          await client.sendSegment(frame.subarray(at, at + 997));
        }
        expect((await takeFrame(client)).payload.equals(payload), `${length} bytes`).to.equal(true);
      }
    });
  });

  it("RFC 6455 section 5.1: no frame of the server's is masked", () =>
    echoing({}, async ({ open }) => {
      const client = await open({}, Buffer.concat([clientFrame(opcode.text, "a"), clientFrame(opcode.ping, "b")]));
      client.send(hex(`88 80 ${plain}`));
      expect(await client.rest()).to.equal("\x81\x01a\x8a\x01b\x88\x00");
    }));
});

describe("RFC 6455 section 5.2: reserved bits and opcodes", () => {
  for (const rsv of [1, 2, 3, 4, 5, 6, 7]) {
    refuses(
      `RFC 6455 section 5.2: the reserved bits ${rsv.toString(2).padStart(3, "0")} on text`,
      clientFrame(opcode.text, "Hello", { rsv }),
      1002,
      "ERR_TURNOUT_WEBSOCKET_RESERVED_BITS",
    );
  }

  for (const [name, code] of Object.entries(opcode).filter(([name]) => name !== "continuation" && name !== "text")) {
    for (const rsv of [1, 2, 4]) {
      refuses(
        `RFC 6455 section 5.2: the reserved bit ${rsv.toString(2).padStart(3, "0")} on ${name}`,
        clientFrame(code, "", { rsv }),
        1002,
        "ERR_TURNOUT_WEBSOCKET_RESERVED_BITS",
      );
    }
  }

  for (const rsv of [1, 2, 4]) {
    refuses(
      `RFC 6455 section 5.2: the reserved bit ${rsv.toString(2).padStart(3, "0")} on a continuation`,
      Buffer.concat([clientFrame(opcode.text, "a", { fin: false }), clientFrame(opcode.continuation, "b", { rsv })]),
      1002,
      "ERR_TURNOUT_WEBSOCKET_RESERVED_BITS",
    );
  }

  for (const code of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
    refuses(
      `RFC 6455 section 5.2: the opcode ${code.toString(16).toUpperCase()}`,
      clientFrame(code, "?"),
      1002,
      "ERR_TURNOUT_WEBSOCKET_OPCODE",
    );
  }

  for (const code of [3, 11]) {
    refuses(
      `RFC 6455 section 5.2: the opcode ${code.toString(16).toUpperCase()} between fragments, when their message is not told`,
      Buffer.concat([clientFrame(opcode.text, "a", { fin: false }), clientFrame(code)]),
      1002,
      "ERR_TURNOUT_WEBSOCKET_OPCODE",
    );
  }

  refuses(
    "RFC 6455 section 5.2: what came before the violation is answered before the Close frame",
    Buffer.concat([clientFrame(opcode.text, "a"), clientFrame(opcode.ping, "b"), clientFrame(3)]),
    1002,
    "ERR_TURNOUT_WEBSOCKET_OPCODE",
    { words: ['text "a"', "pong 62"] },
  );
});

describe("RFC 6455 section 5.2: the payload length", () => {
  for (const length of [0, 1, 124, 125, 126, 127]) {
    accepts(
      `RFC 6455 section 5.2: ${length} bytes in the shortest encoding`,
      clientFrame(opcode.binary, ofLength(length)),
      [`binary ${ofLength(length).toString("hex")}`.trim()],
    );
  }

  it("RFC 6455 section 5.2: 65,535 and 65,536 bytes in the shortest encoding, cut within the header", async () => {
    await echoing({}, async ({ open }) => {
      const client = await open();
      for (const length of [65_535, 65_536]) {
        const frame = clientFrame(opcode.binary, ofLength(length));
        for (let cut = 1; cut <= 15; cut++) {
          await client.sendSegment(frame.subarray(0, cut));
          client.send(frame.subarray(cut));
          const { payload } = await takeFrame(client);
          expect(payload.equals(ofLength(length)), `${length} bytes, cut at ${cut}`).to.equal(true);
        }
      }
    });
  });

  for (const [what, frame] of [
    ["0 in two bytes", `82 fe 0000 ${plain}`],
    ["125 in two bytes", `82 fe 007d ${plain}`],
    ["0 in eight bytes", `82 ff 0000000000000000 ${plain}`],
    ["125 in eight bytes", `82 ff 000000000000007d ${plain}`],
    ["65,535 in eight bytes", `82 ff 000000000000ffff ${plain}`],
    ["the most significant bit", `82 ff 8000000000000000 ${plain}`],
    ["the most significant bit, and a length that would do", `82 ff 8000000000010000 ${plain}`],
    ["all bits", `82 ff ffffffffffffffff ${plain}`],
  ] as const) {
    refuses(`RFC 6455 section 5.2 (MUST): ${what}`, hex(frame), 1002, "ERR_TURNOUT_WEBSOCKET_LENGTH");
  }

  for (const [what, frame] of [
    ["2^32", `82 ff 0000000100000000 ${plain}`],
    ["2^53 - 1", `82 ff 001fffffffffffff ${plain}`],
    ["2^53", `82 ff 0020000000000000 ${plain}`],
    ["2^53 + 1", `82 ff 0020000000000001 ${plain}`],
    ["2^63 - 1", `82 ff 7fffffffffffffff ${plain}`],
    ["2^63 - 1, to be continued", `02 ff 7fffffffffffffff ${plain}`],
  ] as const) {
    refuses(
      `RFC 6455 section 7.4.1: ${what} bytes are told from the header to be too many`,
      hex(frame),
      1009,
      "ERR_TURNOUT_WEBSOCKET_MESSAGE_TOO_LARGE",
    );
  }

  it("RFC 6455 section 5.2: answers of 125, 126, 65,535 and 65,536 bytes have the shortest encoding", () =>
    echoing({}, async ({ open }) => {
      const client = await open();
      for (const [length, header] of [
        [125, "82 7d"],
        [126, "82 7e 007e"],
        [65_535, "82 7e ffff"],
        [65_536, "82 7f 0000000000010000"],
      ] as const) {
        client.send(clientFrame(opcode.binary, ofLength(length)));
        const wire = Buffer.from(await client.take(hex(header).length + length), "latin1");
        expect(wire.subarray(0, hex(header).length)).to.deep.equal(hex(header));
        expect(framesIn(wire)[0]!.payload.equals(ofLength(length))).to.equal(true);
      }
    }));
});

describe("RFC 6455 section 5.6: data frames", () => {
  for (const [what, code, word] of [
    ["text", opcode.text, 'text ""'],
    ["binary", opcode.binary, "binary"],
  ] as const) {
    accepts(`RFC 6455 section 5.6: an empty ${what} message`, clientFrame(code), [word]);
  }

  it("RFC 6455 section 5.6: text is a string, binary is bytes", async () => {
    const kinds: string[] = [];
    await echoing(
      {
        message: (socket, message) => {
          kinds.push(Buffer.isBuffer(message) ? "bytes" : typeof message);
          socket.send(message);
        },
      },
      async ({ open }) => {
        const client = await open({}, Buffer.concat([clientFrame(opcode.text, "é"), clientFrame(opcode.binary, "é")]));
        expect([inWords(await takeFrame(client)), inWords(await takeFrame(client))]).to.deep.equal([
          'text "é"',
          "binary c3a9",
        ]);
      },
    );
    expect(kinds).to.deep.equal(["string", "bytes"]);
  });
});
