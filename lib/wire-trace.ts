import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { DiagnosticMessages } from "./diagnostics.ts";
import type { TurnoutError } from "./errors.ts";
import type { Peer } from "./http/request.ts";

/** Bytes that a line shows of a piece. */
const shownBytes = 256;

/** What is said of a message, by its channel. */
type Sentences = {
  readonly [Name in keyof DiagnosticMessages]: (message: DiagnosticMessages[Name]) => string;
};

const sentences: Sentences = {
  "turnout:connection:open": ({ connection: { id, within, peer } }) =>
    `#${id} open, ${within === undefined ? `from ${origin(peer)}` : `a stream of #${within}`}`,
  "turnout:connection:close": ({ connection: { id, bytesRead, bytesWritten }, error }) =>
    `#${id} closed, ${bytesRead} read, ${bytesWritten} written, ${reason(error)}`,
  "turnout:switch": ({ connection: { id }, token }) => `#${id} speaks ${token}`,
  "turnout:request:refused": ({ connection: { id }, error }) => `#${id} refused, ${reason(error)}`,
  "turnout:fault": ({ connection: { id }, error }) => `#${id} fault, ${reason(error)}`,
  "turnout:wire": ({ id, direction, bytes }) =>
    `#${id} ${direction === "in" ? ">" : "<"} ${bytes.length} ${printable(bytes)}`,
  "turnout:phase": ({ id, from, to }) => `#${id} ${from} -> ${to}`,
};

/**
 * Tells in lines what goes on at the servers of this process, on connections that begin from now on: what comes (`>`) and what is
 * sent (`<`), with its length and its first 256 bytes, phases, switches, refusals, failures, and why a connection ended. For
 * people to read: the wording is not part of the interface. What node:tls and node:http2 send by themselves is not seen. Returns
 * what ends it.
 */
export function traceWire(say: (line: string) => void): () => void {
  const ends = Object.entries(sentences).map(([name, sentence]) => {
    const listener = (message: unknown): void => say(sentence(message as never));
    subscribe(name, listener);
    return () => unsubscribe(name, listener);
  });
  return () => {
    for (const end of ends) {
      end();
    }
  };
}

/** ASCII as it is, and everything else escaped. */
function printable(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, shownBytes)).toString("latin1");
  const escaped = text.replace(
    /[^ !#-[\]-~]/g,
    (one) => escapes[one] ?? `\\x${one.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return `"${escaped}"${bytes.length > shownBytes ? "..." : ""}`;
}

const escapes: Readonly<Record<string, string>> = { "\r": "\\r", "\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\" };

function origin({ address, port }: Peer): string {
  return address === undefined ? "a stream" : `${address}:${port}`;
}

function reason(error: TurnoutError | undefined): string {
  if (error === undefined) {
    return "in order";
  }
  const cause = error.cause === undefined ? "" : `: ${String(error.cause)}`;
  return `${error.code}: ${error.message}${cause}`;
}
