import { mock } from "node:test";
import { expect } from "chai";
import { FrameReceiver } from "../../../protocols/websocket/frame-receiver.ts";
import { deliveries } from "../../support/cuts.ts";
import type { PlainReading } from "../../support/plain-websocket.ts";
import { RecordingSink, receivedFrames } from "../../support/received-frames.ts";
import { clientFrame, closeFrame, type FrameShape, opcode } from "../../support/websocket-frames.ts";

const roomy = { maxMessageBytes: 1_000_000, maxFragments: 1000 };

function receiving(limits = roomy, compression = false) {
  const sink = new RecordingSink();
  return { sink, receiver: new FrameReceiver(sink, limits, compression) };
}

/** `bytes` make these events, however they are cut. */
function tells(title: string, bytes: Buffer, events: readonly string[], reading: Partial<PlainReading> = {}): void {
  it(title, function () {
    this.timeout(20_000);
    for (const { how, pieces } of deliveries(bytes)) {
      expect(receivedFrames(pieces, { limits: roomy, compression: false, ...reading }), how).to.deep.equal(events);
    }
  });
}

const hex = (text: string): string => Buffer.from(text).toString("hex");
const text = (data: string | Uint8Array, shape?: FrameShape): Buffer => clientFrame(opcode.text, data, shape);
const more = (data: string | Uint8Array, shape?: FrameShape): Buffer => clientFrame(opcode.continuation, data, shape);
const ping = clientFrame(opcode.ping, "?");

describe("FrameReceiver", () => {
  tells("RFC 6455 section 5.7: a masked text", Buffer.from("818537fa213d7f9f4d5158", "hex"), [`text ${hex("Hello")}`]);
  tells(
    "RFC 6455 section 5.4: text in fragments, cut within a code point, with control frames between",
    Buffer.concat([
      text(Buffer.from("e2", "hex"), { fin: false }),
      ping,
      more("", { fin: false }),
      clientFrame(opcode.pong),
      more(Buffer.from("82ac", "hex")),
      closeFrame(1000, "bye"),
      text("never read"),
    ]),
    ["ping 3f", "pong ", "text e282ac", 'close 1000 "bye"'],
  );
  tells(
    "RFC 6455 section 5.2: lengths around each turn",
    Buffer.concat([125, 126, 127].map((length) => clientFrame(opcode.binary, Buffer.alloc(length, length)))),
    [125, 126, 127].map((length) => `binary ${Buffer.alloc(length, length).toString("hex")}`),
  );
  tells(
    "RFC 6455 section 5.5.1: nothing is read behind a fault",
    Buffer.concat([text("a", { key: null }), text("b")]),
    ["fault ERR_TURNOUT_WEBSOCKET_UNMASKED"],
  );

  for (const [length, lengthBytes] of [
    [0, 2],
    [125, 2],
    [0, 8],
    [125, 8],
    [126, 8],
    [65_535, 8],
    [2n ** 63n, 8],
    [2n ** 63n + 5n, 8],
    [2n ** 64n - 1n, 8],
  ] as const) {
    tells(`RFC 6455 section 5.2: the length ${length} in ${lengthBytes} bytes`, text("", { length, lengthBytes }), [
      "fault ERR_TURNOUT_WEBSOCKET_LENGTH",
    ]);
  }
  for (const length of [65_536, 2 ** 31, 2 ** 32, 2 ** 53, 2n ** 63n - 1n]) {
    it(`RFC 6455 section 7.4.1: a frame that announces ${length} bytes is refused by its header`, () => {
      const bytes = text("", { length });
      for (const { how, pieces } of deliveries(bytes)) {
        const events = receivedFrames(pieces, { limits: { ...roomy, maxMessageBytes: 65_535 }, compression: false });
        expect(events, how).to.deep.equal(["fault ERR_TURNOUT_WEBSOCKET_MESSAGE_TOO_LARGE"]);
      }
    });
  }

  it("RFC 6455 section 5.2: 65,535, 65,536 and 100,000 bytes, in pieces of a few KiB", () => {
    for (const length of [65_535, 65_536, 100_000]) {
      const payload = Buffer.alloc(length, "payload ");
      const bytes = clientFrame(opcode.binary, payload);
      const pieces = Array.from({ length: Math.ceil(bytes.length / 4099) }, (_, at) =>
        bytes.subarray(at * 4099, (at + 1) * 4099),
      );
      for (const how of [[bytes], pieces]) {
        expect(receivedFrames(how, { limits: roomy, compression: false })).to.deep.equal([
          `binary ${payload.toString("hex")}`,
        ]);
      }
    }
  });

  const ten = { ...roomy, maxMessageBytes: 10 };
  tells(
    "RFC 6455 section 7.4.1: as large as the limit, in one frame and in several",
    Buffer.concat([text("0123456789"), text("01234", { fin: false }), ping, more("56789", { fin: false }), more("")]),
    [`text ${hex("0123456789")}`, "ping 3f", `text ${hex("0123456789")}`],
    { limits: ten },
  );
  tells(
    "RFC 6455 section 7.4.1: a byte more, in the frame that would have it",
    Buffer.concat([text("01234", { fin: false }), ping, more("567890")]),
    ["ping 3f", "fault ERR_TURNOUT_WEBSOCKET_MESSAGE_TOO_LARGE"],
    { limits: ten },
  );
  tells(
    "RFC 6455 section 5.5: control frames count for no limit",
    Buffer.concat([clientFrame(opcode.ping, "0123456789a"), closeFrame(1000, "0123456789")]),
    [`ping ${hex("0123456789a")}`, 'close 1000 "0123456789"'],
    { limits: { maxMessageBytes: 0, maxFragments: 0 } },
  );
  const few = { ...roomy, maxFragments: 3 };
  tells(
    "RFC 6455 section 5.4: as many fragments as the limit, and anew for each message",
    Buffer.concat([text("a"), text("a", { fin: false }), more("b", { fin: false }), ping, more("c"), text("d")]),
    ["text 61", "ping 3f", "text 616263", "text 64"],
    { limits: few },
  );
  tells(
    "RFC 6455 section 5.4: one fragment more",
    Buffer.concat([text("a", { fin: false }), more("", { fin: false }), more("", { fin: false }), ping, more("")]),
    ["ping 3f", "fault ERR_TURNOUT_WEBSOCKET_TOO_MANY_FRAGMENTS"],
    { limits: few },
  );

  for (const maxMessageBytes of [0, 10, 4096, 100_000]) {
    it(`RFC 7692 section 6: compressed, a message of ${maxMessageBytes} bytes may be a little longer`, () => {
      // zlib, for what it cannot compress: 5 bytes in each block, the shortest of which has 16 KiB, and those that end it
      const least = maxMessageBytes + 5 * Math.ceil(maxMessageBytes / 16_384) + 6;
      const most = maxMessageBytes + Math.floor(maxMessageBytes / 2048) + 64;
      expect(most).to.be.at.least(least);
      const reading = { limits: { ...roomy, maxMessageBytes }, compression: true };
      const longest = text(Buffer.alloc(most, 1), { rsv: 4 });
      expect(receivedFrames([longest], reading)).to.deep.equal([`compressed text ${"01".repeat(most)}`]);
      const inTwo = [text(Buffer.alloc(most, 1), { rsv: 4, fin: false }), more(Buffer.alloc(1))];
      for (const bytes of [[text(Buffer.alloc(most + 1), { rsv: 4 })], inTwo]) {
        expect(receivedFrames(bytes, reading)).to.deep.equal(["fault ERR_TURNOUT_WEBSOCKET_MESSAGE_TOO_LARGE"]);
      }
    });
  }
  tells(
    "RFC 7692 section 6.1: RSV1 says it of the whole message, and the next one says it anew",
    Buffer.concat([
      text(Buffer.from("ff", "hex"), { rsv: 4, fin: false }),
      ping,
      more(Buffer.from("fe", "hex")),
      clientFrame(opcode.binary, "b", { rsv: 4 }),
      text("c"),
      text(Buffer.from("fd", "hex")),
    ]),
    ["ping 3f", "compressed text fffe", "compressed binary 62", "text 63", "fault ERR_TURNOUT_WEBSOCKET_UTF8"],
    { compression: true },
  );

  it("RFC 6455 section 8.1: text fails with the piece that has the first impossible byte, wherever the frame ends", () => {
    for (const [before, bad] of [
      ["a".repeat(10), "ff"],
      ["é".repeat(100), "c328"],
      ["€".repeat(50), "eda0"],
      ["", "f490"],
    ] as const) {
      const bytes = Buffer.concat([Buffer.from(before), Buffer.from(bad, "hex"), Buffer.alloc(50, "z")]);
      const frame = text(bytes, { fin: false });
      const impossible = frame.length - 50 - 1;
      const { sink, receiver } = receiving();
      receiver.receive(Buffer.from(frame.subarray(0, impossible)));
      expect(sink.events).to.deep.equal([]);
      receiver.receive(Buffer.from(frame.subarray(impossible, impossible + 1)));
      expect(sink.events, bad).to.deep.equal(["fault ERR_TURNOUT_WEBSOCKET_UTF8"]);
      receiver.receive(Buffer.from(frame.subarray(impossible + 1)));
      expect(sink.events).to.have.length(1);
    }
  });

  it("RFC 6455 section 8.1: text that ends within a code point fails at its end", () => {
    const reading = { limits: roomy, compression: false };
    const fault = ["fault ERR_TURNOUT_WEBSOCKET_UTF8"];
    const half = Buffer.from("e282", "hex");
    expect(receivedFrames([text(half)], reading)).to.deep.equal(fault);
    expect(receivedFrames([text(half, { fin: false })], reading)).to.deep.equal([]);
    expect(receivedFrames([text(half, { fin: false }), more("")], reading)).to.deep.equal(fault);
    expect(receivedFrames([text(half, { fin: false }), more("a")], reading)).to.deep.equal(fault);
  });

  it("a message that lies whole in a chunk is a view of it, and no other is", () => {
    const seen: Buffer[] = [];
    const { sink, receiver } = receiving();
    sink.message = (message) => seen.push(message as Buffer);
    const bytes = clientFrame(opcode.binary, "whole");
    receiver.receive(bytes);
    const cut = clientFrame(opcode.binary, "in two");
    receiver.receive(cut.subarray(0, 8));
    receiver.receive(cut.subarray(8));
    expect(seen.map(String)).to.deep.equal(["whole", "in two"]);
    bytes.fill(0);
    cut.fill(0);
    expect(seen.map(String)).to.deep.equal(["\0\0\0\0\0", "in two"]);
  });

  it("what a frame announces sets no memory aside: 4 KiB, or 8 times what has come", () => {
    const { receiver } = receiving({ ...roomy, maxMessageBytes: 2 ** 40 });
    const setAside = mock.method(Buffer, "allocUnsafeSlow");
    try {
      receiver.receive(text("a", { length: 2 ** 31 }));
      expect(setAside.mock.calls.map((call) => call.arguments)).to.deep.equal([[4096]]);
      receiver.receive(Buffer.alloc(8191));
      expect(setAside.mock.calls.at(-1)?.arguments).to.deep.equal([8 * 8192]);
    } finally {
      setAside.mock.restore();
    }
  });

  it("stopped by its sink, it reads no further than this frame, until it is resumed", () => {
    const { sink, receiver } = receiving();
    sink.told = () => receiver.stop();
    receiver.receive(Buffer.concat([text("a"), ping, text("b", { fin: false }), more("c"), closeFrame(1000)]));
    const expected = ["text 61", "ping 3f", "text 6263", 'close 1000 ""'];
    for (let told = 1; told <= expected.length; told++) {
      expect(sink.events).to.deep.equal(expected.slice(0, told));
      receiver.resume();
    }
    expect(sink.events).to.deep.equal(expected);
  });

  it("stopped behind an empty frame whose header was the last that came, it goes on with that", () => {
    const { sink, receiver } = receiving();
    sink.told = () => receiver.stop();
    receiver.receive(Buffer.concat([text("a"), text("")]));
    expect(sink.events).to.deep.equal(["text 61"]);
    receiver.resume();
    expect(sink.events).to.deep.equal(["text 61", "text "]);
    receiver.resume();
    expect(sink.events).to.have.length(2);
  });

  it("stopped and resumed by its sink within one event, it tells all, in order", () => {
    const { sink, receiver } = receiving();
    sink.told = () => {
      receiver.stop();
      receiver.resume();
    };
    receiver.receive(Buffer.concat([text("a"), text("b"), text("c")]));
    expect(sink.events).to.deep.equal(["text 61", "text 62", "text 63"]);
  });

  it("running: only while the sink is told something", () => {
    const { sink, receiver } = receiving();
    const seen: boolean[] = [];
    sink.told = () => seen.push(receiver.running);
    expect(receiver.running).to.equal(false);
    receiver.receive(Buffer.concat([text("a"), ping]));
    expect(receiver.running).to.equal(false);
    receiver.resume();
    expect(receiver.running).to.equal(false);
    expect(seen).to.deep.equal([true, true]);
  });

  for (const [what, end] of [
    ["a Close frame", closeFrame(1000)],
    ["a fault", text("", { rsv: 1 })],
    ["a Close frame that is wrong", closeFrame(999)],
  ] as const) {
    it(`RFC 6455 section 5.5.1, 7.1.7: nothing is read behind ${what}, in whatever chunk it is`, () => {
      const { sink, receiver } = receiving();
      receiver.receive(Buffer.concat([end, text("a")]));
      receiver.receive(text("b"));
      receiver.resume();
      expect(sink.events).to.have.length(1);
    });
  }
});
