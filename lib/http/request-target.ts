import { isAuthorityForm, isHostAndPort } from "./authority.ts";
import * as classes from "./bytes.ts";

/** RFC 9112 section 3.2: request-target = origin-form / absolute-form / authority-form / asterisk-form. */
export type TargetForm = "origin" | "absolute" | "authority" | "asterisk";

const { COLON, isPercentEncoded, PERCENT, QUESTION, SLASH } = classes;
const isAlpha = classes.alphaBytes;
const isPath = classes.pathBytes;
const isQuery = classes.queryBytes;
const isScheme = classes.schemeBytes;
const ASTERISK = 0x2a;

/**
 * The form of the target in `bytes[start]` to `bytes[end]`; undefined where it has none that the method may use:
 * CONNECT takes the authority-form and nothing else does (RFC 9112 section 3.2.3), "*" goes with OPTIONS only (3.2.4).
 */
export function targetFormOf(bytes: Uint8Array, start: number, end: number, method: string): TargetForm | undefined {
  if (method === "CONNECT") {
    return isAuthorityForm(bytes, start, end) ? "authority" : undefined;
  }
  if (start === end) {
    return undefined;
  }
  if (bytes[start] === SLASH) {
    return isPathAndQuery(bytes, start, end) ? "origin" : undefined;
  }
  if (bytes[start] === ASTERISK && end - start === 1) {
    return method === "OPTIONS" ? "asterisk" : undefined;
  }
  return isAbsoluteForm(bytes, start, end) ? "absolute" : undefined;
}

/**
 * RFC 9112 section 3.2.2: absolute-form = absolute-URI, of RFC 3986 section 4.3 here only what names an authority:
 * scheme "://" host [ ":" port ] path-abempty [ "?" query ].
 */
function isAbsoluteForm(bytes: Uint8Array, start: number, end: number): boolean {
  if (isAlpha[bytes[start]!] !== 1) {
    return false;
  }
  let at = start;
  while (at < end && isScheme[bytes[at]!] === 1) {
    at++;
  }
  if (at + 3 > end || bytes[at] !== COLON || bytes[at + 1] !== SLASH || bytes[at + 2] !== SLASH) {
    return false;
  }
  const authority = at + 3;
  at = authority;
  while (at < end && bytes[at] !== SLASH && bytes[at] !== QUESTION) {
    at++;
  }
  return isHostAndPort(bytes, authority, at) && isPathAndQuery(bytes, at, end);
}

/** RFC 3986 section 3.3 and 3.4: path-abempty [ "?" query ]. A fragment is not part of it, so "#" is nowhere allowed. */
function isPathAndQuery(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    if (isPath[bytes[at]!] === 1) {
      at += 1;
    } else if (bytes[at] === PERCENT && isPercentEncoded(bytes, at, end)) {
      at += 3;
    } else {
      break;
    }
  }
  if (at < end && bytes[at] !== QUESTION) {
    return false;
  }
  while (at < end && isQuery[bytes[at]!] === 1) {
    at++;
  }
  return at === end;
}
