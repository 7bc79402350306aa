import { createRequire } from "node:module";
import { RequestHeadParser } from "../../lib/http/request-head.ts";

/**
 * What is read of each head: `verdict` is the head checked and its framing, persistence and upgrade known; `three` also three
 * fields as strings; `all` the target and every field as strings.
 */
export const levels = ["verdict", "three", "all"] as const;
export type Level = (typeof levels)[number];

/** A parser under test. */
export interface Peer {
  /** Reads the heads in these chunks. Returns a sum over what was read, the same for every peer. */
  read(chunks: readonly Buffer[]): number;
}

const threeNames = ["host", "user-agent", "accept"] as const;

type Sum = (parser: RequestHeadParser) => number;

function verdictOf(parser: RequestHeadParser): number {
  return parser.minorVersion + (parser.keepAlive ? 2 : 0) + (parser.wantsUpgrade ? 4 : 0) + parser.contentLength;
}

const sumOfLevel: Record<Level, Sum> = {
  verdict: verdictOf,
  three(parser) {
    let sum = verdictOf(parser);
    for (let n = 0; n < threeNames.length; n++) {
      sum += parser.get(threeNames[n] as string)?.length ?? 0;
    }
    return sum;
  },
  all(parser) {
    let sum = verdictOf(parser) + parser.target.length;
    for (const [name, value] of parser.fields()) {
      sum += name.length + value.length;
    }
    return sum;
  },
};

function turnout(level: Level): Peer {
  const parser = new RequestHeadParser({ maxHeadBytes: 16_384, maxTargetBytes: 8000, maxFields: 100 });
  const sumOf = sumOfLevel[level];
  return {
    read(chunks): number {
      let sum = 0;
      for (let n = 0; n < chunks.length; n++) {
        const chunk = chunks[n] as Buffer;
        for (let at = 0; at < chunk.length; ) {
          at = parser.read(chunk, at);
          if (at < 0) {
            break;
          }
          sum += sumOf(parser);
        }
      }
      return sum;
    },
  };
}

/** The binding that node:http stands on. It has no public name; it makes a string of each name and value, read or not. */
interface Llhttp {
  initialize(type: number, resource: object): void;
  execute(chunk: Buffer): number | Error;
  [callback: number]: unknown;
}

interface LlhttpClass {
  new (): Llhttp;
  readonly REQUEST: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
}

function llhttp(level: Level): Peer {
  const { HTTPParser } = createRequire(import.meta.url)("node:_http_common") as { HTTPParser: LlhttpClass };
  const parser = new HTTPParser();
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
    _method: number,
    url: string | undefined,
    _status: number,
    _statusText: string,
    upgrade: boolean,
    keepAlive: boolean,
  ): number => {
    const all = part ?? fields;
    sum += minor + (keepAlive ? 2 : 0) + (upgrade ? 4 : 0);
    if (level === "three") {
      for (let at = 0; at < all.length; at += 2) {
        if (threeNames.includes(all[at]?.toLowerCase() as "host")) {
          sum += (all[at + 1] as string).length;
        }
      }
    } else if (level === "all") {
      sum += (url ?? target).length;
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
          throw new Error(`llhttp took ${taken} of ${chunk.length} bytes`);
        }
      }
      return sum;
    },
  };
}

export const peers: Readonly<Record<string, (level: Level) => Peer>> = { turnout, llhttp };
