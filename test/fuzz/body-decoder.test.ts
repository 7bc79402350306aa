import { expect } from "chai";
import { PeerError } from "../../lib/errors.ts";
import { BodyDecoder, type BodyLimits } from "../../lib/http/body-decoder.ts";
import { randomPieces } from "../support/cuts.ts";
import { fuzzRuns, fuzzSeed, Random } from "../support/random.ts";

interface Outcome {
  content: string;
  end: number | "more" | string;
  trailers: string[];
}

const tchar = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]";
const qdtext = "[\\t !\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]";
const quotedPair = "\\\\[\\t \\x21-\\x7e\\x80-\\xff]";
const extension = `;${tchar}+(?:=(?:${tchar}+|"(?:${qdtext}|${quotedPair})*"))?`;
const extensionBegun = `;(?:${tchar}+(?:=(?:${tchar}+|"(?:${qdtext}|${quotedPair})*(?:\\\\|")?)?)?)?`;
const sizeLine = new RegExp(`^([0-9A-Fa-f]+)((?:${extension})*)\r\n`);
const sizeLineBegun = new RegExp(`^(?:[0-9A-Fa-f]+(?:${extension})*(?:${extensionBegun}|\r\n?)?)?$`);
const value = "[\\t\\x20-\\x7e\\x80-\\xff]*";
const fieldLine = new RegExp(`^(${tchar}+):(${value})\r\n`);
const fieldLineBegun = new RegExp(`^(?:${tchar}+(?::${value}(?:\r\n?)?)?|\r\n?)?$`);
const dropped =
  /^(?:connection|content-(?:length|encoding|range|type)|keep-alive|te|trailer|transfer-encoding|upgrade|host|authorization|cookie|set-cookie|www-authenticate|cache-control|expect|max-forwards|pragma|range|if-.*|proxy-.*)$/i;

/** As much of `text` as some valid line begins with. */
function begun(text: string, line: RegExp): string {
  let length = 0;
  while (length < text.length && line.test(text.slice(0, length + 1))) {
    length += 1;
  }
  return text.slice(0, length);
}

/** RFC 9112 section 7.1 on the whole input, from its grammar. */
function plainlyDecoded(text: string, limits: BodyLimits): Outcome {
  const outcome: Outcome = { content: "", end: "more", trailers: [] };
  const ending = (end: Outcome["end"]): Outcome => ({ ...outcome, end });
  let at = 0;
  let extensionBytes = 0;
  for (;;) {
    const rest = text.slice(at);
    const line = begun(rest, sizeLineBegun);
    const [digits = ""] = /^[0-9A-Fa-f]*/.exec(line) ?? [];
    const seen = line.replace(/[\r\n]+$/, "");
    extensionBytes += seen.length - digits.length;
    const tooLarge =
      seen.length > limits.maxChunkLineBytes || digits.replace(/^0+/, "").length > 13 || extensionBytes > 16_384;
    if (tooLarge) {
      return ending("ERR_TURNOUT_CHUNK_TOO_LARGE");
    }
    if (!sizeLine.test(line)) {
      return ending(line.length === rest.length ? "more" : "ERR_TURNOUT_CHUNK");
    }
    at += line.length;
    const size = Number(`0x${digits}`);
    if (outcome.content.length + size > limits.maxBodyBytes) {
      return ending("ERR_TURNOUT_CONTENT_TOO_LARGE");
    }
    if (size === 0) {
      break;
    }
    outcome.content += text.slice(at, at + size);
    at += size;
    const behind = text.slice(at, at + 2);
    if (!"\r\n".startsWith(behind)) {
      return ending("ERR_TURNOUT_CHUNK");
    }
    if (behind.length < 2) {
      return ending("more");
    }
    at += 2;
  }
  const start = at;
  const trailers: string[] = [];
  for (let count = 1; !text.startsWith("\r\n", at); count++) {
    const rest = text.slice(at);
    const line = begun(rest, fieldLineBegun);
    if (
      !line.startsWith("\r") &&
      line !== "" &&
      (at + line.length - start > limits.maxTrailerBytes || count > limits.maxTrailers)
    ) {
      return ending("ERR_TURNOUT_TRAILER_TOO_LARGE");
    }
    const field = fieldLine.exec(line);
    if (field === null) {
      return ending(line.length === rest.length ? "more" : "ERR_TURNOUT_TRAILER");
    }
    at += line.length;
    if (!dropped.test(field[1]!)) {
      trailers.push(`${field[1]}|${field[2]!.replace(/^[\t ]+|[\t ]+$/g, "")}`);
    }
  }
  return { ...outcome, trailers, end: at + 2 };
}

function decoded(pieces: Iterable<Buffer>, length: number, limits: BodyLimits): Outcome {
  const outcome: Outcome = { content: "", end: "more", trailers: [] };
  const content = (bytes: Buffer): void => {
    expect(bytes.length).to.be.above(0);
    outcome.content += bytes.toString("latin1");
  };
  const decoder = new BodyDecoder(length, limits, { content });
  let before = 0;
  for (const piece of pieces) {
    try {
      const end = decoder.read(piece, 0);
      if (end !== -1) {
        outcome.end = before + end;
        break;
      }
    } catch (error) {
      if (!(error instanceof PeerError)) {
        throw error;
      }
      outcome.end = error.code;
      break;
    }
    before += piece.length;
  }
  expect(decoder.received).to.equal(outcome.content.length);
  outcome.trailers = decoder.trailers.map(([name, text]) => `${name}|${text}`);
  return outcome;
}

const alphabet = [...'\r\n\t ;="\\:,0123459aAfFgxzZ-_(\0\x1f\x7f\x80\xa0\xff', "\r\n", "0\r\n", "\r\n\r\n", ";a=", '"'];
const names = ["A", "x-checksum", "Host", "TE", "If-Match", "proxy-x", "cookie", "!~", "Content-Length"];

function anyBody(random: Random): string {
  const word = (): string => random.pick(["a", "Z9", "~", "name", "f00"]);
  const text = (): string => random.bytes(random.below(8)).toString("latin1");
  const quoted = (): string =>
    `"${random.list(4, () => random.pick(["x", " ", "\t", '\\"', "\\\\", "\xff", ";", "="])).join("")}"`;
  const extensions = (): string =>
    random.oneIn(3)
      ? random.list(3, () => `;${word()}${random.pick(["", `=${word()}`, `=${quoted()}`])}`).join("")
      : "";
  const zeros = (): string => (random.oneIn(4) ? "0".repeat(random.below(12)) : "");
  const chunk = (): string => {
    const bytes = `x${random.oneIn(8) ? text().repeat(5) : text()}`;
    const digits = bytes.length.toString(16);
    return `${zeros()}${random.oneIn(2) ? digits.toUpperCase() : digits}${extensions()}\r\n${bytes}\r\n`;
  };
  const field = (): string =>
    `${random.pick(names)}:${random.pick(["", " ", "\t "])}${random.pick(["", "v", "a b ", "\xa0"])}\r\n`;
  const trailers = random.oneIn(2) ? random.list(4, field).join("") : "";
  return `${random.list(5, chunk).join("")}${zeros()}0${extensions()}\r\n${trailers}\r\n`;
}

function damaged(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const removed = random.below(3);
  switch (random.below(4)) {
    case 0:
      return text.slice(0, at) + random.pick(alphabet) + text.slice(at + removed);
    case 1:
      return text.slice(0, at) + text.slice(at + 1 + removed);
    case 2:
      return text.slice(0, at);
    default:
      return text.slice(0, at) + text.slice(random.below(text.length + 1));
  }
}

describe("BodyDecoder, fuzzed", () => {
  const seed = fuzzSeed();
  const runs = fuzzRuns(2000);

  it(`agrees with a plain decoder on the whole input, however it is cut (TURNOUT_SEED=${seed})`, function () {
    this.timeout(Math.max(20_000, runs * 10));
    for (let run = 0; run < runs; run++) {
      // each run has a seed of its own, so that one that fails is repeated by TURNOUT_FUZZ_RUNS=1
      const random = new Random(seed + run);
      const limits: BodyLimits = {
        maxBodyBytes: random.pick([Number.POSITIVE_INFINITY, 1000, random.below(30)]),
        maxChunkLineBytes: random.pick([1024, 30, 1 + random.below(20)]),
        maxTrailerBytes: random.pick([8192, random.below(60)]),
        maxTrailers: random.pick([32, random.below(5)]),
      };
      let text = anyBody(random);
      while (random.oneIn(2)) {
        text = damaged(text, random);
      }
      if (random.oneIn(2)) {
        text += random.list(8, () => random.pick(alphabet)).join("");
      }
      const input = Buffer.from(text, "latin1");
      const title = `TURNOUT_SEED=${random.seed} TURNOUT_FUZZ_RUNS=1: ${JSON.stringify(text)} ${JSON.stringify(limits)}`;
      const expected = plainlyDecoded(text, limits);
      expect(decoded([input], -1, limits), title).to.deep.equal(expected);
      for (const maxPiece of [1, 3, 1 + random.below(40)]) {
        const pieces = randomPieces(input, maxPiece, (n) => random.below(n));
        expect(decoded(pieces, -1, limits), `${title} in pieces of up to ${maxPiece}`).to.deep.equal(expected);
      }
      const length = 1 + random.below(60);
      const end = input.length >= length ? length : "more";
      const pieces = randomPieces(input, 5, (n) => random.below(n));
      expect(decoded(pieces, length, limits), `${title} as ${length} bytes`).to.deep.equal({
        ...{ content: text.slice(0, length), end, trailers: [] },
      });
    }
  });
});
