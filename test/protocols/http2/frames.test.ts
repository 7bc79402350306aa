import { performServerHandshake, type ServerHttp2Stream } from "node:http2";
import { Duplex } from "node:stream";
import { expect } from "chai";
import { headBytesCeiling } from "../../../lib/http/head-scratch.ts";
import { fieldBlock, frame, preface, requestFrames, types } from "../../../protocols/http2/frames.ts";
import {
  clientPreface,
  flag,
  http2FramesIn,
  literals,
  type SeenHttp2Frame,
  settingsFrame,
} from "../../support/http2-frames.ts";
import { soonOn } from "../../support/http2-serving.ts";
import { fuzzSeed, Random } from "../../support/random.ts";

/** What node:http2 makes of bytes that a client is said to have sent: the fields and the content of stream 1. */
async function readBack(bytes: Buffer): Promise<{ raw: string[]; content: Buffer }> {
  const written = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  written.push(bytes);
  const session = performServerHandshake(written);
  try {
    const [stream, , , raw] = (await soonOn(session, "stream")) as [ServerHttp2Stream, object, number, string[]];
    const chunks: Buffer[] = [];
    stream.on("error", () => {});
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    await soonOn(stream, "end");
    return { raw, content: Buffer.concat(chunks) };
  } finally {
    session.destroy();
  }
}

const opening = Buffer.concat([preface, frame(types.settings, 0, 0, Buffer.alloc(0))]);
const request: [string, string][] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":authority", "h"],
  [":path", "/"],
];

describe("frames of HTTP/2", () => {
  it("RFC 9113 section 3.4: the preface, and an empty SETTINGS frame", () => {
    expect(preface.toString("latin1")).to.equal(clientPreface);
    expect(frame(types.settings, 0, 0, Buffer.alloc(0)).equals(settingsFrame())).to.equal(true);
  });

  it("RFC 9113 section 4.1: length, type, flags, stream, payload", () => {
    expect(frame(0x9, 0x4, 0x7fff_ffff, Buffer.from("abc")).toString("hex")).to.equal("00000309047fffffff616263");
    const long = frame(0x0, 0x1, 1, Buffer.alloc(16_384));
    expect(long.subarray(0, 9).toString("hex")).to.equal("004000000100000001");
  });

  it("RFC 7541 appendix C.2.2: the same field, as a literal without indexing whose name is no index", () => {
    expect(fieldBlock([[":path", "/sample/path"]]).toString("hex")).to.equal(
      "00053a706174680c2f73616d706c652f70617468",
    );
  });

  it("RFC 7541 section 6.2.2: several fields, an empty value, bytes beyond ASCII", () => {
    const fields: [string, string][] = [
      ["a", ""],
      ["b", "\xe4\xff"],
      ["a", "2"],
    ];
    expect(fieldBlock(fields).toString("hex")).to.equal(literals(fields).toString("hex"));
    expect(fieldBlock([]).length).to.equal(0);
  });

  for (const [length, prefix] of [
    [0, "00"],
    [10, "0a"],
    [126, "7e"],
    [127, "7f00"],
    [128, "7f01"],
    [254, "7f7f"],
    [255, "7f8001"],
    [1_337 + 96, "7f9a0a"], // RFC 7541 appendix C.1.2: 1,337 behind a prefix of 5 bits is 31 and then 9a 0a
    [16_510, "7fff7f"],
    [16_511, "7f808001"],
  ] as const) {
    it(`RFC 7541 section 5.1: a string of ${length} bytes`, () => {
      const block = fieldBlock([["", "v".repeat(length)]]);
      expect(block.subarray(2, 2 + prefix.length / 2).toString("hex")).to.equal(prefix);
      expect(block.length).to.equal(2 + prefix.length / 2 + length);
    });
  }

  for (const [block, content, expected] of [
    [0, 0, ["headers 0 end+all"]],
    [1, 1, ["headers 1 all", "data 1 end"]],
    [16_384, 16_384, ["headers 16384 all", "data 16384 end"]],
    [16_385, 16_385, ["headers 16384", "continuation 1 all", "data 16384", "data 1 end"]],
    [32_768, 0, ["headers 16384 end", "continuation 16384 all"]],
    [
      40_000,
      65_535,
      [
        "headers 16384",
        "continuation 16384",
        "continuation 7232 all",
        "data 16384",
        "data 16384",
        "data 16384",
        "data 16383 end",
      ],
    ],
  ] as const) {
    it(`RFC 9113 section 6.10: ${block} bytes of fields and ${content} of content`, () => {
      const bytes = requestFrames(5, Buffer.alloc(block, "b"), Buffer.alloc(content, "c"));
      const frames = http2FramesIn(bytes.toString("latin1"));
      expect(frames.map(inWords)).to.deep.equal(expected);
      expect(frames.every(({ stream }) => stream === 5)).to.equal(true);
      const joined = Buffer.concat(frames.map(({ payload }) => payload)).toString();
      expect(joined).to.equal("b".repeat(block) + "c".repeat(content));
    });
  }

  it("RFC 7541: node:http2 reads the same fields and content", async function () {
    this.timeout(20_000);
    const random = new Random(fuzzSeed());
    for (let round = 0; round < 50; round++) {
      const own = random.list(30, (): [string, string] => [
        `x-${random.below(1_000)}`,
        Buffer.alloc(random.pick([0, 1, 126, 127, 128, 255, 1_000, 17_000, random.below(300)]), "v").toString(),
      ]);
      const fields = thatFitAHead(own.slice(0, 3 + random.below(own.length + 1)));
      const content = random.pick([Buffer.alloc(0), random.bytes(100), Buffer.alloc(65_535, round)]);
      const { raw, content: seen } = await readBack(
        Buffer.concat([opening, requestFrames(1, fieldBlock([...request, ...fields]), content)]),
      );
      const said = `seed ${random.seed}, round ${round}`;
      expect(raw, said).to.deep.equal([...request, ...fields].flat());
      expect(seen.equals(content), said).to.equal(true);
    }
  });
});

/** As many as the largest head has room for: of a longer one, nghttp2 takes it that its CONTINUATION frames are an attack. */
function thatFitAHead(fields: readonly [string, string][]): [string, string][] {
  let room = headBytesCeiling;
  return fields.filter(([name, value]) => {
    room -= name.length + value.length;
    return room >= 0;
  });
}

function inWords({ type, flags, payload }: SeenHttp2Frame): string {
  const name = { 0: "data", 1: "headers", 9: "continuation" }[type];
  const ends = (flags & flag.endStream) !== 0 && type !== types.continuation;
  const all = (flags & flag.endHeaders) !== 0;
  return [name, payload.length, ends && all ? "end+all" : ends ? "end" : all ? "all" : ""].join(" ").trim();
}
