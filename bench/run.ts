import { cpus } from "node:os";
import type { Form } from "./machine/rounds.ts";
import { type Report, runSuite } from "./machine/run-suite.ts";
import { peers } from "./parser/peers/index.ts";
import { parserRows, runParser } from "./parser/run-parser.ts";
import type { Entry } from "./results/history.ts";
import { suites } from "./suites/index.ts";

/** What a command line can name of each suite. */
interface Names {
  readonly rows: readonly string[];
  readonly contenders: readonly string[];
}

const namesOf: ReadonlyMap<string, Names> = new Map([
  ["parser", { rows: parserRows, contenders: Object.keys(peers) }],
  ...suites.map(({ name, tables }) => {
    const rows = tables.flatMap((table) => Object.keys(table.rows));
    return [name, { rows, contenders: tables.flatMap(({ contenders }) => Object.keys(contenders)) }] as const;
  }),
]);

export const suiteNames: readonly string[] = [...namesOf.keys()];

/**
 * Runs the suites that are named, or else those that have a row or, where no row is named, a contender of the names, or all. The
 * other names choose rows and contenders. Throws where a name is none.
 */
export async function runAll(form: Form, all: readonly string[], say: (text: string) => void): Promise<Report[]> {
  const names = all.filter((name) => !namesOf.has(name));
  checkNames(names);
  const reports: Report[] = [];
  say(`${headline(form)}\n`);
  for (const name of suitesFor(all)) {
    const suite = suites.find((one) => one.name === name);
    const wanted = { form, names, say };
    reports.push(suite === undefined ? await runParser(wanted) : await runSuite(suite, wanted));
  }
  return reports.filter(({ text }) => text !== "");
}

function suitesFor(names: readonly string[]): readonly string[] {
  const having = (sort: keyof Names): readonly string[] =>
    suiteNames.filter((suite) => namesOf.get(suite)![sort].some((name) => names.includes(name)));
  const candidates = [
    suiteNames.filter((suite) => names.includes(suite)),
    having("rows"),
    having("contenders"),
    suiteNames,
  ];
  return candidates.find((chosen) => chosen.length > 0)!;
}

function checkNames(names: readonly string[]): void {
  const known = new Set([...namesOf.values()].flatMap(({ rows, contenders }) => [...rows, ...contenders]));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) {
    const lines = [...namesOf].map(([suite, { rows, contenders }]) =>
      [`\n${suite}`, `rows: ${rows.join(", ")}`, `contenders: ${[...new Set(contenders)].join(", ")}`].join("\n  "),
    );
    throw new Error(`unknown: ${unknown.join(", ")}; known are the suites\n${lines.join("")}`);
  }
}

/** Where and when, as an entry of the history begins. */
export function circumstances({ name }: Form): Omit<Entry, "suites"> {
  const cpu = cpus()[0]?.model.trim() ?? "unknown";
  return { date: new Date().toISOString(), node: process.version.slice(1), cpu, cores: cpus().length, form: name };
}

/** The same in words. */
export function headline(form: Form): string {
  const { node, cpu, cores } = circumstances(form);
  const month = new Date().toLocaleDateString("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });
  return `${month}, Node ${node}, ${cores} cores of ${cpu}, ${form.rounds} rounds of ${form.durationMs} ms`;
}
