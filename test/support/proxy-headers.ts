/** The types of what a header of version 2 says besides addresses (section 2.2). */
export const tlvType = {
  alpn: 0x01,
  authority: 0x02,
  crc32c: 0x03,
  noop: 0x04,
  uniqueId: 0x05,
  ssl: 0x20,
  netns: 0x30,
} as const;

export const sslType = { version: 0x21, commonName: 0x22, cipher: 0x23, signature: 0x24, key: 0x25 } as const;

/** 192.0.2.1, port 56324, has connected to 198.51.100.2, port 443. */
export const tcp4Line = "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n";
export const tcp4Block: Buffer = Buffer.from("c0000201c6336402dc0401bb", "hex");

/** 2001:db8::1, port 56324, has connected to 2001:db8::2, port 443. */
export const tcp6Block: Buffer = Buffer.from(
  "20010db800000000000000000000000120010db8000000000000000000000002dc0401bb",
  "hex",
);

export interface Version2Shape {
  /** Version and command. */
  readonly command?: number;
  /** Family and transport. */
  readonly family?: number;
  readonly block?: Uint8Array;
  readonly tlvs?: readonly Uint8Array[];
  /** What the length says, where it does not tell the truth. */
  readonly length?: number;
}

/** A header of version 2; unless told otherwise on behalf of the client of {@link tcp4Block}. */
export function version2(shape: Version2Shape = {}): Buffer {
  const { command = 0x21, family = 0x11, block = tcp4Block, tlvs = [], length } = shape;
  const rest = Buffer.concat([block, ...tlvs]);
  const fixed = Buffer.from("0d0a0d0a000d0a515549540a00000000", "hex");
  fixed.set([command, family], 12);
  fixed.writeUInt16BE(length ?? rest.length, 14);
  return Buffer.concat([fixed, rest]);
}

export function tlv(type: number, value: string | Uint8Array = ""): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([Buffer.of(type, bytes.length >> 8, bytes.length & 0xff), bytes]);
}

/** The client byte, the result of the verification, and what is said besides (section 2.2.6). */
export function sslTlv(client: number, verify: number, ...tlvs: Uint8Array[]): Buffer {
  const fixed = Buffer.of(client, 0, 0, 0, 0);
  fixed.writeUInt32BE(verify, 1);
  return tlv(tlvType.ssl, Buffer.concat([fixed, ...tlvs]));
}

/** A path, filled up with NUL to the 108 bytes that an address of UNIX has. */
export function unixAddress(path: string): Buffer {
  return Buffer.concat([Buffer.from(path), Buffer.alloc(108)], 108);
}

/** CRC-32C, bit by bit (RFC 4960 appendix B). */
export function plainCrc32c(bytes: Uint8Array): number {
  let remainder = -1;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      remainder = ((remainder ^ (byte >> bit)) & 1) !== 0 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1;
    }
  }
  return ~remainder >>> 0;
}

/** The header with its checksum as its last TLV (section 2.2.3). */
export function checksummed(shape: Version2Shape = {}): Buffer {
  const header = version2({ ...shape, tlvs: [...(shape.tlvs ?? []), tlv(tlvType.crc32c, Buffer.alloc(4))] });
  header.writeUInt32BE(plainCrc32c(header), header.length - 4);
  return header;
}
