import { expect } from "chai";
import { PeerError, type PeerErrorCode } from "../../lib/errors.ts";
import { type HeadLimits, RequestHeadParser } from "../../lib/http/request-head.ts";
import { deliveries } from "./cuts.ts";
import { type HeadFacts, type HeadOutcome, readPlainHead } from "./plain-request-head.ts";

/** The limits that a server has when nothing else is said. */
export const usualLimits: HeadLimits = { maxHeadBytes: 16_384, maxTargetBytes: 8000, maxFields: 100 };

/** All that a parser says of the head that it read last. */
export function factsOf(parser: RequestHeadParser): HeadFacts {
  return {
    method: parser.method,
    target: parser.target,
    targetForm: parser.targetForm,
    minorVersion: parser.minorVersion,
    contentLength: parser.contentLength,
    keepAlive: parser.keepAlive,
    close: parser.close,
    hasUpgradeField: parser.hasUpgradeField,
    wantsUpgrade: parser.wantsUpgrade,
    expectContinue: parser.expectContinue,
    fields: [...parser.fields()],
  };
}

/** What a new parser makes of a head that comes in these pieces, in the words of the plain parser. */
export function outcomeOf(pieces: readonly Buffer[], limits: HeadLimits = usualLimits): HeadOutcome {
  const parser = new RequestHeadParser(limits);
  let before = 0;
  for (const piece of pieces) {
    let end: number;
    try {
      end = parser.read(piece, 0);
    } catch (error) {
      if (error instanceof PeerError) {
        return { is: "fault", code: error.code as PeerErrorCode };
      }
      throw error;
    }
    if (end >= 0) {
      return { is: "head", end: before + end, facts: factsOf(parser) };
    }
    before += piece.length;
  }
  return { is: "more", begun: parser.begun };
}

export const host = "Host: example.org\r\n";

/** A head of these field lines, behind Host. */
export function withFields(
  lines: string[],
  { method = "GET", minor = 1 }: { method?: string; minor?: number } = {},
): string {
  return `${method} / HTTP/1.${minor}\r\n${host}${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
}

/** However the head is cut, and whatever follows it, this is what it says. */
export function reads(
  title: string,
  head: string,
  expected: Partial<HeadFacts>,
  limits: HeadLimits = usualLimits,
): void {
  it(title, () => {
    const bytes = Buffer.from(head, "latin1");
    for (const trailing of ["", "\r\n", "GET", "\0\xff\0"]) {
      for (const { how, pieces } of deliveries(Buffer.concat([bytes, Buffer.from(trailing, "latin1")]))) {
        const outcome = outcomeOf(pieces, limits);
        if (outcome.is !== "head") {
          throw new Error(`${how}: ${JSON.stringify(outcome)}`);
        }
        expect(outcome.end, how).to.equal(bytes.length);
        expect(outcome.facts, how).to.deep.include(expected);
      }
    }
    expect(readPlainHead(bytes, limits), "the plain parser").to.deep.equal(outcomeOf([bytes], limits));
  });
}

/** However the head is cut, this is its fault. */
export function refuses(title: string, head: string, code: PeerErrorCode, limits: HeadLimits = usualLimits): void {
  it(`${title}: ${code}`, () => {
    const bytes = Buffer.from(head, "latin1");
    for (const { how, pieces } of deliveries(bytes)) {
      expect(outcomeOf(pieces, limits), how).to.deep.equal({ is: "fault", code });
    }
    expect(readPlainHead(bytes, limits), "the plain parser").to.deep.equal({ is: "fault", code });
  });
}
