import type { Reading } from "./answers.ts";
import type { Target } from "./target.ts";

/** What is said to the server on one connection; text is latin1. */
export interface Plan {
  /** At once, in one piece. */
  readonly sends: string;
  /** The requests in it, each of which a final response is due to. Default 1. */
  readonly requests?: number;
  /** Sent once a 100 or an answer has come, or else after half of the time (RFC 9110 section 10.1.1). */
  readonly content?: string;
  /** Sent behind a 101, in the new protocol. */
  readonly switched?: string;
  /** Whether what came behind the 101 is enough to judge by. By default nothing is waited for there. */
  readonly enough?: (bytes: Buffer) => boolean;
}

/** What came of a plan. */
export interface Seen extends Reading {
  readonly sent: readonly string[];
  readonly received: Buffer;
  /**
   * The final responses that are due at most. The connection is used once more when all of a plan's have come, unless
   * the server said that it closes: so an answer too many shows itself without a wait.
   */
  readonly due: number;
  /** That further request was sent. */
  readonly usedAgain: boolean;
  /**
   * Why nothing more was read: the server's end, a reset (or any other failure), no connection, the time, the most bytes
   * that are read, or that it was enough.
   */
  readonly ended: "end" | "reset" | "unreachable" | "time" | "bytes" | "enough";
}

/** `fails`: a MUST is broken, or no answer came. `warning`: a SHOULD is, or it is allowed and unwise. */
export type Verdict = "ok" | "warning" | "fails" | "not applicable";

export interface Judgement {
  readonly verdict: Verdict;
  /** One line, in which bytes of the server are escaped. */
  readonly reason: string;
}

/** One rule, and how a server is tried for it. */
export interface Case {
  readonly id: string;
  readonly title: string;
  readonly clause: string;
  readonly plan: (target: Target) => Plan;
  /** What it is compared with: the same without the offer, or WebSocket's handshake as it should be. */
  readonly beside: "without the offer" | "the handshake";
  /** It needs a path of which it is known that WebSocket is spoken there. */
  readonly needsWebSocket?: true;
  readonly judge: (seen: Seen, beside: Seen) => Judgement;
}

/** No server knows it. */
export const unknownProtocol = "turnout-probe/1";

export const offerOfUnknown: readonly string[] = ["Connection: Upgrade", `Upgrade: ${unknownProtocol}`];

/** A request of HTTP/1.1 with its Host field. */
export function request(
  requestLine: string,
  { authority }: Target,
  fields: readonly string[] = [],
  content = "",
): string {
  return [requestLine, `Host: ${authority}`, ...fields, "", content].join("\r\n");
}

export function get(target: Target, fields: readonly string[] = [], path: string = target.path): string {
  return request(`GET ${path} HTTP/1.1`, target, fields);
}

/** A POST of five bytes. */
export function post(target: Target, fields: readonly string[] = []): string {
  return request(`POST ${target.path} HTTP/1.1`, target, [...fields, "Content-Length: 5"], "hello");
}

/** Field lines that have to do with an offer, with what is folded behind them. */
const offering = /^(?:connection|upgrade|http2-settings|sec-websocket-[a-z]+)[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*/gim;

/** The same, asked of a server by somebody who wants no other protocol. */
export function withoutOffer({ sends, requests, content }: Plan): Plan {
  return {
    sends: sends.replace(offering, ""),
    ...(requests === undefined ? {} : { requests }),
    ...(content === undefined ? {} : { content }),
  };
}

/** The protocols that the sent heads offer, in lower case. */
export function offersIn(sent: readonly string[]): string[] {
  return [...sent.join("").matchAll(/^upgrade:(.*)$/gim)].flatMap(([, list]) =>
    list!.split(",").map((member) => member.trim().toLowerCase()),
  );
}
