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

const { text, continuation, ping } = opcode;
const more = { fin: false };
const fault = "ERR_TURNOUT_WEBSOCKET_UTF8";
const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(" ", ""), "hex");

/** What is no UTF-8 at its last byte, whatever follows, and why. */
const invalid = [
  ["80", "a lone continuation byte"],
  ["bf", "a lone continuation byte"],
  ["61 80", "a continuation byte behind ASCII"],
  ["c3a9 a9", "a continuation byte too many"],
  ["c0", "an overlong form, of NUL for one"],
  ["c1", "an overlong form of ASCII"],
  ["e0 80", "an overlong form of three bytes"],
  ["e0 9f", "the last overlong form of three bytes"],
  ["f0 80", "an overlong form of four bytes"],
  ["f0 8f", "the last overlong form of four bytes"],
  ["ed a0", "the first surrogate"],
  ["ed af", "a high surrogate"],
  ["ed bf", "the last surrogate"],
  ["f4 90", "over U+10FFFF"],
  ["f5", "over U+10FFFF"],
  ["f8", "five bytes"],
  ["fc", "six bytes"],
  ["fe", "no byte of UTF-8"],
  ["ff", "no byte of UTF-8"],
  ["c3 28", "ASCII where a second byte has to be"],
  ["e2 82 28", "ASCII where a third byte has to be"],
  ["f0 9f 98 28", "ASCII where a fourth byte has to be"],
  ["e2 c3", "a first byte where a second has to be"],
  ["c3 00", "NUL where a second byte has to be"],
  ["f0 9f 98 80 f4 bf", "over U+10FFFF, behind what is not"],
  ["ef bb bf ff", "no byte of UTF-8, behind a BOM"],
] as const;

describe("RFC 6455 section 8.1: text that is not UTF-8", () => {
  for (const [bytes, why] of invalid) {
    refuses(`RFC 6455 section 8.1 (MUST), RFC 3629: ${bytes}: ${why}`, clientFrame(text, hex(bytes)), 1007, fault);
  }

  for (const bytes of ["c080", "e08080", "f0808080", "f88080808080", "eda080", "edbfbf", "eda0bdedb880", "f4908080"]) {
    refuses(
      `RFC 6455 section 8.1 (MUST), RFC 3629 section 3: ${bytes}, whole`,
      clientFrame(text, hex(`61${bytes}62`)),
      1007,
      fault,
    );
  }

  for (const bytes of ["c3", "e2", "e282", "f0", "f09f", "f09f98", "61f4", "c3a9f48fbf"]) {
    refuses(
      `RFC 6455 section 8.1 (MUST): the message ends within a code point: ${bytes}`,
      clientFrame(text, hex(bytes)),
      1007,
      fault,
    );
    refuses(
      `RFC 6455 section 8.1 (MUST): it ends so in an empty fragment: ${bytes}`,
      Buffer.concat([clientFrame(text, hex(bytes), more), clientFrame(continuation)]),
      1007,
      fault,
    );
  }

  it("RFC 6455 section 8.1 (MUST): the same in fragments that are cut anywhere", async function () {
    this.timeout(60_000);
    await echoing({}, async ({ open, server }) => {
      let refused = 0;
      for (const [digits] of invalid) {
        const bytes = hex(`c3a9 ${digits} 6161`);
        for (let cut = 0; cut <= bytes.length; cut++) {
          const frames = [
            clientFrame(text, bytes.subarray(0, cut), more),
            clientFrame(continuation, bytes.subarray(cut)),
          ];
          const client = await open({}, Buffer.concat(frames));
          expect(wordsIn(await client.end().rest()), `${digits}, cut at ${cut}`).to.deep.equal(["close 1007"]);
          expect(server.stats().refused).to.deep.equal({ [fault]: ++refused });
        }
      }
    });
  });

  it("RFC 6455 section 5.6: the same bytes in a binary message are data", async () => {
    await echoing({}, async ({ open }) => {
      const client = await open();
      for (const [digits] of invalid) {
        client.send(clientFrame(opcode.binary, hex(digits)));
        expect(inWords(await takeFrame(client))).to.equal(`binary ${digits.replaceAll(" ", "")}`);
      }
    });
  });
});

describe("RFC 6455 section 8.1: it is told as soon as it shows", () => {
  for (const [bytes, why] of invalid) {
    refuses(
      `RFC 6455 section 8.1: ${bytes} (${why}), before the frame is complete`,
      clientFrame(text, hex(bytes), { length: 100_000 }),
      1007,
      fault,
    );
    refuses(
      `RFC 6455 section 8.1: ${bytes} (${why}), before the message is`,
      Buffer.concat([clientFrame(text, "a", more), clientFrame(continuation, hex(bytes), more)]),
      1007,
      fault,
    );
  }

  refuses(
    "RFC 6455 section 8.1: a code point that began in the fragment before",
    Buffer.concat([
      clientFrame(text, hex("61 f0"), more),
      clientFrame(ping, "p"),
      clientFrame(continuation, hex("8f"), { length: 1_000, fin: false }),
    ]),
    1007,
    fault,
    { words: ["pong 70"] },
  );
});

/** The least and the greatest code points of each length, what lies beside the surrogates, and what is not special. */
const curious = "a\0\x7f\u0080\u07ff\u0800\ud7ff\ue000\ufeff\ufffd\ufffe\uffff\u{10000}\u{1f600}\u{10ffff}z";

describe("RFC 6455 section 8.1: text that is UTF-8", () => {
  accepts("RFC 6455 section 5.6: NUL, U+10FFFF and other code points that are valid", clientFrame(text, curious), [
    `text ${JSON.stringify(curious)}`,
  ]);
  accepts("RFC 6455 section 5.6: a BOM is data", clientFrame(text, "\ufeffHello\ufeff"), ['text "\ufeffHello\ufeff"']);
  accepts(
    "RFC 6455 section 5.6: a BOM is data, in fragments, too",
    Buffer.concat([clientFrame(text, hex("ef"), more), clientFrame(continuation, hex("bbbf"))]),
    ['text "\ufeff"'],
  );

  it("RFC 6455 section 5.6: code points over fragments, cut anywhere, and byte by byte", async () => {
    await echoing({}, async ({ open }) => {
      const client = await open();
      const bytes = Buffer.from(curious);
      const expected = `text ${JSON.stringify(curious)}`;
      for (let cut = 0; cut <= bytes.length; cut++) {
        client.send(clientFrame(text, bytes.subarray(0, cut), more));
        client.send(clientFrame(continuation, bytes.subarray(cut)));
        expect(inWords(await takeFrame(client)), `cut at ${cut}`).to.equal(expected);
      }
      const single = Array.from(bytes, (byte) => clientFrame(continuation, Uint8Array.of(byte), more));
      client.send(Buffer.concat([clientFrame(text, "", more), ...single, clientFrame(continuation)]));
      expect(inWords(await takeFrame(client))).to.equal(expected);
    });
  });

  it("RFC 3629 section 3: every code point that there is", async function () {
    this.timeout(30_000);
    let all = "";
    for (let point = 0; point <= 0x10ffff; point++) {
      all += point >= 0xd800 && point <= 0xdfff ? "" : String.fromCodePoint(point);
    }
    await echoing({}, async ({ open }) => {
      const client = await open();
      const bytes = Buffer.from(all);
      client.send(clientFrame(text, bytes));
      expect((await takeFrame(client)).payload.equals(bytes)).to.equal(true);
    });
  });
});

const longBytes = 102_400;

describe("RFC 6455 section 8.1: long texts", () => {
  for (const [width, character] of [
    [1, "k"],
    [2, "é"],
    [3, "€"],
    [4, "😀"],
  ] as const) {
    const whole = Buffer.from(character.repeat(longBytes / 4));
    const sizes = [whole.length, 1_021, 64_003];

    it(`RFC 6455 section 5.6: 25,600 characters of ${width} bytes, whole and in fragments that cut them`, async () => {
      await echoing({}, async ({ open }) => {
        const client = await open();
        for (const size of sizes) {
          client.send(fragments(whole, size));
          expect((await takeFrame(client)).payload.equals(whole), `fragments of ${size}`).to.equal(true);
        }
      });
    });

    it(`RFC 6455 section 8.1 (MUST): one byte of them is wrong, wherever it is (${width} bytes)`, async function () {
      this.timeout(30_000);
      await echoing({}, async ({ open, server }) => {
        let refused = 0;
        for (const at of [
          0,
          1,
          31,
          32,
          33,
          4_095,
          4_096,
          12_799,
          25_598,
          whole.length - 3,
          whole.length - 2,
          whole.length - 1,
        ]) {
          const broken = Buffer.from(whole);
          broken[at] = 0xff;
          for (const size of sizes) {
            const client = await open({}, fragments(broken, size));
            client.send(closeFrame(1000)).end();
            expect(wordsIn(await client.rest()), `at ${at}, fragments of ${size}`).to.deep.equal(["close 1007"]);
            refused++;
          }
          // The byte itself is the last that comes of a frame that announces all of them.
          const client = await open({}, clientFrame(text, broken.subarray(0, at + 1), { length: whole.length + 1 }));
          expect(wordsIn(await client.rest()), `up to ${at}`).to.deep.equal(["close 1007"]);
          expect(server.stats().refused).to.deep.equal({ [fault]: ++refused });
        }
      });
    });

    if (width > 1) {
      it(`RFC 6455 section 8.1 (MUST): the last character is cut short (${width} bytes)`, async () => {
        await echoing({}, async ({ open }) => {
          for (let missing = 1; missing < width; missing++) {
            for (const size of sizes) {
              const client = await open({}, fragments(whole.subarray(0, whole.length - missing), size));
              expect(wordsIn(await client.end().rest()), `${missing} missing`).to.deep.equal(["close 1007"]);
            }
          }
        });
      });
    }
  }
});

/** A text message in fragments of so many bytes. */
function fragments(bytes: Buffer, size: number): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const fin = at + size >= bytes.length;
    frames.push(clientFrame(at === 0 ? text : continuation, bytes.subarray(at, at + size), { fin }));
  }
  return Buffer.concat(frames);
}
