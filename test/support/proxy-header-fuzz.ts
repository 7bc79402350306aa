import { expect } from "chai";
import { PeerError, type PeerErrorCode } from "../../lib/errors.ts";
import { readProxyHeader } from "../../lib/proxy/read-header.ts";
import { randomPieces } from "./cuts.ts";
import { type ProxyOutcome, readPlainProxyHeader } from "./plain-proxy-header.ts";
import { checksummed, sslTlv, tcp4Block, tcp4Line, tcp6Block, tlv, unixAddress, version2 } from "./proxy-headers.ts";
import type { Random } from "./random.ts";

/** What the reader says of bytes that come in these pieces, each time of all that has come; in the words of the plain one. */
export function proxyOutcomeOf(pieces: Iterable<Buffer>, maxBytes = 4096): ProxyOutcome {
  let bytes = Buffer.alloc(0);
  for (const piece of pieces) {
    bytes = Buffer.concat([bytes, piece]);
    try {
      const read = readProxyHeader(bytes, maxBytes);
      if (read !== undefined) {
        return { is: "header", ...read };
      }
    } catch (error) {
      if (error instanceof PeerError) {
        return { is: "fault", code: error.code as PeerErrorCode };
      }
      throw error;
    }
  }
  return { is: "more" };
}

/** Gives `runs` random headers, most of them spoilt, to the reader: it has to say what the plain one says. */
export function fuzzProxyHeader(random: Random, runs: number): void {
  for (let run = 0; run < runs; run++) {
    const bytes = spoilt(random, random.oneIn(2) ? line(random) : binary(random));
    const maxBytes = random.oneIn(5) ? random.below(300) : 4096;
    const expected = readPlainProxyHeader(bytes, maxBytes);
    const told = `seed ${random.seed}, run ${run}: ${bytes.toString("hex")}`;
    expect(proxyOutcomeOf([bytes], maxBytes), told).to.deep.equal(expected);
    const pieces = randomPieces(bytes, random.pick([1, 4, 40]), (n) => random.below(n));
    expect(proxyOutcomeOf(pieces, maxBytes), told).to.deep.equal(expected);
  }
}

function line(random: Random): Buffer {
  const word = (): string =>
    random.pick([
      "PROXY",
      "TCP4",
      "TCP6",
      "UNKNOWN",
      "192.0.2.1",
      "1.2.3.04",
      "::",
      "::1",
      "2001:DB8:0:0:1::2",
      "::ffff:192.0.2.1",
      "fe80::1%lo",
      "0",
      "443",
      "65535",
      "65536",
      "00",
      "",
      "f".repeat(random.below(110)),
    ]);
  if (random.oneIn(3)) {
    return Buffer.from(tcp4Line);
  }
  const family = random.pick(["TCP4", "TCP6"]);
  const address = (): string =>
    family === "TCP4"
      ? Array.from({ length: 4 }, () => random.below(256)).join(".")
      : Array.from({ length: 8 }, () => random.pick(["0", "0", "ffff", "1", "a0B"])).join(":");
  const words = ["PROXY", family, address(), address(), String(random.below(65_536)), String(random.below(65_540))];
  if (random.oneIn(2)) {
    words[1 + random.below(5)] = word();
  }
  return Buffer.from(`${words.join(" ")}\r\n`);
}

function binary(random: Random): Buffer {
  const [family, block] = random.pick<readonly [number, Buffer]>([
    [0x00, Buffer.alloc(0)],
    [0x11, tcp4Block],
    [0x12, random.bytes(12)],
    [0x21, tcp6Block],
    [0x22, Buffer.from(random.bytes(36).map((byte) => (byte < 128 ? 0 : byte)))],
    [0x31, Buffer.concat([unixAddress("/run/a"), unixAddress(random.pick(["", "\0b", "/run/\u00fc"]))])],
    [random.below(256), random.bytes(random.pick([0, 12, 36, 216]))],
  ]);
  const said = (): Buffer => tlv(random.pick([1, 2, 3, 4, 5, 5, 0x21, 0x22, 0x23, 0x30, 0xea]), value(random));
  const ssl = (): Buffer => sslTlv(random.below(8), random.pick([0, 0, 1, 2 ** 31]), ...random.list(3, said));
  const tlvs = random.list(4, () => (random.oneIn(3) ? ssl() : said()));
  const shape = { command: random.pick([0x20, 0x21, 0x21, 0x21, 0x21, random.below(256)]), family, block, tlvs };
  return random.oneIn(2) ? checksummed(shape) : version2(shape);
}

function value(random: Random): Buffer {
  return random.oneIn(3)
    ? random.bytes(random.pick([0, 3, 4, 5, 128, 129]))
    : Buffer.from(random.pick(["h2", "example.org", "gr\u00fc\u00df", "\ufeffa", "a\nb", ""]));
}

/** Whole, or with something changed, taken away or added. */
function spoilt(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  switch (random.below(6)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(3)), bytes.subarray(at)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    case 3: {
      const changed = Buffer.from(bytes);
      changed[at % bytes.length] = random.below(256);
      return changed;
    }
    default:
      return Buffer.concat([bytes, random.bytes(random.below(20))]);
  }
}
