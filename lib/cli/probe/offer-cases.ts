import { membersOf, namesOption } from "./answers.ts";
import { type Case, get, offerOfUnknown, post, request, unknownProtocol } from "./case.ts";
import { offerOfHttp2 } from "./h2c-cases.ts";
import { fails, finalsIn, notApplicable, ok, ordinary, silenceOf, switchIn, warning } from "./judgement.ts";

/** What an intermediary may be made to believe that it is a request of its own. */
const smuggled = "GET /turnout-probe-smuggled HTTP/1.1\r\nHost: smuggled.invalid\r\n\r\n";

/** RFC 9110 section 7.8: offers that nobody takes, and what is no offer. */
export const offerCases: readonly Case[] = [
  {
    id: "unasked",
    title: "without Upgrade nothing is switched",
    clause: "RFC 9110 section 7.8",
    plan: (target) => ({ sends: get(target) }),
    beside: "without the offer",
    judge: (seen) => {
      const [first] = finalsIn(seen);
      if (switchIn(seen) !== undefined || first === undefined) {
        return fails(silenceOf(seen) ?? "101, although nothing was offered");
      }
      return finalsIn(seen).length > seen.due ? fails("it is answered twice") : ok(`${first.status}`);
    },
  },
  {
    id: "unknown",
    title: "an unknown protocol is passed over",
    clause: "RFC 9110 section 7.8",
    plan: (target) => ({ sends: get(target, offerOfUnknown) }),
    beside: "without the offer",
    judge: ordinary,
  },
  {
    id: "behind-get",
    title: "a request behind it is answered, once",
    clause: "RFC 9112 section 9.3.2",
    plan: (target) => ({ sends: get(target, offerOfUnknown) + get(target), requests: 2 }),
    beside: "without the offer",
    judge: ordinary,
  },
  {
    id: "behind-post",
    title: "content behind it is not read as a request",
    clause: "RFC 9112 section 6.3",
    plan: (target) => ({
      sends:
        get(target, offerOfUnknown) +
        request(`POST ${target.path} HTTP/1.1`, target, [`Content-Length: ${smuggled.length}`], smuggled),
      requests: 2,
    }),
    beside: "without the offer",
    judge: ordinary,
  },
  {
    id: "lone-option",
    title: "Connection: upgrade without Upgrade is nothing",
    clause: "RFC 9110 section 7.8",
    plan: (target) => ({ sends: get(target, ["Connection: upgrade"]) }),
    beside: "without the offer",
    judge: ordinary,
  },
  {
    id: "no-option",
    title: "Upgrade that Connection does not name is nothing",
    clause: "RFC 9110 section 7.8",
    plan: (target) => ({
      sends: get(target, ["Connection: HTTP2-Settings", `Upgrade: h2c, ${unknownProtocol}`, ...offerOfHttp2.slice(2)]),
    }),
    beside: "without the offer",
    judge: ordinary,
  },
  {
    id: "http-1.0",
    title: "over HTTP/1.0 nothing is switched",
    clause: "RFC 9110 section 7.8",
    plan: (target) => ({ sends: request(`GET ${target.path} HTTP/1.0`, target, offerOfHttp2) }),
    beside: "without the offer",
    judge: ordinary,
  },
  {
    id: "malformed",
    title: "a malformed list breaks nothing",
    clause: "RFC 9110 section 7.8",
    plan: (target) => ({ sends: get(target, ["Connection: Upgrade", 'Upgrade: turnout probe/1, "x", /2, a//b;c=d']) }),
    beside: "without the offer",
    judge: (seen, without) => ordinary(seen, without, [400]),
  },
  {
    id: "empty-list",
    title: "a list of empty members is passed over",
    clause: "RFC 9110 section 5.6.1.2",
    plan: (target) => ({ sends: get(target, ["Connection: Upgrade", "Upgrade: , ,"]) }),
    beside: "without the offer",
    judge: ordinary,
  },
  {
    id: "long-list",
    title: "a long list, on two lines, is passed over",
    clause: "RFC 9110 section 5.3",
    plan: (target) => {
      const many = Array.from({ length: 40 }, (_, index) => `${unknownProtocol}.${index}`).join(", ");
      return { sends: get(target, ["Connection: Upgrade", `Upgrade: ${many}`, `Upgrade: ${many}`]) };
    },
    beside: "without the offer",
    judge: (seen, without) => ordinary(seen, without, [400, 431]),
  },
  {
    id: "absolute-form",
    title: "an offer in the absolute form is passed over",
    clause: "RFC 9112 section 3.2.2",
    plan: (target) => {
      const scheme = target.secure ? "https" : "http";
      const line = `GET ${scheme}://${target.authority}${target.path} HTTP/1.1`;
      return { sends: request(line, target, offerOfUnknown) };
    },
    beside: "without the offer",
    judge: ordinary,
  },
  {
    id: "expect",
    title: "100-continue beside an offer is answered",
    clause: "RFC 9110 section 10.1.1",
    plan: (target) => ({
      sends: post(target, [...offerOfUnknown, "Expect: 100-continue"]).slice(0, -"hello".length),
      content: "hello",
    }),
    beside: "without the offer",
    judge: ordinary,
  },
  {
    id: "required",
    title: "426 names the protocols, and Connection",
    clause: "RFC 9110 section 15.5.22",
    plan: (target) => ({ sends: get(target, [], target.webSocketPath) }),
    beside: "without the offer",
    judge: (seen) => {
      const [first] = finalsIn(seen);
      if (first === undefined) {
        return fails(silenceOf(seen) ?? "101, although nothing was offered");
      }
      if (first.status !== 426) {
        return notApplicable(`${first.status}, no 426`);
      }
      const protocols = membersOf(first, "upgrade");
      return protocols.length === 0 || !namesOption(first, "upgrade")
        ? fails("426 without Upgrade")
        : ok(`426, ${protocols.join(", ")}`);
    },
  },
  {
    id: "tls",
    title: "TLS as ipptool offers it: an answer, or a right 101",
    clause: "RFC 2817 section 3.2",
    plan: (target) => ({
      sends: request("OPTIONS * HTTP/1.1", target, ["Connection: Upgrade", "Upgrade: TLS/1.2,TLS/1.1,TLS/1.0"]),
    }),
    beside: "without the offer",
    judge: (seen, without) => {
      const answer = switchIn(seen);
      if (answer === undefined) {
        return ordinary(seen, without);
      }
      const protocols = membersOf(answer, "upgrade");
      return protocols.length > 1
        ? ok(`101, ${protocols.join(", ")}`)
        : warning(`101, ${protocols[0]}, without what runs above it (RFC 2817 section 3.3)`);
    },
  },
];
