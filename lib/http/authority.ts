import * as classes from "./bytes.ts";

const { COLON, DOT, isPercentEncoded, PERCENT, ZERO } = classes;
const isRegName = classes.regNameBytes;
const isHex = classes.hexBytes;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;
const PORT_MAX = 65_535;

/**
 * RFC 9110 section 7.2: Host = uri-host [ ":" port ], all of `bytes[start]` to `bytes[end]`.
 *
 * Stricter than the grammar where the grammar names nothing that can be reached: the host is not empty (RFC 9110 section
 * 4.2.1), the port is at most 65535, and of RFC 3986's IP-literal only IPv6address passes, as no IPvFuture was ever defined.
 * Userinfo has no place in any authority that HTTP sends (RFC 9110 section 4.2.4).
 */
export function isHostAndPort(bytes: Uint8Array, start: number, end: number): boolean {
  const hostEnd = uriHostEnd(bytes, start, end);
  if (hostEnd === end) {
    return end > start;
  }
  return hostEnd > start && bytes[hostEnd] === COLON && portOf(bytes, hostEnd + 1, end) <= PORT_MAX;
}

/** RFC 9112 section 3.2.3: authority-form = uri-host ":" port; RFC 9110 section 9.3.6: an empty or invalid port is refused. */
export function isAuthorityForm(bytes: Uint8Array, start: number, end: number): boolean {
  const hostEnd = uriHostEnd(bytes, start, end);
  if (hostEnd === start || hostEnd === end || bytes[hostEnd] !== COLON) {
    return false;
  }
  const port = portOf(bytes, hostEnd + 1, end);
  return port > 0 && port <= PORT_MAX;
}

/** Where the host that begins at `start` ends; `start` itself where there is none, or an IP-literal is malformed. */
function uriHostEnd(bytes: Uint8Array, start: number, end: number): number {
  if (start < end && bytes[start] === BRACKET_OPEN) {
    const close = bytes.indexOf(BRACKET_CLOSE, start);
    return close > 0 && close < end && isIpv6Address(bytes, start + 1, close) ? close + 1 : start;
  }
  let at = start;
  while (at < end) {
    if (isRegName[bytes[at]!] === 1) {
      at += 1;
    } else if (bytes[at] === PERCENT && isPercentEncoded(bytes, at, end)) {
      at += 3;
    } else {
      break;
    }
  }
  return at;
}

/** RFC 3986 section 3.2.3: port = *DIGIT. Its value, 0 where it is empty, and more than any port where it is none. */
function portOf(bytes: Uint8Array, start: number, end: number): number {
  let port = 0;
  for (let at = start; at < end; at++) {
    const value = bytes[at]! - ZERO;
    if (value < 0 || value > 9) {
      return Number.POSITIVE_INFINITY;
    }
    port = Math.min(port * 10 + value, PORT_MAX + 1);
  }
  return port;
}

/**
 * RFC 3986 section 3.2.2: IPv6address, that is eight groups of one to four hexadecimal digits (h16), of which one run of one
 * or more may be left out ("::"), and of which the last two may be written as an IPv4address. No zone (RFC 6874): it means
 * something on the client's machine only.
 */
function isIpv6Address(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  let groups = 0;
  let elided = false;
  if (end - start < 2) {
    return false;
  }
  if (bytes[at] === COLON) {
    if (bytes[at + 1] !== COLON) {
      return false;
    }
    elided = true;
    at += 2;
  }
  while (at < end) {
    const groupStart = at;
    while (at < end && isHex[bytes[at]!] === 1) {
      at++;
    }
    if (at < end && bytes[at] === DOT) {
      if (!isIpv4Address(bytes, groupStart, end)) {
        return false;
      }
      groups += 2;
      break;
    }
    if (at === groupStart || at - groupStart > 4) {
      return false;
    }
    groups++;
    if (at === end) {
      break;
    }
    if (bytes[at] !== COLON || at + 1 === end) {
      return false;
    }
    at++;
    if (bytes[at] === COLON) {
      if (elided) {
        return false;
      }
      elided = true;
      at++;
    }
  }
  return elided ? groups < 8 : groups === 8;
}

/** RFC 3986 section 3.2.2: IPv4address = dec-octet "." dec-octet "." dec-octet "." dec-octet, without leading zeros. */
function isIpv4Address(bytes: Uint8Array, start: number, end: number): boolean {
  let octets = 0;
  let digits = 0;
  let octet = 0;
  for (let at = start; at <= end; at++) {
    const byte = at < end ? bytes[at]! : DOT;
    if (byte === DOT) {
      if (digits === 0) {
        return false;
      }
      octets++;
      digits = 0;
      octet = 0;
      continue;
    }
    const value = byte - ZERO;
    if (value < 0 || value > 9 || (digits > 0 && octet === 0)) {
      return false;
    }
    octet = octet * 10 + value;
    digits++;
    if (octet > 255) {
      return false;
    }
  }
  return octets === 4;
}
