import { UsageError } from "../errors.ts";
import { checkFields, type FieldsLike, pairsOf } from "./response-fields.ts";

/** The fields behind the content of an answer, checked, so that they can be sent as they are. */
export interface ResponseTrailers {
  /** The field lines as HTTP/1.1 has them, each with its CRLF. */
  readonly lines: string;
  /** The same by lower-case name, as other versions of HTTP have them. */
  readonly record: Readonly<Record<string, string>>;
}

/** RFC 9110 section 6.5.1: fields that cannot be processed outside the header section, by the section's own reasons. */
const forbidden: ReadonlySet<string> = new Set([
  // framing, and the connection
  ...["connection", "content-length", "http2-settings", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"],
  // routing
  "host",
  // authentication and state
  ...["authorization", "cookie", "set-cookie", "www-authenticate"],
  // request modifiers, and controls of either side
  ...["age", "cache-control", "date", "expect", "expires", "location", "max-forwards", "pragma", "range"],
  ...["retry-after", "vary", "warning"],
  // content format
  ...["content-encoding", "content-range", "content-type"],
]);

/** Conditionals (RFC 9110 section 13.1), and everything that is a proxy's. */
const forbiddenPrefix = /^(?:if|proxy)-/;

/** Whether a field, in lower case, means anything behind the content (RFC 9110 section 6.5.1). */
export function canTrail(name: string): boolean {
  return !forbidden.has(name) && !forbiddenPrefix.test(name);
}

/** Throws a `UsageError` for fields that cannot be sent, or not behind the content. */
export function responseTrailers(fields: FieldsLike): ResponseTrailers {
  const { lines, record: own, foreign } = checkFields(pairsOf(fields));
  const record: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) {
    // RFC 9110 section 5.3: several lines mean a list; node:http2 would take some names once only.
    record[name] = typeof value === "string" ? value : value.join(", ");
  }
  const wrong = foreign ?? Object.keys(record).find((name) => !canTrail(name));
  if (wrong !== undefined) {
    throw new UsageError("ERR_TURNOUT_RESPONSE", `the field ${wrong} cannot come behind the content`);
  }
  return { lines, record };
}
