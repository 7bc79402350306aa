import { createRequire } from "node:module";
import { requirePeer } from "../../servers/peers.ts";
import { type Level, type Peer, threeNames, verdictSum } from "../peer.ts";

/** What node:http stands on, and what http-parser-js stands in for. It makes a string of each name and value, read or not. */
interface Parser {
  initialize(type: unknown, resource: object): void;
  execute(chunk: Buffer): number | Error;
  [callback: number]: unknown;
}

interface Binding {
  readonly HTTPParser: ParserClass;
  /** By number. */
  readonly methods: readonly string[];
}

interface ParserClass {
  new (type?: unknown): Parser;
  readonly REQUEST: unknown;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnExecute: number | undefined;
}

/** The binding has no public name. */
export function llhttp(level: Level): Peer {
  return peerOf(createRequire(import.meta.url)("node:_http_common") as Binding, level);
}

export function httpParserJs(level: Level): Peer {
  const binding = requirePeer("http-parser-js") as Binding;
  if (binding.HTTPParser.kOnExecute === undefined) {
    throw new Error("http-parser-js has other callbacks"); // whoever asks gets those of today
  }
  return peerOf(binding, level);
}

/** A look at the length saves most of the names from being made small. */
function isOneOfThree(name: string): boolean {
  const wanted = threeNames.find(({ length }) => length === name.length);
  return wanted !== undefined && wanted === name.toLowerCase();
}

function peerOf({ HTTPParser, methods }: Binding, level: Level): Peer {
  const parser = new HTTPParser(HTTPParser.REQUEST);
  let sum = 0;
  let target = "";
  let fields: string[] = [];

  // More than 32 fields come in several parts.
  parser[HTTPParser.kOnHeaders] = (part: string[], url: string): void => {
    fields.push(...part);
    target += url;
  };
  parser[HTTPParser.kOnHeadersComplete] = (
    _major: number,
    minor: number,
    part: string[] | undefined,
    method: number,
    url: string | undefined,
    _status: number,
    _statusText: string,
    upgrade: boolean,
    keepAlive: boolean,
  ): number => {
    const all = part ?? fields;
    sum += verdictSum(minor, keepAlive, upgrade);
    if (level !== "verdict") {
      sum += methods[method]!.length + (url ?? target).length;
    }
    if (level === "three") {
      for (let at = 0; at < all.length; at += 2) {
        if (isOneOfThree(all[at]!)) {
          sum += all[at + 1]!.length;
        }
      }
    } else if (level === "all") {
      for (const text of all) {
        sum += text.length;
      }
    }
    fields = [];
    target = "";
    return 0;
  };
  parser.initialize(HTTPParser.REQUEST, {});
  return {
    read(chunks): number {
      sum = 0;
      for (const chunk of chunks) {
        const taken = parser.execute(chunk);
        if (taken !== chunk.length) {
          throw new Error(`it took ${taken} of ${chunk.length} bytes`);
        }
      }
      return sum;
    },
  };
}
