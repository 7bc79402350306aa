import { subscribe } from "node:diagnostics_channel";
import { styleText } from "node:util";
import type { DiagnosticMessages, ModuleError, PeerError, Server } from "turnout";
import { harmlessText } from "./harmless-text.ts";
import type { LogFormat } from "./options.ts";

/** Something that happened on the port. */
export type LogEntry =
  | { readonly event: "answered"; readonly status: number; readonly method: string; readonly target: string }
  | SwitchedEntry
  | { readonly event: "opened"; readonly token: string }
  | { readonly event: "refused"; readonly status: number; readonly code: string; readonly message: string }
  | { readonly event: "fault"; readonly code: string; readonly message: string; readonly cause: string }
  | { readonly event: "draining"; readonly signal: string }
  | { readonly event: "drained"; readonly durationMs: number };

interface SwitchedEntry {
  readonly event: "switched";
  readonly token: string;
  readonly method: string;
  readonly target: string;
  /** From the request's head to the 101. */
  readonly durationMs: number;
}

export type Say = (entry: LogEntry) => void;

type Style = Parameters<typeof styleText>[0];

/** Says what happens on a server, one line an event, on standard error. Gives the way to say more. */
export function log(server: Server, format: LogFormat): Say {
  const write = (line: string): unknown => process.stderr.write(`${line}\n`);
  const say: Say =
    format === "off"
      ? () => {}
      : format === "json"
        ? (entry) => write(jsonLine(entry, new Date()))
        : (entry) => write(plainLine(entry, new Date(), inColour));
  server.on("answered", ({ method, target }, status) => say({ event: "answered", status, method, target }));
  subscribe("turnout:switch", (message) => {
    const { server: of, token, request, durationMs } = message as DiagnosticMessages["turnout:switch"];
    if (of === server) {
      say(
        request === undefined
          ? { event: "opened", token }
          : { event: "switched", token, method: request.method, target: request.target, durationMs },
      );
    }
  });
  server.on("refused", ({ status, code, message }: PeerError) => say({ event: "refused", status, code, message }));
  server.on("fault", ({ code, message, cause }: ModuleError) =>
    say({ event: "fault", code, message, cause: cause === undefined ? "" : String(cause) }),
  );
  return say;
}

/** One object of JSON; `time` is in UTC. */
export function jsonLine(entry: LogEntry, time: Date): string {
  return JSON.stringify({ time, ...entry });
}

/** One line to read: the local time to the millisecond, the status or `---`, and what happened. */
export function plainLine(entry: LogEntry, time: Date, styled: (style: Style, text: string) => string): string {
  const { mark, style, text } = inWords(entry);
  return `${styled("dim", timeOfDay(time))} ${styled(style, mark)} ${harmlessText(text)}`;
}

/** `HH:MM:SS.mmm`, local. */
export function timeOfDay(time: Date): string {
  const two = (number: number): string => String(number).padStart(2, "0");
  const ms = String(time.getMilliseconds()).padStart(3, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${ms}`;
}

/** Colours on a terminal, and where FORCE_COLOR wants them; none with NO_COLOR. */
export function inColour(style: Style, text: string, stream: NodeJS.WriteStream = process.stderr): string {
  return styleText(style, text, { stream });
}

function inWords(entry: LogEntry): { mark: string; style: Style; text: string } {
  switch (entry.event) {
    case "answered":
      return {
        mark: String(entry.status),
        style: entry.status < 400 ? "green" : "yellow",
        text: `${entry.method} ${entry.target}`,
      };
    case "switched":
      return {
        mark: "101",
        style: "cyan",
        text: `${entry.method} ${entry.target} -> ${entry.token}, ${entry.durationMs.toFixed(1)} ms`,
      };
    case "opened":
      return { mark: "---", style: "cyan", text: entry.token };
    case "refused":
      return { mark: String(entry.status || "---"), style: "yellow", text: `${entry.code}: ${entry.message}` };
    case "fault":
      return { mark: "!!!", style: "red", text: `${entry.code}: ${entry.message}: ${entry.cause}` };
    case "draining":
      return { mark: "---", style: "dim", text: `${entry.signal}: draining` };
    case "drained":
      return { mark: "---", style: "dim", text: `closed after ${Math.round(entry.durationMs)} ms` };
  }
}
