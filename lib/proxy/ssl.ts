import { PeerError } from "../errors.ts";
import type { ProxySsl } from "./header.ts";
import { keep, keepOthers, readTlvs, textOf } from "./tlvs.ts";

/** Bits of the client byte. */
const clientTls = 0x01;
const clientCertificate = 0x02 | 0x04;

/** The client byte, and the result of the verification. */
const fixedBytes = 5;

const types = { version: 0x21, commonName: 0x22, cipher: 0x23, signatureAlgorithm: 0x24, keyAlgorithm: 0x25 } as const;
const known: ReadonlySet<number> = new Set(Object.values(types));

/** The value of the type 0x20 (section 2.2.6). */
export function readSsl(value: Buffer): ProxySsl {
  if (value.length < fixedBytes) {
    throw new PeerError("ERR_TURNOUT_PROXY_MALFORMED");
  }
  const tlvs = readTlvs(value.subarray(fixedBytes));
  const certificate = (value[0]! & clientCertificate) !== 0;
  return {
    tls: (value[0]! & clientTls) !== 0,
    certificate,
    // HAProxy says 0, which is "verified", of clients without a certificate, too.
    verified: certificate && value.readUInt32BE(1) === 0,
    version: textOf(keep(tlvs, types.version)),
    commonName: textOf(keep(tlvs, types.commonName)),
    cipher: textOf(keep(tlvs, types.cipher)),
    signatureAlgorithm: textOf(keep(tlvs, types.signatureAlgorithm)),
    keyAlgorithm: textOf(keep(tlvs, types.keyAlgorithm)),
    tlvs: keepOthers(tlvs, known),
  };
}
