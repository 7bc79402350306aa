/*
 * `npm run bench [-- NAME...] [--full] [--record] [--write]`: names of suites, rows and contenders choose what is measured. The
 * short form without `--full`; `--record` adds a line to history.jsonl, draws the chart and puts its figures into the package's
 * README; `--write` puts the tables into the benches' README.
 */
import { parseArgs } from "node:util";
import { publish, record, show } from "./files.ts";
import { formOf } from "./machine/rounds.ts";
import { circumstances, headline, runAll, suiteNames } from "./run.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
if (values.write && positionals.some((name) => !suiteNames.includes(name))) {
  throw new Error("--write is of whole tables: name suites, or nothing");
}
const form = formOf(values.full ? "full" : "short");
const reports = await runAll(form, positionals, (text) => void process.stdout.write(text));
if (values.record) {
  record(circumstances(form), reports);
  show();
}
if (values.write) {
  publish(headline(form), reports);
}
