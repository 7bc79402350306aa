import { parseArgs } from "node:util";
import { type BundledName, bundled, tokensOf } from "./bundled.ts";

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
  readonly drainDelayMs: number;
  /** Which of the bundled protocols are spoken, in the order of `bundled`. */
  readonly protocols: readonly BundledName[];
  /** The token that every request has to switch to, as it is registered; `""` for none. */
  readonly require: string;
  /** Files; `""` for none. */
  readonly cert: string;
  readonly key: string;
  readonly saveCert: string;
  readonly log: LogFormat;
  readonly trace: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

export type LogFormat = "line" | "json" | "off";

/** A command line that cannot be followed; the message is one plain sentence. */
export class CommandLineError extends Error {
  override readonly name = "CommandLineError";
}

/** An option with a value. */
interface Valued {
  readonly value: string;
  readonly says: string;
  readonly default: string;
  /** What `--help` says of the default, where it is not the default itself. */
  readonly without?: string;
  /** The range of a number. */
  readonly range?: readonly [least: number, most: number];
}

/** An option that is there or not. */
interface Flag {
  readonly says: string;
}

const aDay = 86_400_000;
const logFormats: readonly LogFormat[] = ["line", "json", "off"];

/** All options, as `--help` shows them. */
const groups = {
  "Where it listens": {
    host: { value: "ADDRESS", says: "the address to listen on", default: "127.0.0.1" },
    port: { value: "N", says: "the port to listen on; 0 takes a free one", default: "8080", range: [0, 65_535] },
  },
  "What it speaks": {
    protocols: {
      value: "LIST",
      says: "of websocket, http2, tls, echo, example; or none",
      default: "websocket,http2,echo,example",
      without: "all but tls",
    },
    require: {
      value: "TOKEN",
      says: "426 for every request that does not switch to it",
      default: "",
      without: "none",
    },
    tls: { says: "TLS as well, with a self-signed certificate unless told otherwise" },
    cert: { value: "FILE", says: "the certificate chain for TLS, as PEM", default: "", without: "self-signed" },
    key: { value: "FILE", says: "the private key for TLS, as PEM", default: "", without: "self-signed" },
    "save-cert": { value: "FILE", says: "where to write the certificate", default: "", without: "nowhere" },
  },
  "Bounds and deadlines": {
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
    "drain-delay-ms": { value: "MS", says: "time to go on as before after a signal", default: "0", range: [0, aDay] },
    "grace-ms": { value: "MS", says: "time for connections to end behind it", default: "5000", range: [0, aDay] },
  },
  "What it says": {
    log: { value: "FORMAT", says: "what happens, on standard error: line, json or off", default: "line" },
    quiet: { says: "the same as --log off" },
    trace: { says: "every byte that comes and goes, on standard error" },
    help: { says: "show this, and end" },
    version: { says: "show the version, and end" },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Valued | Flag>>>>;

const options = Object.entries(Object.assign({}, ...Object.values(groups)) as Record<string, Valued | Flag>);

/** Reads the arguments behind the program's name. Throws a `CommandLineError`. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const values = parse(args);
  if ((values["cert"] === "") !== (values["key"] === "")) {
    throw new CommandLineError("--cert and --key belong together");
  }
  const number = (name: string): number => numberOf(name, values[name] as string);
  const withTls = values["tls"] === true || values["cert"] !== "" || values["save-cert"] !== "";
  const protocols = protocolsOf(values["protocols"] as string, withTls);
  return {
    host: values["host"] as string,
    port: number("port"),
    maxHeadBytes: number("max-head-bytes"),
    maxMessageBytes: number("max-message-bytes"),
    headTimeoutMs: number("head-timeout-ms"),
    bodyTimeoutMs: number("body-timeout-ms"),
    idleTimeoutMs: number("idle-timeout-ms"),
    graceMs: number("grace-ms"),
    drainDelayMs: number("drain-delay-ms"),
    protocols,
    require: requiredOf(values["require"] as string, protocols),
    cert: values["cert"] as string,
    key: values["key"] as string,
    saveCert: values["save-cert"] as string,
    log: values["quiet"] === true ? "off" : logOf(values["log"] as string),
    trace: values["trace"] === true,
    help: values["help"] === true,
    version: values["version"] === true,
  };
}

/** What `--help` shows. */
export function usage(): string {
  const lines = [
    "Usage: turnout [options]",
    "       turnout probe URL [options]",
    "",
    "Serves HTTP/1.1, and every protocol that it can switch to, on one port.",
  ];
  for (const [title, group] of Object.entries<Readonly<Record<string, Valued | Flag>>>(groups)) {
    lines.push("", `${title}:`);
    for (const [name, option] of Object.entries(group)) {
      const left = "value" in option ? `--${name} ${option.value}` : `--${name}`;
      const otherwise = "value" in option ? ` (default ${option.without ?? option.default})` : "";
      lines.push(`  ${left.padEnd(24)}${option.says}${otherwise}`);
    }
  }
  lines.push("", "Colours are for terminals; NO_COLOR and FORCE_COLOR are followed.");
  lines.push(
    "It ends with 0 after a signal, 1 if it cannot listen or use a file, 2 if it cannot follow the command line.",
  );
  return `${lines.join("\n")}\n`;
}

function parse(args: readonly string[]): Record<string, string | boolean | undefined> {
  try {
    return parseArgs({
      args: [...args],
      options: Object.fromEntries(
        options.map(([name, option]) => [
          name,
          "value" in option ? { type: "string", default: option.default } : { type: "boolean" },
        ]),
      ),
    }).values as Record<string, string | boolean | undefined>;
  } catch (error) {
    const [sentence] = (error as Error).message.split(/\.?(?:\s*\n|\. |$)/);
    throw new CommandLineError(`${sentence}; see --help`, { cause: error });
  }
}

function numberOf(name: string, text: string): number {
  const [least, most] = (options.find(([one]) => one === name)![1] as Valued).range!;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new CommandLineError(
      `--${name} has to be a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`,
    );
  }
  return value;
}

function protocolsOf(list: string, withTls: boolean): readonly BundledName[] {
  const names = Object.keys(bundled) as BundledName[];
  const wanted = list === "none" ? [] : list.split(",");
  const unknown = wanted.find((name) => !names.includes(name as BundledName));
  if (unknown !== undefined) {
    throw new CommandLineError(`--protocols knows ${names.join(", ")} and none, not ${JSON.stringify(unknown)}`);
  }
  return names.filter((name) => wanted.includes(name) || (name === "tls" && withTls));
}

function requiredOf(token: string, protocols: readonly BundledName[]): string {
  const tokens = tokensOf(protocols);
  if (token !== "" && !tokens.includes(token)) {
    throw new CommandLineError(
      `--require has to be one of ${tokens.join(", ") || "nothing, for none is spoken"}; not ${JSON.stringify(token)}`,
    );
  }
  return token;
}

function logOf(format: string): LogFormat {
  if (!logFormats.includes(format as LogFormat)) {
    throw new CommandLineError(`--log has to be ${logFormats.join(" or ")}, not ${JSON.stringify(format)}`);
  }
  return format as LogFormat;
}
