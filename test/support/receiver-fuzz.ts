import { expect } from "chai";
import { randomPieces } from "./cuts.ts";
import { anyFrameStream } from "./frame-streams.ts";
import { type PlainReading, readWebSocketPlainly } from "./plain-websocket.ts";
import { Random } from "./random.ts";
import { type Interruption, receivedFrames } from "./received-frames.ts";

const interruptions: readonly Interruption[] = ["none", "stop", "both"];

/**
 * Gives `runs` random streams of frames, most of them spoilt, to receivers: whole, in pieces, byte by byte, and with sinks
 * that stop and resume. Each has to tell what the plain reader tells. Each run has a seed of its own, from `seed` on.
 */
export function fuzzReceiver(seed: number, runs: number): void {
  for (let run = 0; run < runs; run++) {
    const random = new Random(seed + run);
    const compression = random.oneIn(2);
    const bytes = anyFrameStream(random, compression);
    const reading: PlainReading = {
      compression,
      limits: {
        maxMessageBytes: random.pick([Number.POSITIVE_INFINITY, 2000, random.below(400), random.below(10)]),
        maxFragments: random.pick([1000, random.below(6)]),
      },
    };
    const { limits } = reading;
    const told = `TURNOUT_SEED=${random.seed} TURNOUT_FUZZ_RUNS=1: ${bytes.toString("hex")} ${JSON.stringify({ compression, limits })}`;
    const expected = readWebSocketPlainly(bytes, reading);
    const below = (n: number): number => random.below(n);
    expect(receivedFrames([bytes], reading), told).to.deep.equal(expected);
    for (const maxPiece of [1, 1 + random.below(20), 1 + random.below(1000)]) {
      const how = `${told} in pieces of up to ${maxPiece}`;
      expect(receivedFrames(randomPieces(bytes, maxPiece, below), reading), how).to.deep.equal(expected);
      const interrupt = (): Interruption => random.pick(interruptions);
      const interrupted = receivedFrames(randomPieces(bytes, maxPiece, below), reading, interrupt);
      expect(interrupted, `${how}, stopped now and then`).to.deep.equal(expected);
    }
    expect(
      receivedFrames([bytes], reading, () => "stop"),
      `${told}, stopped always`,
    ).to.deep.equal(expected);
  }
}
