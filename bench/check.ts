/*
 * `npm run bench:check [-- NAME...]`: the short form, compared with the last line of history.jsonl that was measured on the same
 * major version of Node. What seems to have fallen is measured again, with more rounds, before it is said. Exit code 1 when
 * something fell.
 */
import { history } from "./files.ts";
import { formOf } from "./machine/rounds.ts";
import { fallen } from "./results/comparison.ts";
import { latest, majorOf } from "./results/history.ts";
import { runAll } from "./run.ts";

const say = (text: string): void => void process.stdout.write(text);
const names = process.argv.slice(2);
const form = formOf("short");
const more = { ...form, rounds: 2 * form.rounds + 1 };
const major = majorOf(process.version);
const before = latest(history(), ({ node }) => majorOf(node) === major);
if (before === undefined) {
  throw new Error(`nothing in history.jsonl was measured on Node ${major}: npm run bench`);
}

let falls = 0;
for (const { suite, ratios } of await runAll(form, names, say)) {
  const was = before.suites[suite] ?? {};
  const suspects = fallen(was, ratios);
  if (suspects.length === 0) {
    continue;
  }
  say(`\nseems to have fallen, so once more: ${suspects.map(({ row }) => row).join(", ")}\n`);
  const [again] = await runAll(more, [suite, ...new Set(suspects.map(({ row }) => row))], say);
  for (const fall of fallen(was, again?.ratios ?? {})) {
    falls++;
    const percent = Math.round(fall.tolerance * 100);
    say(`\n${suite} ${fall.row}: ${fall.contender} fell from ${fall.before} to ${fall.now.toFixed(2)}`);
    say(` (which differs by ${percent} % at most)\n`);
  }
}
say(falls === 0 ? "\nnothing fell\n" : `\n${falls} fell\n`);
process.exitCode = falls === 0 ? 0 : 1;
