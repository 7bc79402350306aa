import type { Random } from "./random.ts";
import { clientFrame, closePayload, type FrameShape, opcode } from "./websocket-frames.ts";

const codePoints = [
  "a",
  "Z",
  " ",
  "\0",
  "\x7f",
  "é",
  "߿",
  "ࠀ",
  "€",
  "\ud7ff",
  "\ue000",
  "\ufeff",
  "\u{10000}",
  "\u{10ffff}",
];
/** Not UTF-8, wherever it is. */
const noText = ["80", "c080", "c1bf", "e09fbf", "eda080", "f08fbfbf", "f4908080", "f5", "ff", "c3", "e282"];
const closeCodes = [1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999, 0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535];

/** What one client may send: messages in fragments, control frames between them; most often with a fault or two. */
export function anyFrameStream(random: Random, compression: boolean): Buffer {
  const frames: Buffer[] = [];
  for (let left = random.below(6); left > 0; left--) {
    frames.push(...message(random, compression));
  }
  if (random.oneIn(2)) {
    frames.push(closeOf(random));
  }
  if (random.oneIn(3)) {
    frames.splice(random.below(frames.length + 1), random.below(2), oddFrame(random));
  }
  let bytes: Buffer = Buffer.concat(frames);
  while (random.oneIn(3)) {
    bytes = damaged(bytes, random);
  }
  return bytes;
}

function message(random: Random, compression: boolean): Buffer[] {
  const isText = random.oneIn(2);
  const rsv = compression && random.oneIn(2) ? 4 : 0;
  const payload = isText ? text(random) : random.bytes(lengthOf(random));
  const frames: Buffer[] = [];
  let at = 0;
  for (let more = random.below(random.pick([1, 3, 6])); more >= 0; more--) {
    const end = more === 0 ? payload.length : at + random.below(payload.length - at + 1);
    const code = frames.length > 0 ? opcode.continuation : isText ? opcode.text : opcode.binary;
    frames.push(frame(random, code, payload.subarray(at, end), { fin: more === 0, rsv: frames.length > 0 ? 0 : rsv }));
    at = end;
  }
  return frames.flatMap((one) => [...random.list(random.pick([0, 0, 2]), () => control(random)), one]);
}

function lengthOf(random: Random): number {
  return random.pick([random.below(5), random.below(300), 125, 126, 127, random.below(900)]);
}

function text(random: Random): Buffer {
  const points = random.list(random.pick([3, 50, 300]), () => random.pick(random.oneIn(3) ? codePoints : ["a", "b"]));
  const bytes = [Buffer.from(points.join(""))];
  if (random.oneIn(6)) {
    bytes.splice(random.below(2), 0, Buffer.from(random.pick(noText), "hex"));
  }
  return Buffer.concat(bytes);
}

function control(random: Random): Buffer {
  return frame(random, random.pick([opcode.ping, opcode.pong]), random.bytes(random.pick([0, random.below(30), 125])));
}

function closeOf(random: Random): Buffer {
  const reason = random.oneIn(8)
    ? Buffer.from(random.pick(noText), "hex")
    : Buffer.from(random.pick(["", "bye", "grüß"]));
  const payload = random.pick([Buffer.alloc(0), random.bytes(1), closePayload(random.pick(closeCodes), reason)]);
  return frame(random, opcode.close, payload);
}

/** Anything of the form of a frame. */
function oddFrame(random: Random): Buffer {
  const payload = random.bytes(random.pick([0, random.below(20), 125, 126, 200]));
  const lengthBytes = random.pick([2, 8] as const);
  return frame(random, random.below(16), payload, {
    fin: random.oneIn(2),
    rsv: random.oneIn(2) ? random.below(8) : 0,
    ...(random.oneIn(6) && { key: null }),
    ...(random.oneIn(4) && { lengthBytes }),
    ...(random.oneIn(4) && {
      lengthBytes: 8 as const,
      length: random.pick([
        0n,
        125n,
        65_535n,
        65_536n,
        2n ** 32n + 3n,
        2n ** 53n,
        2n ** 63n - 1n,
        2n ** 63n,
        2n ** 64n - 1n,
      ]),
    }),
  });
}

function frame(random: Random, code: number, payload: Buffer, shape: FrameShape = {}): Buffer {
  return clientFrame(code, payload, { key: random.oneIn(4) ? Buffer.alloc(4) : random.bytes(4), ...shape });
}

function damaged(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  switch (random.below(5)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(4))]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(3)), bytes.subarray(at)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(random.below(bytes.length + 1))]);
    default: {
      const flipped = Buffer.from(bytes);
      if (at < flipped.length) {
        flipped[at]! ^= 1 << random.below(8);
      }
      return flipped;
    }
  }
}
