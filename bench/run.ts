import { cpus } from "node:os";
import type { Form } from "./machine/rounds.ts";
import { type Report, runSuite } from "./machine/run-suite.ts";
import { parserNames, runParser } from "./parser/run-parser.ts";
import type { Entry } from "./results/history.ts";
import { suites } from "./suites/index.ts";

export const suiteNames: readonly string[] = ["parser", ...suites.map(({ name }) => name)];

/** What can be named on a command line, beside suites. */
function rowsAndContenders(): Set<string> {
  const tables = suites.flatMap((suite) => suite.tables);
  return new Set([
    ...tables.flatMap(({ rows, contenders }) => [rows, contenders]).flatMap(Object.keys),
    ...parserNames,
  ]);
}

/**
 * Runs the suites that are named, or all, or those that have the rows that are named; the other names choose rows and contenders.
 * Throws where a name is none.
 */
export async function runAll(form: Form, names: readonly string[], say: (text: string) => void): Promise<Report[]> {
  const known = rowsAndContenders();
  const unknown = names.filter((name) => !suiteNames.includes(name) && !known.has(name));
  if (unknown.length > 0) {
    throw new Error(`unknown: ${unknown.join(", ")}; known: ${[...suiteNames, ...known].join(", ")}`);
  }
  const named = names.filter((name) => suiteNames.includes(name));
  const wanted = { form, names: names.filter((name) => !suiteNames.includes(name)), say };
  const reports: Report[] = [];
  say(`${headline(form)}\n`);
  for (const name of named.length === 0 ? suiteNames : suiteNames.filter((one) => named.includes(one))) {
    const suite = suites.find((one) => one.name === name);
    reports.push(suite === undefined ? await runParser(wanted) : await runSuite(suite, wanted));
  }
  return reports.filter(({ text }) => text !== "");
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
