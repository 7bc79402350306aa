import { PeerError } from "../errors.ts";
import type { ProxyHeader } from "./header.ts";
import { readVersion1, version1Prefix } from "./version-1.ts";
import { readVersion2, version2Signature } from "./version-2.ts";

/** A header, and where what is not its own begins. */
export interface ReadHeader {
  readonly header: ProxyHeader;
  readonly end: number;
}

/**
 * Reads a header of the PROXY protocol, as haproxy's proxy-protocol.txt has it, from the beginning of `bytes`. Undefined: more
 * bytes are needed. Throws a `PeerError` where no more bytes can make it one.
 */
export function readProxyHeader(bytes: Buffer, maxBytes: number): ReadHeader | undefined {
  if (beginsAs(bytes, version1Prefix)) {
    return bytes.length < version1Prefix.length ? undefined : readVersion1(bytes);
  }
  if (beginsAs(bytes, version2Signature)) {
    return bytes.length < version2Signature.length ? undefined : readVersion2(bytes, maxBytes);
  }
  throw new PeerError("ERR_TURNOUT_PROXY_MISSING");
}

/** Whether `bytes` are the beginning of `mark`, or begin with it. */
function beginsAs(bytes: Buffer, mark: Buffer): boolean {
  const known = Math.min(bytes.length, mark.length);
  return bytes.compare(mark, 0, known, 0, known) === 0;
}
