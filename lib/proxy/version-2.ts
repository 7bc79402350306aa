import { SocketAddress } from "node:net";
import { PeerError } from "../errors.ts";
import { crc32c } from "./crc-32c.ts";
import { type ProxyAddress, type ProxyHeader, silentHeader } from "./header.ts";
import { readSsl } from "./ssl.ts";
import { keep, keepOthers, readTlvs, textOf } from "./tlvs.ts";

/** It begins with what empty lines are in HTTP, and goes on as nothing in HTTP does. */
export const version2Signature: Buffer = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");

/** The signature, version and command, family and transport, and the length of what follows. */
const fixedBytes = 16;

const local = 0x20;
const proxy = 0x21;

/** Bytes of the address block, by the family's four bits: UNSPEC, INET, INET6, UNIX. */
const addressBytes: readonly number[] = [0, 12, 36, 216];
const inet = 1;
const inet6 = 2;

/** By its four bits. */
const transports: readonly ProxyHeader["transport"][] = [undefined, "STREAM", "DGRAM"];

const types = { alpn: 0x01, authority: 0x02, crc32c: 0x03, noop: 0x04, uniqueId: 0x05, ssl: 0x20 } as const;
const known: ReadonlySet<number> = new Set(Object.values(types));
const maxUniqueIdBytes = 128;

/** The binary form of section 2.2; `bytes` begin with its signature. */
export function readVersion2(bytes: Buffer, maxBytes: number): { header: ProxyHeader; end: number } | undefined {
  if (bytes.length < fixedBytes) {
    return undefined;
  }
  const command = bytes[12];
  const end = fixedBytes + bytes.readUInt16BE(14);
  if (command !== local && command !== proxy) {
    throw malformed();
  }
  if (end > maxBytes) {
    throw new PeerError("ERR_TURNOUT_PROXY_TOO_LARGE");
  }
  if (bytes.length < end) {
    return undefined;
  }
  // LOCAL: whatever the block says is discarded, "including the family".
  return { header: command === local ? silentHeader(2, "LOCAL") : headerOf(bytes.subarray(0, end)), end };
}

function headerOf(bytes: Buffer): ProxyHeader {
  const family = bytes[13]! >> 4;
  const blockBytes = addressBytes[family];
  const transport = transports[bytes[13]! & 0x0f];
  if (blockBytes === undefined || (transport === undefined && (bytes[13]! & 0x0f) !== 0)) {
    throw malformed();
  }
  const end = fixedBytes + blockBytes;
  if (bytes.length < end) {
    throw malformed();
  }
  // UNSPEC, of the one or the other: addresses are ignored, and the connection's own stay.
  const isSaid = transport !== undefined && blockBytes > 0;
  return {
    ...silentHeader(2, "PROXY"),
    ...(isSaid ? { transport, ...endsOf(family, bytes.subarray(fixedBytes, end)) } : {}),
    ...saidBesides(bytes, end),
  };
}

function endsOf(family: number, block: Buffer): Pick<ProxyHeader, "source" | "destination"> {
  const half = family === inet ? 4 : family === inet6 ? 16 : 108;
  const [from, to] = [block.subarray(0, half), block.subarray(half, 2 * half)];
  if (family !== inet && family !== inet6) {
    return { source: pathOf(from), destination: pathOf(to) };
  }
  const textOfAddress = family === inet ? ipv4 : ipv6;
  return {
    source: { address: textOfAddress(from), port: block.readUInt16BE(2 * half) },
    destination: { address: textOfAddress(to), port: block.readUInt16BE(2 * half + 2) },
  };
}

function ipv4(bytes: Buffer): string {
  return bytes.join(".");
}

function ipv6(bytes: Buffer): string {
  const address = bytes.toString("hex").replaceAll(/.{4}(?=.)/g, "$&:");
  return new SocketAddress({ address, family: "ipv6" }).address;
}

/** Filled up with NUL. An abstract name begins with one; a socket without a name is all NUL. */
function pathOf(bytes: Buffer): ProxyAddress {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) {
    end--;
  }
  return { address: bytes.toString("utf8", 0, end), port: undefined };
}

function saidBesides(
  bytes: Buffer,
  from: number,
): Pick<ProxyHeader, "alpn" | "authority" | "uniqueId" | "ssl" | "tlvs"> {
  const tlvs = readTlvs(bytes.subarray(from));
  const checksum = keep(tlvs, types.crc32c);
  if (checksum !== undefined) {
    check(bytes, checksum); // before anything that it covers is believed
  }
  const uniqueId = keep(tlvs, types.uniqueId);
  const ssl = keep(tlvs, types.ssl);
  if (uniqueId !== undefined && uniqueId.length > maxUniqueIdBytes) {
    throw malformed();
  }
  return {
    alpn: keep(tlvs, types.alpn)?.toString("latin1"),
    authority: textOf(keep(tlvs, types.authority)),
    uniqueId: uniqueId === undefined ? undefined : Buffer.from(uniqueId),
    ssl: ssl === undefined ? undefined : readSsl(ssl),
    tlvs: keepOthers(tlvs, known),
  };
}

/** Section 2.2.3: over the whole header, with zeros where the checksum is. */
function check(bytes: Buffer, checksum: Buffer): void {
  if (checksum.length !== 4) {
    throw malformed();
  }
  const blanked = Buffer.from(bytes);
  blanked.fill(0, checksum.byteOffset - bytes.byteOffset, checksum.byteOffset - bytes.byteOffset + 4);
  if (crc32c(blanked) !== checksum.readUInt32BE(0)) {
    throw new PeerError("ERR_TURNOUT_PROXY_CHECKSUM");
  }
}

function malformed(): PeerError {
  return new PeerError("ERR_TURNOUT_PROXY_MALFORMED");
}
