/**
 * Byte classes of the grammars that a message head is made of: one table of 256 entries each, 1 for a byte of the class.
 *
 * A file that loops over bytes binds what it needs to constants of its own (`const isToken = classes.tokenBytes`): V8 folds
 * those into the code, and loads an import anew each time, which costs the loop half as much again (bench/parser).
 */

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const PERCENT = 0x25;
export const COMMA = 0x2c;
export const DOT = 0x2e;
export const SLASH = 0x2f;
export const ZERO = 0x30;
export const COLON = 0x3a;
export const QUESTION = 0x3f;

/** RFC 5234 appendix B.1. */
const digit = "0123456789";
const alpha = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** RFC 3986 section 2.3: unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~". */
const unreserved = `${alpha}${digit}-._~`;

/** RFC 3986 section 2.2: sub-delims = "!" / "$" / "&" / "'" / "(" / ")" / "*" / "+" / "," / ";" / "=". */
const subDelims = "!$&'()*+,;=";

/** RFC 3986 section 3.3: pchar = unreserved / pct-encoded / sub-delims / ":" / "@"; here without pct-encoded. */
const pchar = `${unreserved}${subDelims}:@`;

/** RFC 9110 section 5.6.2: tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA. */
export const tokenBytes: Uint8Array = bytesOf(`!#$%&'*+-.^_\`|~${digit}${alpha}`);

/** RFC 9110 section 5.5: field-vchar / SP / HTAB, where field-vchar = VCHAR / obs-text. */
export const valueBytes: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === HTAB || (byte >= SP && byte !== 0x7f) ? 1 : 0,
);

/** RFC 3986 section 3.3: the bytes of path-abempty, but for "%", which two hexadecimal digits have to follow. */
export const pathBytes: Uint8Array = bytesOf(`${pchar}/`);

/**
 * RFC 3986 section 3.4: query = *( pchar / "/" / "?" ).
 *
 * Deviation: browsers send `[ ] { } | \ ^` and the backquote as they are, and a "%" that encodes nothing (the query
 * percent-encode set of the WHATWG URL standard leaves them alone). None of them ends or splits anything here, so they pass.
 */
export const queryBytes: Uint8Array = bytesOf(`${pchar}/?%[]{}|\\^\``);

/** RFC 3986 section 3.1: scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ). */
export const alphaBytes: Uint8Array = bytesOf(alpha);
export const schemeBytes: Uint8Array = bytesOf(`${alpha}${digit}+-.`);

/** RFC 3986 section 3.2.2: reg-name = *( unreserved / pct-encoded / sub-delims ); here without pct-encoded. IPv4address is among them. */
export const regNameBytes: Uint8Array = bytesOf(`${unreserved}${subDelims}`);

/** RFC 5234 appendix B.1: HEXDIG, in both cases (RFC 3986 section 2.1). */
export const hexBytes: Uint8Array = bytesOf(`${digit}ABCDEFabcdef`);

/** Each byte, and A to Z in lower case: names of fields and tokens compare without case (RFC 9110 section 5.1). */
export const lowerBytes: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte,
);

/** True where `bytes[at]` is the "%" of RFC 3986 section 2.1: pct-encoded = "%" HEXDIG HEXDIG. */
export function isPercentEncoded(bytes: Uint8Array, at: number, end: number): boolean {
  return at + 2 < end && bytes[at] === PERCENT && hexBytes[bytes[at + 1]!] === 1 && hexBytes[bytes[at + 2]!] === 1;
}

function bytesOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) {
    table[character.charCodeAt(0)] = 1;
  }
  return table;
}
