/** Text without what a terminal or a line of a log would obey: control characters are escaped, letters stay. */
export function harmlessText(text: string): string {
  return text.replaceAll(
    /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g,
    (one) => escapes[one] ?? `\\x${one.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

const escapes: Readonly<Record<string, string>> = { "\r": "\\r", "\n": "\\n", "\t": "\\t" };
