import { parseArgs } from "node:util";

/** What the command line says. */
export interface CommandLine {
  readonly host: string;
  readonly port: number;
  readonly maxHeadBytes: number;
  readonly maxMessageBytes: number;
  readonly headTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly graceMs: number;
  readonly tls: boolean;
  /** Files; `""` for none. */
  readonly cert: string;
  readonly key: string;
  readonly saveCert: string;
  readonly quiet: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

/** A command line that cannot be followed; the message is one plain sentence. */
export class CommandLineError extends Error {
  override readonly name = "CommandLineError";
}

interface OptionHelp {
  /** What `--help` says where there is no default. */
  readonly without?: string;
  readonly value: string;
  readonly says: string;
  readonly default: string;
  /** The range of a number. */
  readonly range?: readonly [least: number, most: number];
}

const aDay = 86_400_000;

const valued = {
  host: { value: "ADDRESS", says: "the address to listen on", default: "127.0.0.1" },
  port: { value: "N", says: "the port to listen on; 0 takes a free one", default: "8080", range: [0, 65_535] },
  "max-head-bytes": { value: "N", says: "bytes of a request head", default: "16384", range: [64, 65_536] },
  "max-message-bytes": {
    value: "N",
    says: "bytes of a WebSocket message",
    default: "16777216",
    range: [1, 2 ** 30],
  },
  "head-timeout-ms": { value: "MS", says: "time for a request head", default: "10000", range: [1, aDay] },
  "body-timeout-ms": { value: "MS", says: "time between two reads of content", default: "30000", range: [1, aDay] },
  "idle-timeout-ms": { value: "MS", says: "time between two requests", default: "5000", range: [1, aDay] },
  "grace-ms": {
    value: "MS",
    says: "time for connections to end when the server closes",
    default: "5000",
    range: [0, aDay],
  },
  cert: { value: "FILE", says: "the certificate chain for TLS, as PEM", default: "", without: "self-signed" },
  key: { value: "FILE", says: "the private key for TLS, as PEM", default: "", without: "self-signed" },
  "save-cert": { value: "FILE", says: "where to write the self-signed certificate", default: "", without: "nowhere" },
} as const satisfies Record<string, OptionHelp>;

const flags = {
  tls: "speak TLS on the same port, with a self-signed certificate unless told otherwise",
  quiet: "say nothing of what happens on the port",
  help: "show this, and end",
  version: "show the version, and end",
} as const;

/** Reads the arguments behind the program's name. Throws a `CommandLineError`. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const values = parse(args);
  if ((values["cert"] === "") !== (values["key"] === "")) {
    throw new CommandLineError("--cert and --key belong together");
  }
  const number = (name: keyof typeof valued): number => {
    const { range } = valued[name] as OptionHelp;
    const [least, most] = range!;
    const text = values[name] as string;
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new CommandLineError(
        `--${name} has to be a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`,
      );
    }
    return value;
  };
  return {
    host: values["host"] as string,
    port: number("port"),
    maxHeadBytes: number("max-head-bytes"),
    maxMessageBytes: number("max-message-bytes"),
    headTimeoutMs: number("head-timeout-ms"),
    bodyTimeoutMs: number("body-timeout-ms"),
    idleTimeoutMs: number("idle-timeout-ms"),
    graceMs: number("grace-ms"),
    tls: values["tls"] === true || values["cert"] !== "" || values["save-cert"] !== "",
    cert: values["cert"] as string,
    key: values["key"] as string,
    saveCert: values["save-cert"] as string,
    quiet: values["quiet"] === true,
    help: values["help"] === true,
    version: values["version"] === true,
  };
}

/** What `--help` shows. */
export function usage(): string {
  const line = (left: string, right: string): string => `  ${left.padEnd(26)}${right}\n`;
  return [
    "Usage: turnout [options]\n       turnout probe URL [options]\n\n",
    "Serves HTTP/1.1, and every protocol that it can switch to, on one port.\n\n",
    ...Object.entries(valued).map(([name, option]) =>
      line(`--${name} ${option.value}`, `${option.says} (default ${(option as OptionHelp).without ?? option.default})`),
    ),
    ...Object.entries(flags).map(([name, says]) => line(`--${name}`, `${says} (default off)`)),
  ].join("");
}

function parse(args: readonly string[]): Record<string, string | boolean | undefined> {
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...Object.fromEntries(
          Object.entries(valued).map(([name, option]) => [name, { type: "string" as const, default: option.default }]),
        ),
        ...Object.fromEntries(Object.keys(flags).map((name) => [name, { type: "boolean" as const }])),
      },
    }).values;
  } catch (error) {
    const [sentence] = (error as Error).message.split(/\.?(?:\s*\n|\. |$)/);
    throw new CommandLineError(`${sentence}; see --help`, { cause: error });
  }
}
