import { expect } from "chai";
import { PeerError, type PeerErrorCode } from "../../lib/errors.ts";
import { type HeadLimits, RequestHeadParser } from "../../lib/http/request-head.ts";
import { randomPieces } from "./cuts.ts";
import { mutatedHead } from "./mutated-heads.ts";
import { type HeadOutcome, readPlainHead } from "./plain-request-head.ts";
import type { Random } from "./random.ts";
import { factsOf, outcomeOf, usualLimits } from "./request-heads.ts";

/**
 * Gives `runs` random heads, most of them spoilt, to new parsers and to one that lives as long as its heads are good. Each has
 * to say what the plain parser says, whole and in pieces, and after every single byte. Anything thrown that is no PeerError
 * goes through.
 */
export function fuzzRequestHead(random: Random, runs: number): void {
  let lasting = new RequestHeadParser(usualLimits);
  for (let run = 0; run < runs; run++) {
    const bytes = mutatedHead(random);
    const limits = random.oneIn(4) ? tightLimits(random, bytes) : usualLimits;
    const expected = readPlainHead(bytes, limits);
    const told = `seed ${random.seed}, run ${run}: ${JSON.stringify(bytes.toString("latin1"))}`;
    expect(outcomeOf([bytes], limits), told).to.deep.equal(expected);
    expect(
      outcomeOf([...randomPieces(bytes, random.pick([4, 40, 400]), (n) => random.below(n))], limits),
      told,
    ).to.deep.equal(expected);
    if (random.oneIn(4)) {
      expectSameByByte(bytes, limits, told);
    }
    if (limits === usualLimits) {
      lasting = expectSameOf(lasting, bytes, expected, told);
    }
  }
}

/** Limits near what the head needs. */
function tightLimits(random: Random, bytes: Buffer): HeadLimits {
  return {
    maxHeadBytes: Math.max(1, bytes.length - random.below(30)),
    maxTargetBytes: random.below(12),
    maxFields: random.below(6),
  };
}

/** The verdict is the same after every byte, so a fault is found at the byte that makes it one. */
function expectSameByByte(bytes: Buffer, limits: HeadLimits, told: string): void {
  const parser = new RequestHeadParser(limits);
  for (let at = 0; at < bytes.length; at++) {
    const expected = readPlainHead(bytes.subarray(0, at + 1), limits);
    const outcome = outcomeOfNext(parser, bytes.subarray(at, at + 1), at);
    expect(outcome, `${told}, byte ${at}`).to.deep.equal(expected);
    if (outcome.is !== "more") {
      return;
    }
  }
}

/** The parser to go on with. */
function expectSameOf(
  parser: RequestHeadParser,
  bytes: Buffer,
  expected: HeadOutcome,
  told: string,
): RequestHeadParser {
  const outcome = outcomeOfNext(parser, bytes, 0);
  expect(outcome, told).to.deep.equal(expected);
  return outcome.is === "head" ? parser : new RequestHeadParser(usualLimits);
}

function outcomeOfNext(parser: RequestHeadParser, piece: Buffer, before: number): HeadOutcome {
  try {
    const end = parser.read(piece, 0);
    return end < 0 ? { is: "more", begun: parser.begun } : { is: "head", end: before + end, facts: factsOf(parser) };
  } catch (error) {
    if (error instanceof PeerError) {
      return { is: "fault", code: error.code as PeerErrorCode };
    }
    throw error;
  }
}
