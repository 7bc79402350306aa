import { expect } from "chai";
import { ClientFrames, type ShownFrame, serverTextFrame } from "../../../../lib/cli/live/frames.ts";
import { deliveries } from "../../../support/cuts.ts";
import { clientFrame, framesIn, inWords, opcode } from "../../../support/websocket-frames.ts";

const shown = (frame: Uint8Array): ShownFrame => ({
  hex: Buffer.from(frame).toString("hex", 0, 64),
  length: frame.length,
});

/** All that is shown of what comes in these pieces. */
function shownOf(pieces: readonly Uint8Array[]): ShownFrame[] {
  const frames = new ClientFrames();
  const taken: ShownFrame[] = [];
  for (const piece of pieces) {
    frames.push(piece);
    for (let frame = frames.take(); frame !== undefined; frame = frames.take()) {
      taken.push(frame);
    }
  }
  return taken;
}

describe("RFC 6455 section 5.2: a client's frames, as a page is shown them", () => {
  const data = [
    clientFrame(opcode.text, "Hello"),
    clientFrame(opcode.text, ""),
    clientFrame(opcode.binary, Buffer.alloc(52, 1)),
    clientFrame(opcode.text, "a".repeat(125)),
    clientFrame(opcode.text, "a".repeat(126)),
    clientFrame(opcode.text, "x", { lengthBytes: 8 }),
  ];

  for (const [at, frame] of data.entries()) {
    it(`frame ${at + 1}, however it is cut`, () => {
      for (const { how, pieces } of deliveries(frame)) {
        expect(shownOf(pieces), how).to.deep.equal([shown(frame)]);
      }
    });
  }

  it("several together, without the control frames among them", () => {
    const control = [clientFrame(opcode.ping, "ping"), clientFrame(opcode.pong), clientFrame(opcode.close)];
    const bytes = Buffer.concat([data[0]!, control[0]!, data[1]!, control[1]!, data[2]!, control[2]!]);
    for (const { how, pieces } of deliveries(bytes)) {
      expect(shownOf(pieces), how).to.deep.equal([data[0]!, data[1]!, data[2]!].map(shown));
    }
  });

  it("keeps the beginning of a long one only", () => {
    const [frame] = shownOf([clientFrame(opcode.binary, Buffer.alloc(100_000))]);
    expect(frame).to.include({ length: 100_014 });
    expect(frame!.hex).to.have.length(128);
  });

  it("gives nothing while a frame is not whole", () => {
    expect(shownOf([data[0]!.subarray(0, -1)])).to.deep.equal([]);
  });
});

describe("RFC 6455 section 5.2: the server's frame of a text", () => {
  for (const text of ["", "Hello", "ü".repeat(62), "a".repeat(126), "a".repeat(1_024)]) {
    it(`of ${Buffer.byteLength(text)} bytes`, () => {
      const { hex, length } = serverTextFrame(text);
      const missing = Buffer.from(text).subarray(Buffer.byteLength(text) - (length - hex.length / 2));
      const frames = framesIn(Buffer.concat([Buffer.from(hex, "hex"), missing]));
      expect(frames.map(inWords)).to.deep.equal([`text ${JSON.stringify(text)}`]);
    });
  }
});
