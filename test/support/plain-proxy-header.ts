import { isIPv4, isIPv6 } from "node:net";
import type { PeerErrorCode } from "../../lib/errors.ts";
import { plainCrc32c } from "./proxy-headers.ts";

/** What the beginning of a connection is, by the PROXY protocol. */
export type ProxyOutcome =
  | { readonly is: "more" }
  | { readonly is: "fault"; readonly code: PeerErrorCode }
  | { readonly is: "header"; readonly end: number; readonly header: unknown };

const more: ProxyOutcome = { is: "more" };
const fault = (what: "MISSING" | "MALFORMED" | "TOO_LARGE" | "CHECKSUM"): ProxyOutcome => ({
  is: "fault",
  code: `ERR_TURNOUT_PROXY_${what}`,
});

const nothing = {
  transport: undefined,
  source: undefined,
  destination: undefined,
  alpn: undefined,
  authority: undefined,
  uniqueId: undefined,
  ssl: undefined,
  tlvs: [],
};

/** The plain sibling of the reader: slow, and made of what Node has. */
export function readPlainProxyHeader(bytes: Buffer, maxBytes: number): ProxyOutcome {
  const text = bytes.toString("latin1");
  for (const [mark, read] of [
    ["PROXY ", readLine],
    ["\r\n\r\n\0\r\nQUIT\n", readBinary],
  ] as const) {
    if (text.startsWith(mark)) {
      return read(text, bytes, maxBytes);
    }
    if (mark.startsWith(text)) {
      return more;
    }
  }
  return fault("MISSING");
}

function readLine(text: string): ProxyOutcome {
  const end = text.indexOf("\r\n") + 2;
  if (end === 1 ? text.length >= 107 : end > 107) {
    return fault("MALFORMED");
  }
  if (end === 1) {
    return more;
  }
  const line = text.slice(0, end);
  const header = { version: 1, command: "PROXY", ...nothing };
  if (/^PROXY UNKNOWN[ \r]/.test(line)) {
    return { is: "header", end, header };
  }
  const [, family, from, to, fromPort, toPort] = /^PROXY TCP([46]) (\S+) (\S+) (\d+) (\d+)\r\n$/.exec(line) ?? [];
  const isAddress = (address = ""): boolean =>
    family === "4" ? isIPv4(address) : isIPv6(address) && !address.includes("%");
  const isPort = (port = ""): boolean => String(Number(port)) === port && Number(port) < 65_536;
  if (!isAddress(from) || !isAddress(to) || !isPort(fromPort) || !isPort(toPort)) {
    return fault("MALFORMED");
  }
  const address = (said: string): string => (family === "4" ? said : canonical(said));
  const source = { address: address(from!), port: Number(fromPort) };
  const destination = { address: address(to!), port: Number(toPort) };
  return { is: "header", end, header: { ...header, transport: "STREAM", source, destination } };
}

/** IPv6 as RFC 5952 has it: what a URL makes of it, but with the dots of IPv4 where that is embedded. */
function canonical(address: string): string {
  const hex = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, prefix, high, low] = /^(::|::ffff:)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(hex) ?? [];
  if (prefix === undefined) {
    return hex;
  }
  const [one, two] = [Number.parseInt(high!, 16), Number.parseInt(low!, 16)];
  return `${prefix}${one >> 8}.${one & 255}.${two >> 8}.${two & 255}`;
}

function readBinary(_text: string, bytes: Buffer, maxBytes: number): ProxyOutcome {
  if (bytes.length < 16) {
    return more;
  }
  const [command, family] = [bytes[12]!, bytes[13]!];
  const end = 16 + bytes[14]! * 256 + bytes[15]!;
  if (command !== 0x20 && command !== 0x21) {
    return fault("MALFORMED");
  }
  if (end > maxBytes) {
    return fault("TOO_LARGE");
  }
  if (bytes.length < end) {
    return more;
  }
  if (command === 0x20) {
    return { is: "header", end, header: { version: 2, command: "LOCAL", ...nothing } };
  }
  const [kind, transport] = [Math.floor(family / 16), family % 16];
  const size = [0, 12, 36, 216][kind];
  if (size === undefined || transport > 2 || 16 + size > end) {
    return fault("MALFORMED");
  }
  try {
    const besides = readBesides(bytes.subarray(0, end), 16 + size);
    const ends = kind === 0 || transport === 0 ? {} : readEnds(kind, bytes.subarray(16, 16 + size));
    const over = "source" in ends ? { transport: transport === 1 ? "STREAM" : "DGRAM" } : {};
    return { is: "header", end, header: { version: 2, command: "PROXY", ...nothing, ...over, ...ends, ...besides } };
  } catch (error) {
    if (error instanceof Refusal) {
      return fault(error.what);
    }
    throw error;
  }
}

function readEnds(kind: number, block: Buffer): object {
  const port = (at: number): number => block[at]! * 256 + block[at + 1]!;
  switch (kind) {
    case 1:
      return {
        source: { address: [...block.subarray(0, 4)].join("."), port: port(8) },
        destination: { address: [...block.subarray(4, 8)].join("."), port: port(10) },
      };
    case 2: {
      const address = (at: number): string =>
        canonical(
          Array.from({ length: 8 }, (_, word) =>
            (block[at + 2 * word]! * 256 + block[at + 2 * word + 1]!).toString(16),
          ).join(":"),
        );
      return { source: { address: address(0), port: port(32) }, destination: { address: address(16), port: port(34) } };
    }
    default: {
      const path = (at: number): string => block.toString("utf8", at, at + 108).replace(/\0+$/, "");
      return { source: { address: path(0), port: undefined }, destination: { address: path(108), port: undefined } };
    }
  }
}

class Refusal extends Error {
  readonly what: "MALFORMED" | "CHECKSUM";

  constructor(what: "MALFORMED" | "CHECKSUM") {
    super(what);
    this.what = what;
  }
}

type Said = { readonly type: number; readonly value: Buffer; readonly at: number };

function readSaid(bytes: Buffer, from: number): Said[] {
  if (from === bytes.length) {
    return [];
  }
  const at = from + 3;
  const end = at + bytes[from + 1]! * 256 + bytes[from + 2]!;
  if (!(end <= bytes.length)) {
    throw new Refusal("MALFORMED");
  }
  return [{ type: bytes[from]!, value: Buffer.from(bytes.subarray(at, end)), at }, ...readSaid(bytes, end)];
}

/** What there is of each known type, and the rest. */
function sort(
  said: readonly Said[],
  known: readonly number[],
): [(Said | undefined)[], { type: number; value: Buffer }[]] {
  const found = known.map((type) => {
    const all = said.filter((one) => one.type === type);
    if (all.length > 1) {
      throw new Refusal("MALFORMED");
    }
    return all[0];
  });
  const others = said.filter(({ type }) => !known.includes(type));
  return [found, others.map(({ type, value }) => ({ type, value }))];
}

function words(said: Said | undefined): string | undefined {
  try {
    const text = said && new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(said.value);
    if (text !== undefined && [...text].some((one) => one < " " || one === "\x7f")) {
      throw new Refusal("MALFORMED");
    }
    return text;
  } catch {
    throw new Refusal("MALFORMED");
  }
}

function readBesides(bytes: Buffer, from: number): object {
  const said = readSaid(bytes, from);
  const [[checksum]] = sort(said, [3]);
  if (checksum !== undefined) {
    if (checksum.value.length !== 4) {
      throw new Refusal("MALFORMED");
    }
    const zeroed = Buffer.concat([bytes.subarray(0, checksum.at), Buffer.alloc(4), bytes.subarray(checksum.at + 4)]);
    if (plainCrc32c(zeroed) !== Number.parseInt(checksum.value.toString("hex"), 16)) {
      throw new Refusal("CHECKSUM");
    }
  }
  const [[alpn, authority, uniqueId, ssl], others] = sort(said, [1, 2, 5, 0x20]);
  if (uniqueId !== undefined && uniqueId.value.length > 128) {
    throw new Refusal("MALFORMED");
  }
  return {
    alpn: alpn?.value.toString("latin1"),
    authority: words(authority),
    uniqueId: uniqueId?.value,
    ssl: ssl && readPlainSsl(ssl.value),
    tlvs: others.filter(({ type }) => type !== 3 && type !== 4),
  };
}

function readPlainSsl(value: Buffer): object {
  if (value.length < 5) {
    throw new Refusal("MALFORMED");
  }
  const [found, tlvs] = sort(readSaid(value, 5), [0x21, 0x22, 0x23, 0x24, 0x25]);
  const [version, commonName, cipher, signatureAlgorithm, keyAlgorithm] = found.map(words);
  const certificate = [2, 3, 4, 5, 6, 7].includes(value[0]! % 8);
  const verified = certificate && value.subarray(1, 5).every((byte) => byte === 0);
  const tls = value[0]! % 2 === 1;
  return { tls, certificate, verified, version, commonName, cipher, signatureAlgorithm, keyAlgorithm, tlvs };
}
