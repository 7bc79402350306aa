import { type Case, get, offerOfUnknown, request, unknownProtocol } from "./case.ts";
import { offerOfHttp2 } from "./h2c-cases.ts";
import { closedSilently, fails, finalsIn, ok, ordinary, refused, silenceOf, switchIn, warning } from "./judgement.ts";
import type { Target } from "./target.ts";
import { offerOfWebSocket } from "./websocket-cases.ts";

/** The offer that the server is most likely to take, with fields that make the message wrong. */
function offering(target: Target, fields: readonly string[], content = ""): string {
  const { path, webSocketPath } = target;
  return webSocketPath === undefined
    ? request(`GET ${path} HTTP/1.1`, target, [...offerOfHttp2, ...fields], content)
    : request(`GET ${webSocketPath} HTTP/1.1`, target, [...offerOfWebSocket, ...fields], content);
}

/** Where a line of the head is another than it ought to be. */
function mended(text: string, from: RegExp, to: string): string {
  return text.replace(from, to);
}

/** RFC 9112: messages whose end or meaning two recipients see differently. An offer makes none of them good. */
export const framingCases: readonly Case[] = [
  {
    id: "cl-te",
    title: "Content-Length with Transfer-Encoding beside an offer",
    clause: "RFC 9112 section 6.1",
    plan: (target) => ({
      sends: offering(target, ["Content-Length: 5", "Transfer-Encoding: chunked"], "0\r\n\r\n"),
    }),
    beside: "without the offer",
    judge: (seen) => {
      const finals = finalsIn(seen);
      if (switchIn(seen) !== undefined || silenceOf(seen) !== undefined || finals[0]!.status >= 400) {
        return refused(seen, [400], true);
      }
      return finals.length > 1
        ? fails(`${finals[0]!.status}, and the connection is read on`)
        : warning(`${finals[0]!.status}: not refused, but closed`);
    },
  },
  {
    id: "two-lengths",
    title: "two lengths beside an offer",
    clause: "RFC 9112 section 6.3",
    plan: (target) => ({ sends: offering(target, ["Content-Length: 5", "Content-Length: 6"], "hello!") }),
    beside: "without the offer",
    judge: (seen) => refused(seen, [400], true),
  },
  {
    id: "te-not-last",
    title: "chunked that is not the last coding",
    clause: "RFC 9112 section 6.3",
    plan: (target) => ({ sends: offering(target, ["Transfer-Encoding: chunked, identity"], "0\r\n\r\n") }),
    beside: "without the offer",
    judge: (seen) => refused(seen, [400, 501], true),
  },
  {
    id: "no-host",
    title: "no Host beside an offer",
    clause: "RFC 9112 section 3.2",
    plan: (target) => ({ sends: mended(offering(target, []), /^Host:.*\r\n/m, "") }),
    beside: "without the offer",
    judge: (seen) => refused(seen, [400]),
  },
  {
    id: "two-hosts",
    title: "two Host fields beside an offer",
    clause: "RFC 9112 section 3.2",
    plan: (target) => ({ sends: offering(target, ["Host: other.invalid"]) }),
    beside: "without the offer",
    judge: (seen) => refused(seen, [400]),
  },
  {
    id: "space-before-colon",
    title: "white space between Upgrade and its colon",
    clause: "RFC 9112 section 5.1",
    plan: (target) => ({ sends: mended(offering(target, []), /^Upgrade:/m, "Upgrade :") }),
    beside: "without the offer",
    judge: (seen) => refused(seen, [400]),
  },
  {
    id: "folded",
    title: "a folded Upgrade is refused, or read as one line",
    clause: "RFC 9112 section 5.2",
    plan: (target) => ({ sends: get(target, ["Connection: Upgrade", `Upgrade:\r\n ${unknownProtocol}`]) }),
    beside: "without the offer",
    judge: (seen, without) => ordinary(seen, without, [400]),
  },
  {
    id: "bare-cr",
    title: "a bare CR within Upgrade ends no line",
    clause: "RFC 9112 section 2.2",
    plan: (target) => ({
      sends: get(target, ["Connection: Upgrade", `Upgrade: ${unknownProtocol}\rTransfer-Encoding: chunked`]),
    }),
    beside: "without the offer",
    judge: (seen, without) =>
      closedSilently(seen) && silenceOf(without) === undefined ? ok("closed") : ordinary(seen, without, [400]),
  },
  {
    id: "option-length",
    title: "Connection that names Content-Length takes nothing away",
    clause: "RFC 9110 section 7.6.1",
    plan: (target) => {
      const inner = get(target);
      const fields = [
        "Connection: Upgrade, Content-Length, Host",
        offerOfUnknown[1]!,
        `Content-Length: ${inner.length}`,
      ];
      return { sends: request(`POST ${target.path} HTTP/1.1`, target, fields, inner) };
    },
    beside: "without the offer",
    judge: ordinary,
  },
];
