import { traceWire } from "turnout";
import { inColour, timeOfDay } from "./log.ts";

/** Tells on standard error what comes and goes on each connection, byte by byte, and what becomes of it. */
export function trace(): void {
  traceWire((line) => process.stderr.write(`${inColour("dim", timeOfDay(new Date()))} ${coloured(line)}\n`));
}

/** What came from the client and what went to it, in colours of their own. */
function coloured(line: string): string {
  const [, direction] = /^#\d+ ([<>]) /.exec(line) ?? [];
  return direction === undefined ? inColour("dim", line) : inColour(direction === ">" ? "magenta" : "blue", line);
}
