import type { Ratios } from "../results/history.ts";
import { tableHead, tableRow } from "../results/markdown.ts";
import { busyness, outcomesOf } from "../results/outcomes.ts";
import type { Ratio } from "../results/statistics.ts";
import { servers } from "../servers/index.ts";
import { requirePeer } from "../servers/peers.ts";
import type { Contender, Row, Suite, Table } from "../suites/suite.ts";
import { measure, type Seen } from "./measure.ts";
import { isInstalled } from "./program.ts";
import { type Form, interleaved } from "./rounds.ts";

/** What one suite gave. */
export interface Report {
  readonly suite: string;
  readonly text: string;
  readonly ratios: Ratios;
}

/** What is to be measured: names of rows and contenders, all where none of their sort is named. */
export interface Wanted {
  readonly form: Form;
  readonly names: readonly string[];
  /** Told each piece of text at once. */
  readonly say: (text: string) => void;
}

/** Measures each workload of a suite against each contender in turn, several rounds. */
export async function runSuite(suite: Suite, wanted: Wanted): Promise<Report> {
  const ratios: Record<string, Record<string, Ratio>> = {};
  let text = "";
  const write = (piece: string): void => {
    text += piece;
    wanted.say(piece);
  };
  for (const table of suite.tables) {
    const rows = chosenRows(table, wanted);
    if (rows.length === 0) {
      continue;
    }
    const contenders = chosenContenders(table, wanted).filter(([name, { server }]) => isPresent(name, server, wanted));
    const rates = rows.some(([, { tells }]) => tells === "rate");
    const names = contenders.map(([name]) => name);
    write(`\n${tableHead([table.title, ...names, ...(rates ? ["busy: server, clients"] : [])])}`);
    for (const [name, row] of rows) {
      const seen = await measureRow(row, contenders, wanted.form);
      const outcomes = outcomesOf(seen, row.tells);
      const busy = rates ? [row.tells === "rate" ? busyness(seen.get(names[0]!)!) : ""] : [];
      write(tableRow([titleOf(row, seen), ...[...outcomes.values()].map(({ cell }) => cell), ...busy]));
      ratios[name] = Object.fromEntries([...outcomes].slice(1).map(([contender, { ratio }]) => [contender, ratio]));
    }
  }
  return { suite: suite.name, text, ratios };
}

async function measureRow(
  row: Row,
  contenders: readonly (readonly [string, Contender])[],
  { name, rounds, durationMs }: Form,
): Promise<ReadonlyMap<string, readonly Seen[]>> {
  const byName = new Map(contenders);
  const workload = name === "short" ? { ...row, warmUpMs: row.warmUpMs * 0.7 } : row;
  const times = row.tells === "memory" ? 1 : rounds; // which hardly differs from one run to the next
  return interleaved([...byName.keys()], times, (contender) => measure(byName.get(contender)!, workload, durationMs));
}

/** Says it where a process may not open as many files as the workload has connections. */
function titleOf({ title, connections }: Row, seen: ReadonlyMap<string, readonly Seen[]>): string {
  const fewest = Math.min(...[...seen.values()].flat().map((one) => one.connections));
  return fewest < connections ? `${title} (${fewest} only: a process may open no more files)` : title;
}

function chosenRows({ rows, contenders }: Table, { form, names, say }: Wanted): [string, Row][] {
  const named = names.filter((name) => !Object.hasOwn(contenders, name));
  const chosen = Object.entries(rows).filter(([name, { short = false }]) =>
    named.length > 0 ? named.includes(name) : short || form.name === "full",
  );
  return chosen.filter(([name, { client }]) => {
    const isThere = client === "own" || isInstalled(client);
    if (!isThere) {
      say(`\nleft out: ${name} (${client} is not installed)\n`);
    }
    return isThere;
  });
}

/** The first is always among them. */
function chosenContenders({ contenders }: Table, { names }: Wanted): [string, Contender][] {
  const all = Object.entries(contenders);
  const isNamed = names.some((name) => Object.hasOwn(contenders, name));
  return isNamed ? all.filter(([name], n) => n === 0 || names.includes(name)) : all;
}

/** Says which contender is left out, and why. */
function isPresent(name: string, server: Contender["server"], { say }: Wanted): boolean {
  const { peers = [], program } = servers[server];
  if (program !== undefined && !isInstalled(...program)) {
    say(`\nleft out: ${name} (${program[0]} is not installed)\n`);
    return false;
  }
  try {
    peers.forEach(requirePeer);
    return true;
  } catch (error) {
    const [reason] = String(error).split("\n");
    say(`\nleft out: ${name} (${reason}); npm ci --prefix bench installs what there is\n`);
    return false;
  }
}
