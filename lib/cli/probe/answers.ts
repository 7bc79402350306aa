/** One response of the server, final or interim, as far as it came. */
export interface Answer {
  /** `"1.1"` of `HTTP/1.1`. */
  readonly version: string;
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** All of its content has come. */
  readonly complete: boolean;
  /** Nothing comes behind it on this connection, by what it says itself. */
  readonly closes: boolean;
}

/** What a server has said, in order. */
export interface Reading {
  readonly answers: readonly Answer[];
  /** What follows a 101, or what is no answer. */
  readonly rest: Buffer;
  /** `rest` is no answer, nor the beginning of one. */
  readonly garbled: boolean;
}

/** More than any head needs; what is longer is none. */
const maxHeadBytes = 65_536;

const statusLine = /^HTTP\/(1\.\d) (\d{3})(?: .*)?$/;
const beginning = "HTTP/1.";

/** Reads answers to requests other than HEAD. `ended`: nothing more comes. Whatever the bytes are, nothing is thrown. */
export function readAnswers(bytes: Buffer, ended: boolean): Reading {
  const answers: Answer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf("\r\n\r\n", at);
    const head = bytes.toString("latin1", at, end === -1 ? Math.min(bytes.length, at + maxHeadBytes) : end);
    const parsed = end === -1 ? undefined : parseHead(head);
    if (parsed === undefined) {
      const mayBecomeOne = end === -1 && !ended && beginning.startsWith(head.slice(0, beginning.length));
      return { answers, rest: bytes.subarray(at), garbled: !mayBecomeOne || head.length === maxHeadBytes };
    }
    at = end + 4;
    if (parsed.status === 101) {
      answers.push({ ...parsed, complete: true, closes: false });
      return { answers, rest: bytes.subarray(at), garbled: false };
    }
    const content = endOfContent(bytes, at, parsed);
    if (content === "garbled") {
      answers.push({ ...parsed, complete: false });
      return { answers, rest: bytes.subarray(at), garbled: true };
    }
    const untilEnd = content === "until the end";
    answers.push({
      ...parsed,
      complete: untilEnd ? ended : content <= bytes.length,
      closes: untilEnd || parsed.closes,
    });
    at = untilEnd ? bytes.length : content;
  }
  return { answers, rest: Buffer.alloc(0), garbled: false };
}

/** All values of a field's lines, in order. */
export function valuesOf({ fields }: Answer, name: string): string[] {
  return fields.filter(([field]) => field === name).map(([, value]) => value);
}

/** The members of a field that is a list (RFC 9110 section 5.6.1). */
export function membersOf(answer: Answer, name: string): string[] {
  return valuesOf(answer, name)
    .join(",")
    .split(",")
    .map((member) => member.trim())
    .filter((member) => member !== "");
}

/** Whether Connection names an option (RFC 9110 section 7.6.1). */
export function namesOption(answer: Answer, option: string): boolean {
  return membersOf(answer, "connection").some((member) => member.toLowerCase() === option);
}

function parseHead(head: string): Omit<Answer, "complete"> | undefined {
  const [first, ...lines] = head.split("\r\n");
  const [, version, status] = statusLine.exec(first!) ?? [];
  if (version === undefined) {
    return undefined;
  }
  const fields: [string, string][] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) {
      return undefined;
    }
    fields.push([line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]);
  }
  const answer: Answer = { version, status: Number(status), fields, complete: false, closes: false };
  // RFC 9112 section 9.3: only HTTP/1.1 persists without saying so.
  const persists = version !== "1.0" || namesOption(answer, "keep-alive");
  return { ...answer, closes: answer.status >= 200 && (namesOption(answer, "close") || !persists) };
}

/** Where the content that begins at `at` ends (RFC 9112 section 6.3); behind the bytes, or infinite, where it has not come. */
function endOfContent(
  bytes: Buffer,
  at: number,
  answer: Omit<Answer, "complete">,
): number | "until the end" | "garbled" {
  const { status } = answer;
  if (status < 200 || status === 204 || status === 304) {
    return at;
  }
  const whole = { ...answer, complete: false };
  const codings = membersOf(whole, "transfer-encoding");
  if (codings.length > 0) {
    return codings.at(-1)!.toLowerCase() === "chunked" ? endOfChunks(bytes, at) : "until the end";
  }
  const [length, ...others] = new Set(membersOf(whole, "content-length"));
  if (length === undefined) {
    return "until the end";
  }
  return /^\d{1,15}$/.test(length) && others.length === 0 ? at + Number(length) : "garbled";
}

/** RFC 9112 section 7.1. */
function endOfChunks(bytes: Buffer, from: number): number | "garbled" {
  let at = from;
  for (;;) {
    const end = bytes.indexOf("\r\n", at);
    if (end === -1) {
      return Number.POSITIVE_INFINITY;
    }
    const [, digits] = /^([\da-f]{1,8})[ \t]*(?:;.*)?$/i.exec(bytes.toString("latin1", at, end)) ?? [];
    if (digits === undefined) {
      return "garbled";
    }
    const size = Number.parseInt(digits, 16);
    if (size === 0) {
      return endOfTrailers(bytes, end + 2);
    }
    at = end + 2 + size + 2;
  }
}

function endOfTrailers(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const end = bytes.indexOf("\r\n", at);
    if (end === -1 || end === at) {
      return end === -1 ? Number.POSITIVE_INFINITY : end + 2;
    }
    at = end + 2;
  }
}
