import { styleText } from "node:util";
import type { Verdict } from "./case.ts";
import { families } from "./cases.ts";
import { escaped } from "./judgement.ts";
import type { Outcome } from "./runner.ts";

const colours = { ok: "green", warning: "yellow", fails: "red", "not applicable": "gray" } as const;

/** Bytes that `--verbose` shows of what came. */
const shownBytes = 2_000;

/** Whether there is colour is decided once, by `Look`. */
const unconditionally = { validateStream: false };

export interface Look {
  readonly colour: boolean;
  /** The bytes of what is not ok are shown. */
  readonly verbose: boolean;
}

/** The table, and a line that counts. */
export function tableOf(outcomes: readonly Outcome[], look: Look): string {
  const width = (text: (outcome: Outcome) => string): number =>
    Math.max(...outcomes.map((outcome) => text(outcome).length));
  const widths = {
    verdict: width(({ verdict }) => verdict),
    id: width((outcome) => outcome.case.id),
    title: width((outcome) => outcome.case.title),
    clause: width((outcome) => outcome.case.clause),
  };
  const lineOf = ({ verdict, reason, case: { id, title, clause } }: Outcome): string => {
    const padded = verdict.padEnd(widths.verdict);
    const columns = [
      look.colour ? styleText(colours[verdict], padded, unconditionally) : padded,
      id.padEnd(widths.id),
      title.padEnd(widths.title),
      clause.padEnd(widths.clause),
      reason,
    ];
    return `  ${columns.join("  ")}\n`;
  };
  const sections = families.map(({ heading, cases }) => {
    const members = outcomes.filter((outcome) => cases.includes(outcome.case));
    const title = look.colour ? styleText("bold", heading, unconditionally) : heading;
    if (members.every(({ seen }) => seen === undefined)) {
      return members.length === 0 ? "" : `${title}: ${members[0]!.reason}\n\n`;
    }
    const lines = members.map((outcome) =>
      look.verbose && outcome.verdict !== "ok" ? lineOf(outcome) + bytesOf(outcome) : lineOf(outcome),
    );
    return `${title}\n${lines.join("")}\n`;
  });
  return sections.join("") + summaryOf(outcomes);
}

/** The same for programs: one JSON text. */
export function jsonOf(url: string, outcomes: readonly Outcome[], { verbose }: Look): string {
  const cases = outcomes.map(({ verdict, reason, seen, case: { id, title, clause } }) => ({
    id,
    title,
    clause,
    verdict,
    reason,
    ...(verbose && seen !== undefined && verdict !== "ok"
      ? { sent: seen.sent.join(""), received: seen.received.toString("latin1", 0, shownBytes) }
      : {}),
  }));
  return `${JSON.stringify({ url, cases, summary: countsOf(outcomes) }, undefined, 2)}\n`;
}

function countsOf(outcomes: readonly Outcome[]): Record<Verdict, number> {
  const count = (wanted: Verdict): number => outcomes.filter(({ verdict }) => verdict === wanted).length;
  return {
    ok: count("ok"),
    warning: count("warning"),
    fails: count("fails"),
    "not applicable": count("not applicable"),
  };
}

function summaryOf(outcomes: readonly Outcome[]): string {
  const counts = countsOf(outcomes);
  const several = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
  return `${several(outcomes.length, "case")}: ${counts.ok} ok, ${several(counts.warning, "warning")}, ${counts.fails} failed, ${counts["not applicable"]} not applicable\n`;
}

function bytesOf({ seen }: Outcome): string {
  if (seen === undefined) {
    return "";
  }
  const came = seen.received.toString("latin1", 0, shownBytes);
  const more = seen.received.length > shownBytes ? `      < ... ${seen.received.length - shownBytes} bytes more\n` : "";
  return linesOf("      > ", seen.sent.join("")) + linesOf("      < ", came) + more;
}

/** Line by line, with everything escaped that is no printable character. */
function linesOf(mark: string, text: string): string {
  return text
    .split(/(?<=\n)/)
    .filter((line) => line !== "")
    .map((line) => `${mark}${escaped(line)}\n`)
    .join("");
}
