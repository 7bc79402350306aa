import { isUtf8 } from "node:buffer";
import { PeerError } from "../errors.ts";
import type { ProxyTlv } from "./header.ts";

/** Type, and length of the value. */
const tlvHeadBytes = 3;

/** The types, lengths and values of which `bytes` consist (section 2.2). The values are views. */
export function readTlvs(bytes: Buffer): ProxyTlv[] {
  const tlvs: ProxyTlv[] = [];
  for (let at = 0; at < bytes.length; ) {
    const begin = at + tlvHeadBytes;
    const end = begin <= bytes.length ? begin + bytes.readUInt16BE(at + 1) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) {
      throw new PeerError("ERR_TURNOUT_PROXY_MALFORMED");
    }
    tlvs.push({ type: bytes[at]!, value: bytes.subarray(begin, end) });
    at = end;
  }
  return tlvs;
}

/** The value of the only one of that type; undefined where there is none. Two would leave open which one holds. */
export function keep(tlvs: readonly ProxyTlv[], type: number): Buffer | undefined {
  const [one, other] = tlvs.filter((tlv) => tlv.type === type);
  if (other !== undefined) {
    throw new PeerError("ERR_TURNOUT_PROXY_MALFORMED");
  }
  return one?.value;
}

/** Those of other types, with values that hold no larger buffer in memory. */
export function keepOthers(tlvs: readonly ProxyTlv[], known: ReadonlySet<number>): ProxyTlv[] {
  return tlvs.filter(({ type }) => !known.has(type)).map(({ type, value }) => ({ type, value: Buffer.from(value) }));
}

/** Text that can be compared and logged: UTF-8 without control characters. */
export function textOf(value: Buffer | undefined): string | undefined {
  if (value === undefined) {
    return undefined;
  }
  const text = value.toString("utf8");
  if (!isUtf8(value) || /[\x00-\x1f\x7f]/.test(text)) {
    throw new PeerError("ERR_TURNOUT_PROXY_MALFORMED");
  }
  return text;
}
