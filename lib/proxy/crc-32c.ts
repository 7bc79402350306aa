/** The polynomial of Castagnoli, bit-reversed (RFC 4960 appendix B). `zlib.crc32` has another one. */
const polynomial = 0x82f63b78;

const table: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) {
    remainder = remainder & 1 ? (remainder >>> 1) ^ polynomial : remainder >>> 1;
  }
  return remainder;
});

/** CRC-32C. Of `123456789` it is 0xe3069283. */
export function crc32c(bytes: Uint8Array): number {
  let remainder = 0xffff_ffff;
  for (const byte of bytes) {
    remainder = table[(remainder ^ byte) & 0xff]! ^ (remainder >>> 8);
  }
  return (remainder ^ 0xffff_ffff) >>> 0;
}
