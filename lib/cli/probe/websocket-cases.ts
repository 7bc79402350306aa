import { type Answer, membersOf, valuesOf } from "./answers.ts";
import { type Case, get, type Judgement, type Plan, request } from "./case.ts";
import {
  closedSilently,
  fails,
  finalsIn,
  notApplicable,
  ok,
  quoted,
  silenceOf,
  switchIn,
  warning,
} from "./judgement.ts";
import type { Target } from "./target.ts";

/** The example of RFC 6455 section 1.3. */
const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const version = "Sec-WebSocket-Version: 13";

export const offerOfWebSocket: readonly string[] = ["Connection: Upgrade", "Upgrade: websocket", key, version];

/** A Ping that says `probe`, masked with zeroes, and its Pong (RFC 6455 section 5.5.2, 5.5.3). */
const ping = "\x89\x85\0\0\0\0probe";
const pong = Buffer.from("\x8a\x05probe", "latin1");

function at({ webSocketPath }: Target): string {
  return webSocketPath ?? "/";
}

/** The opening handshake (RFC 6455 section 4.1). */
export function handshake(target: Target): Plan {
  return { sends: get(target, offerOfWebSocket, at(target)) };
}

/** What is wrong with a 101 (RFC 6455 section 4.2.2 (5)). */
export function faultOfHandshake(answer: Answer): string | undefined {
  const accepts = valuesOf(answer, "sec-websocket-accept");
  if (accepts.length !== 1 || accepts[0] !== accept) {
    return accepts.length === 0 ? "101 without Sec-WebSocket-Accept" : `101 that accepts ${quoted(accepts.join(", "))}`;
  }
  for (const field of ["sec-websocket-protocol", "sec-websocket-extensions"]) {
    if (membersOf(answer, field).length > 0) {
      return `101 with ${field}, which was not offered`;
    }
  }
  return undefined;
}

/** A handshake like the plain one. `orElse` judges a server that answers, and does not switch. */
function opensAlso(orElse: (reason: string) => Judgement): Case["judge"] {
  return (seen, plain) => {
    const answer = switchIn(seen);
    if (switchIn(plain) === undefined) {
      return notApplicable("WebSocket does not open here");
    }
    if (answer !== undefined) {
      const fault = faultOfHandshake(answer);
      return fault === undefined ? ok("101") : fails(fault);
    }
    const silence = silenceOf(seen);
    return silence === undefined ? orElse(`${finalsIn(seen)[0]!.status}, no 101`) : fails(silence);
  };
}

/** `due`: what the answer ought to be. */
function staysClosed(due: (status: number) => boolean = () => true, switched = fails): Case["judge"] {
  return (seen) => {
    if (switchIn(seen) !== undefined) {
      return switched("101");
    }
    const silence = silenceOf(seen);
    if (silence !== undefined) {
      return closedSilently(seen) ? warning(silence) : fails(silence);
    }
    const { status } = finalsIn(seen)[0]!;
    return due(status) ? ok(`${status}`) : warning(`${status}, and no error`);
  };
}

const isError = (status: number): boolean => status >= 400;

type Given = Pick<Case, "id" | "title" | "judge" | "plan">;

/** RFC 6455 sections as they are cited here, and what all of these cases have in common. */
function webSocketCase(section: string, given: Given): Case {
  const clause = section.startsWith("RFC") ? section : `RFC 6455 section ${section}`;
  return { ...given, clause, beside: "the handshake", needsWebSocket: true };
}

/** RFC 6455 section 4: the opening handshake, and what is none. */
export const webSocketCases: readonly Case[] = [
  webSocketCase("4.2.2 (5)", {
    id: "ws-open",
    title: "the handshake is accepted",
    plan: handshake,
    judge: (seen) => {
      const answer = switchIn(seen);
      if (answer === undefined) {
        return fails(silenceOf(seen) ?? `${finalsIn(seen)[0]!.status}, no 101`);
      }
      const fault = faultOfHandshake(answer);
      return fault === undefined ? ok("101") : fails(fault);
    },
  }),
  webSocketCase("5.5.2", {
    id: "ws-early-ping",
    title: "a Ping in the handshake's segment gets its Pong",
    plan: (target) => ({ sends: handshake(target).sends + ping, enough: (bytes) => bytes.includes(pong) }),
    judge: (seen, plain) => {
      const opened = opensAlso(fails)(seen, plain);
      if (opened.verdict !== "ok") {
        return opened;
      }
      return seen.rest.includes(pong) ? ok("Pong") : fails("101, and then no Pong");
    },
  }),
  webSocketCase("4.2.1 (3)", {
    id: "ws-case",
    title: "upgrade: WebSocket and connection: UPGRADE open it",
    plan: (target) => ({ sends: get(target, ["connection: UPGRADE", "upgrade: WebSocket", key, version], at(target)) }),
    judge: opensAlso(fails),
  }),
  webSocketCase("4.2.1 (4)", {
    id: "ws-keep-alive",
    title: "Connection: keep-alive, Upgrade opens it",
    plan: (target) => ({
      sends: get(target, ["Connection: keep-alive, Upgrade", ...offerOfWebSocket.slice(1)], at(target)),
    }),
    judge: opensAlso(fails),
  }),
  webSocketCase("RFC 9110 section 7.8", {
    id: "ws-list",
    title: "WebSocket is found behind an unknown protocol",
    plan: (target) => ({
      sends: get(target, ["Connection: Upgrade", "Upgrade: turnout-probe/1, websocket", key, version], at(target)),
    }),
    judge: opensAlso(warning),
  }),
  webSocketCase("RFC 9112 section 3.2.2", {
    id: "ws-absolute-form",
    title: "a handshake in the absolute form opens it",
    plan: (target) => {
      const scheme = target.secure ? "https" : "http";
      const line = `GET ${scheme}://${target.authority}${at(target)} HTTP/1.1`;
      return { sends: request(line, target, offerOfWebSocket) };
    },
    judge: opensAlso(fails),
  }),
  webSocketCase("RFC 9112 section 9.3.2", {
    id: "ws-behind-get",
    title: "the 101 comes behind earlier answers",
    plan: (target) => ({ sends: get(target) + handshake(target).sends, requests: 2 }),
    judge: (seen, plain) => {
      if (switchIn(plain) === undefined) {
        return notApplicable("WebSocket does not open here");
      }
      const [first, second] = seen.answers;
      if (first?.status === 101) {
        return fails("the 101 overtakes the answer before it");
      }
      if (second !== undefined) {
        return second.status === 101 ? ok(`${first!.status}, 101`) : warning(`${first!.status}, ${second.status}`);
      }
      const silence = silenceOf(seen);
      if (silence !== undefined) {
        return fails(silence);
      }
      return first!.closes
        ? notApplicable(`${first!.status}, and closed`)
        : fails(`${first!.status}, and then nothing`);
    },
  }),
  webSocketCase("4.2.2 (4)", {
    id: "ws-version",
    title: "another version: 426, with the versions spoken",
    plan: (target) => ({
      sends: get(target, [...offerOfWebSocket.slice(0, -1), "Sec-WebSocket-Version: 12"], at(target)),
    }),
    judge: (seen) => {
      const refusal = staysClosed(isError)(seen, seen);
      const [first] = finalsIn(seen);
      if (refusal.verdict !== "ok" || first === undefined) {
        return refusal;
      }
      const versions = membersOf(first, "sec-websocket-version");
      if (versions.length === 0) {
        return fails(`${first.status} without Sec-WebSocket-Version`);
      }
      if (first.status !== 426) {
        return warning(`${first.status}; 426 is meant for it`);
      }
      return membersOf(first, "upgrade").length === 0
        ? fails("426 without Upgrade (RFC 9110 section 15.5.22)")
        : ok(`426, ${versions.join(", ")}`);
    },
  }),
  webSocketCase("4.2.1 (5)", {
    id: "ws-no-key",
    title: "without a key nothing is switched",
    plan: (target) => ({ sends: get(target, [...offerOfWebSocket.slice(0, 2), version], at(target)) }),
    judge: staysClosed(isError),
  }),
  webSocketCase("4.2.1 (5)", {
    id: "ws-short-key",
    title: "a key that is not 16 bytes switches nothing",
    plan: (target) => ({
      sends: get(target, [...offerOfWebSocket.slice(0, 2), "Sec-WebSocket-Key: c2hvcnQ=", version], at(target)),
    }),
    judge: staysClosed(isError, warning),
  }),
  webSocketCase("4.2.1 (1)", {
    id: "ws-post",
    title: "a POST switches nothing",
    plan: (target) => ({
      sends: request(`POST ${at(target)} HTTP/1.1`, target, [...offerOfWebSocket, "Content-Length: 0"]),
    }),
    judge: staysClosed(isError),
  }),
  webSocketCase("4.2.1 (1)", {
    id: "ws-http-1.0",
    title: "over HTTP/1.0 nothing is switched",
    plan: (target) => ({ sends: request(`GET ${at(target)} HTTP/1.0`, target, offerOfWebSocket) }),
    judge: staysClosed(),
  }),
  webSocketCase("4.2.1 (4)", {
    id: "ws-no-option",
    title: "an option that resembles Upgrade switches nothing",
    plan: (target) => ({
      sends: get(target, ["Connection: Upgrade-Insecure-Requests", ...offerOfWebSocket.slice(1)], at(target)),
    }),
    judge: staysClosed(),
  }),
];
