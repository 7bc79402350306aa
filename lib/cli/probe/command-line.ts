import { parseArgs } from "node:util";
import { allCases } from "./cases.ts";
import { type Target, targetOf } from "./target.ts";

/** What the command line says. */
export interface ProbeCommandLine {
  readonly url: string;
  readonly target: Target;
  /** Of cases; none for all. */
  readonly only: readonly string[];
  readonly timeoutMs: number;
  readonly allowRemote: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
}

/** A command line that cannot be followed; the message is one plain sentence. */
export class ProbeUsageError extends Error {
  override readonly name = "ProbeUsageError";
}

const longestMs = 600_000;

const options = {
  websocket: { type: "string", value: "PATH", says: "where WebSocket is spoken (default nowhere)" },
  only: { type: "string", multiple: true, value: "ID...", says: "try these cases (default all)" },
  "timeout-ms": { type: "string", value: "MS", says: "time for each connection (default 3000)" },
  "allow-remote": { type: "boolean", says: "probe a host that is not this machine" },
  json: { type: "boolean", says: "write JSON" },
  verbose: { type: "boolean", says: "show the bytes of what is not ok" },
  help: { type: "boolean", says: "show this, and end" },
} as const;

/** Reads the arguments behind `probe`; `"help"` where that is asked for. Throws a `ProbeUsageError`. */
export function readProbeCommandLine(args: readonly string[]): ProbeCommandLine | "help" {
  const { values, positionals } = parse(args);
  if (values.help) {
    return "help";
  }
  const [only, urls] = apart(values.only ?? [], positionals);
  const [url, ...others] = urls;
  if (url === undefined || others.length > 0) {
    throw new ProbeUsageError(url === undefined ? "it needs a URL to probe" : `one URL is probed, not ${urls.length}`);
  }
  if (values.websocket !== undefined && !/^\/[!-~]*$/.test(values.websocket)) {
    throw new ProbeUsageError(`--websocket has to be a path, not ${JSON.stringify(values.websocket)}`);
  }
  const target = targetOf(url, values.websocket);
  if (target === undefined) {
    throw new ProbeUsageError(`${JSON.stringify(url)} is no URL of http: or https: without a user`);
  }
  return {
    url,
    target,
    only,
    timeoutMs: timeoutOf(values["timeout-ms"] ?? "3000"),
    allowRemote: values["allow-remote"] === true,
    json: values.json === true,
    verbose: values.verbose === true,
  };
}

/** What `turnout probe --help` shows. */
export function probeUsage(): string {
  const line = (left: string, right: string): string => `  ${left.padEnd(20)}${right}\n`;
  return [
    "Usage: turnout probe URL [options]\n\n",
    "Tries how a server answers offers to switch protocols, and judges it by the RFCs.\n\n",
    ...Object.entries(options).map(([name, option]) =>
      line("value" in option ? `--${name} ${option.value}` : `--${name}`, option.says),
    ),
    "\nIt ends with 0 where nothing fails, 1 where something does, 2 where nothing can be said.\n\nCases:\n",
    ...allCases.map(({ id, title }) => line(id, title)),
  ].join("");
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const [sentence] = (error as Error).message.split(/\.?(?:\s*\n|\. |$)/);
    throw new ProbeUsageError(`${sentence}; see turnout probe --help`, { cause: error });
  }
}

/** `--only` takes as many names as follow it: the names of cases, and what else stands there. */
function apart(named: readonly string[], positionals: readonly string[]): [only: string[], others: string[]] {
  const known = new Set(allCases.map(({ id }) => id));
  const unknown = named.find((id) => !known.has(id));
  if (unknown !== undefined) {
    throw new ProbeUsageError(`there is no case ${JSON.stringify(unknown)}; see turnout probe --help`);
  }
  const isName = (text: string): boolean => named.length > 0 && known.has(text);
  return [[...named, ...positionals.filter(isName)], positionals.filter((text) => !isName(text))];
}

function timeoutOf(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > longestMs) {
    throw new ProbeUsageError(
      `--timeout-ms has to be a whole number from 1 to ${longestMs}, not ${JSON.stringify(text)}`,
    );
  }
  return value;
}
