/** RFC 9110 section 9.3, and PATCH of RFC 5789. */
const knownMethods = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"] as const;

/** The method in `bytes[start]` to `bytes[end]` if it is one of the common ones, so that no string is made; or "". */
export function knownMethodOf(bytes: Uint8Array, start: number, end: number): string {
  for (const method of knownMethods) {
    if (method.length === end - start && isMethod(bytes, start, method)) {
      return method;
    }
  }
  return "";
}

/** RFC 9110 section 9.1: the method is case-sensitive. */
function isMethod(bytes: Uint8Array, start: number, method: string): boolean {
  for (let at = 0; at < method.length; at++) {
    if (bytes[start + at] !== method.charCodeAt(at)) {
      return false;
    }
  }
  return true;
}
