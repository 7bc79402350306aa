import { type Answer, membersOf, namesOption, valuesOf } from "./answers.ts";
import { type Case, type Judgement, offersIn, type Seen } from "./case.ts";

export const ok = (reason: string): Judgement => ({ verdict: "ok", reason });
export const warning = (reason: string): Judgement => ({ verdict: "warning", reason });
export const fails = (reason: string): Judgement => ({ verdict: "fails", reason });
export const notApplicable = (reason: string): Judgement => ({ verdict: "not applicable", reason });

/** A case's own judgement, behind what holds in all of them. */
export function judge(one: Case, seen: Seen, beside: Seen): Judgement {
  if (seen.ended === "unreachable") {
    return fails("the server cannot be connected to any more");
  }
  const isHttp10 = / HTTP\/1\.0\r\n/.test(seen.sent[0] ?? "");
  const offers = offersIn(seen.sent);
  for (const answer of seen.answers) {
    const fault = faultOf(answer, offers, isHttp10);
    if (fault !== undefined) {
      return fails(fault);
    }
  }
  return one.judge(seen, beside);
}

/** The 101, where there is one. */
export function switchIn({ answers }: Seen): Answer | undefined {
  return answers.find(({ status }) => status === 101);
}

/** Final responses. */
export function finalsIn({ answers }: Seen): readonly Answer[] {
  return answers.filter(({ status }) => status >= 200);
}

/** Why there is no answer at all; undefined where there is one. */
export function silenceOf(seen: Seen): string | undefined {
  if (seen.garbled && finalsIn(seen).length === 0) {
    return `what came is no HTTP answer: ${beginningOf(seen.rest)}`;
  }
  if (finalsIn(seen).length > 0 || switchIn(seen) !== undefined) {
    return undefined;
  }
  switch (seen.ended) {
    case "time":
      return "no answer came in time";
    case "bytes":
      return "an answer without end";
    case "reset":
      return "the connection was reset without an answer";
    default:
      return "the connection was closed without an answer";
  }
}

/** The connection was closed, and nothing was said at all. */
export function closedSilently(seen: Seen): boolean {
  return silenceOf(seen) !== undefined && !seen.garbled && (seen.ended === "end" || seen.ended === "reset");
}

/**
 * RFC 9110 section 7.8: whoever does not switch goes on as if Upgrade had not been sent. `alsoFine` are further statuses
 * that the rule in question allows.
 */
export function ordinary(seen: Seen, without: Seen, alsoFine: readonly number[] = []): Judgement {
  if (switchIn(seen) !== undefined) {
    return fails("101, although nothing was offered that could be taken");
  }
  const silence = silenceOf(seen);
  if (silence !== undefined) {
    return silenceOf(without) === undefined ? fails(silence) : notApplicable(`without Upgrade likewise: ${silence}`);
  }
  return miscounted(seen, without) ?? compared(seen, without, alsoFine);
}

/** What came, against the number of requests. */
function miscounted(seen: Seen, without: Seen): Judgement | undefined {
  const finals = finalsIn(seen);
  if (finals.length > seen.due) {
    return fails(`${finals.length} answers came to ${seen.due} requests`);
  }
  if (seen.garbled) {
    return fails(`what follows is no HTTP answer: ${beginningOf(seen.rest)}`);
  }
  if (finals.length === seen.due || finals.length >= finalsIn(without).length || seen.ended === "bytes") {
    return undefined;
  }
  const statuses = finals.map(({ status }) => status).join(", ");
  if (seen.ended === "time") {
    return fails(`${statuses}, and then the connection hangs`);
  }
  return warning(`${statuses}, and then the connection is closed, as it is not without Upgrade`);
}

function compared(seen: Seen, without: Seen, alsoFine: readonly number[]): Judgement {
  const statuses = finalsIn(seen).map(({ status }) => status);
  const others = finalsIn(without).map(({ status }) => status);
  if (others.length === 0) {
    return notApplicable(`${statuses[0]}, and no answer without Upgrade`);
  }
  const at = statuses.findIndex((status, index) => others[index] !== undefined && status !== others[index]);
  if (at === -1) {
    return ok(`${statuses[0]}, as without Upgrade`);
  }
  const status = statuses[at]!;
  return alsoFine.includes(status) ? ok(`${status}`) : warning(`${status}, and ${others[at]} without Upgrade`);
}

/** A message that has to be refused with one of `statuses`; `mustClose`: and nothing may be read behind it. */
export function refused(seen: Seen, statuses: readonly number[], mustClose = false): Judgement {
  if (switchIn(seen) !== undefined) {
    return fails(`101, where ${statuses[0]} is due`);
  }
  const silence = silenceOf(seen);
  if (silence !== undefined) {
    return closedSilently(seen) ? warning(`${silence}; ${statuses[0]} is due`) : fails(silence);
  }
  const finals = finalsIn(seen);
  const { status } = finals[0]!;
  if (status < 400) {
    return fails(`${status}, where ${statuses[0]} is due`);
  }
  if (finals.length > (mustClose ? 1 : seen.due)) {
    return fails(`${status}, and the connection is read on`);
  }
  return statuses.includes(status) ? ok(`${status}`) : warning(`${status}; ${statuses[0]} is due`);
}

/** Bytes of a server, which nobody's terminal should obey. */
export function quoted(text: string): string {
  return `"${escaped(text)}"`;
}

/** Without quotation marks around it. */
export function escaped(text: string): string {
  return text.replace(/[^ -~]|["\\]/g, (character) => {
    switch (character) {
      case "\r":
        return "\\r";
      case "\n":
        return "\\n";
      case '"':
      case "\\":
        return `\\${character}`;
      default:
        return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
    }
  });
}

function beginningOf(bytes: Buffer): string {
  return quoted(bytes.toString("latin1", 0, 24)) + (bytes.length > 24 ? "..." : "");
}

/** What no answer may be, whatever was asked. */
function faultOf(answer: Answer, offers: readonly string[], isHttp10: boolean): string | undefined {
  if (answer.status < 200 && isHttp10) {
    return `${answer.status} to HTTP/1.0 (RFC 9110 section 15.2)`;
  }
  if (valuesOf(answer, "upgrade").length > 0 && !namesOption(answer, "upgrade")) {
    return `${answer.status} with Upgrade, which Connection does not name (RFC 9110 section 7.8)`;
  }
  return answer.status === 101 ? faultOfSwitch(answer, offers) : undefined;
}

function faultOfSwitch(answer: Answer, offers: readonly string[]): string | undefined {
  const [protocol] = membersOf(answer, "upgrade");
  if (protocol === undefined) {
    return "101 without Upgrade (RFC 9110 section 15.2.2)";
  }
  if (!offers.includes(protocol.toLowerCase())) {
    return `101 to ${quoted(protocol)}, which was not offered (RFC 9110 section 7.8)`;
  }
  for (const field of ["content-length", "transfer-encoding"]) {
    if (valuesOf(answer, field).length > 0) {
      return `101 with ${field} (RFC 9110 section 8.6, RFC 9112 section 6.1)`;
    }
  }
  return undefined;
}
