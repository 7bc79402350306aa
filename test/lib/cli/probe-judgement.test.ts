import { expect } from "chai";
import { type Seen, type Verdict, withoutOffer } from "../../../lib/cli/probe/case.ts";
import { allCases } from "../../../lib/cli/probe/cases.ts";
import { escaped, judge } from "../../../lib/cli/probe/judgement.ts";
import { handshake } from "../../../lib/cli/probe/websocket-cases.ts";
import { answer, closing, seenOf, someTarget, switching } from "../../support/probe-seen.ts";

type Example = readonly [expected: Verdict, received: string, ended?: Seen["ended"] | undefined];

const accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
const opened = switching("websocket", accept);

/** What holds of every case that compares with the same request without the offer. */
const ordinaryExamples = (fine: readonly number[]): readonly Example[] => [
  ["ok", answer(200) + closing(200)],
  ["ok", answer(200) + closing(200), "time"],
  ["ok", closing(200)],
  [fine.includes(400) ? "ok" : "warning", closing(400)],
  [fine.includes(431) ? "ok" : "warning", closing(431)],
  ["warning", closing(500)],
  ["fails", switching("turnout-probe/1")],
  ["fails", switching("websocket", accept)],
  ["fails", "", "time"],
  ["fails", "", "end"],
  ["fails", "", "reset"],
  ["fails", "", "unreachable"],
  ["fails", "HTTP/1.1 100 Continue\r\n\r\n".repeat(9), "bytes"],
  ["fails", "garbage", "enough"],
  ["fails", `${answer(200)}garbage`, "enough"],
  ["fails", answer(200) + answer(200) + closing(200)],
  ["fails", answer(200), "time"],
  ["warning", answer(200), "end"],
  ["fails", answer(200, "Upgrade: h2c\r\n") + closing(200)],
];

/** Of those with two requests in one piece. */
const behindExamples: readonly Example[] = [
  ["ok", answer(200) + answer(200) + closing(200)],
  ["ok", answer(200) + closing(200)],
  ["fails", answer(200) + answer(200) + answer(200) + closing(200)],
  ["warning", answer(200) + answer(404) + closing(200)],
  ["fails", answer(200), "time"],
  ["warning", answer(200), "end"],
  ["warning", closing(400)],
  ["fails", "", "time"],
  ["fails", switching("turnout-probe/1")],
];

/** Of those that have to be refused. */
const refusedExamples = (statuses: readonly number[], mustClose: boolean): readonly Example[] => [
  ...statuses.map((status): Example => ["ok", closing(status)]),
  ["ok", answer(statuses[0]!), "end"],
  [mustClose ? "fails" : "ok", answer(400) + closing(200)],
  ["fails", answer(400) + answer(400) + closing(200)],
  ["warning", closing(404)],
  ["warning", "", "end"],
  ["warning", "", "reset"],
  ["fails", "", "time"],
  ["fails", "garbage", "enough"],
  ["fails", closing(200)],
  ["fails", switching("h2c")],
  ["fails", opened],
];

const frame = (type: number, stream: number, payload = "", flags = 0): string =>
  String.fromCharCode(0, 0, payload.length, type, flags, 0, 0, 0, stream) + payload;
const settings = frame(4, 0, "\0\x03\0\0\0d");
const answered = frame(1, 1, "\x88", 4);

const h2cExamples: readonly Example[] = [
  ["ok", switching("h2c") + settings + answered, "enough"],
  ["ok", switching("H2C") + settings + frame(4, 0, "", 1) + answered, "enough"],
  ["ok", answer(200) + closing(200)],
  ["ok", `HTTP/1.1 100 Continue\r\n\r\n${answer(200)}${closing(200)}`],
  ["warning", closing(400)],
  ["fails", switching("h2c"), "time"],
  ["fails", switching("h2c") + answered + settings, "enough"],
  ["fails", switching("h2c") + frame(4, 0, "", 1) + answered, "enough"],
  ["fails", switching("h2c") + settings, "time"],
  ["fails", switching("h2c") + settings + frame(1, 3, "\x88", 4), "time"],
  ["fails", switching("h2c") + settings + answered.slice(0, -1), "end"],
  ["fails", switching("h2c") + answer(200), "enough"],
  ["fails", switching("h2"), "enough"],
  ["fails", "", "time"],
];

const opensExamples: readonly Example[] = [
  ["ok", opened, "enough"],
  ["ok", switching("WebSocket", accept), "enough"],
  ["fails", switching("websocket"), "enough"],
  ["fails", switching("websocket", "Sec-WebSocket-Accept: x\r\n"), "enough"],
  ["fails", switching("websocket", accept + accept), "enough"],
  ["fails", switching("websocket", `${accept}Sec-WebSocket-Protocol: chat\r\n`), "enough"],
  ["fails", switching("websocket", `${accept}Sec-WebSocket-Extensions: x\r\n`), "enough"],
  ["fails", switching("websocket", `${accept}Content-Length: 0\r\n`), "enough"],
  ["fails", switching("websocket", `${accept}Transfer-Encoding: chunked\r\n`), "enough"],
  ["fails", switching("chat", accept), "enough"],
  ["fails", `HTTP/1.1 101 S\r\nConnection: Upgrade\r\n${accept}\r\n`, "enough"],
  ["fails", `HTTP/1.1 101 S\r\nUpgrade: websocket\r\n${accept}\r\n`, "enough"],
  ["fails", "", "time"],
];

const staysClosedExamples: readonly Example[] = [
  ["ok", closing(400)],
  ["ok", answer(405) + closing(200)],
  ["warning", "", "end"],
  ["fails", "", "time"],
  ["fails", "garbage", "enough"],
];

const version = "Sec-WebSocket-Version: 13\r\n";
const upgrade = "Upgrade: websocket\r\n";

/** Each case with good and bad answers. */
const examples: Readonly<Record<string, readonly Example[]>> = {
  unasked: [
    ["ok", closing(404)],
    ["ok", answer(200) + closing(200)],
    ["fails", switching("h2c")],
    ["fails", answer(200) + answer(200) + closing(200)],
    ["fails", "", "time"],
  ],
  unknown: ordinaryExamples([]),
  "behind-get": behindExamples,
  "behind-post": behindExamples,
  "lone-option": ordinaryExamples([]),
  "no-option": [...ordinaryExamples([]), ["fails", switching("h2c")]],
  "http-1.0": [
    ...ordinaryExamples([]).filter(([, received]) => !received.includes(" 100 ")),
    ["fails", switching("h2c")],
    ["fails", `HTTP/1.1 100 Continue\r\n\r\n${closing(200)}`],
  ],
  malformed: ordinaryExamples([400]),
  "empty-list": ordinaryExamples([]),
  "long-list": ordinaryExamples([400, 431]),
  "absolute-form": ordinaryExamples([]),
  expect: [...ordinaryExamples([]), ["ok", `HTTP/1.1 100 Continue\r\n\r\n${answer(200)}${closing(200)}`]],
  required: [
    ["ok", closing(426, `Connection: Upgrade\r\n${upgrade}`)],
    ["fails", closing(426)],
    ["fails", closing(426, upgrade)],
    ["not applicable", closing(200)],
    ["fails", switching("websocket")],
    ["fails", "", "time"],
  ],
  tls: [
    ["ok", switching("TLS/1.2, HTTP/1.1")],
    ["warning", switching("TLS/1.2")],
    ["fails", switching("TLS/1.3, HTTP/1.1")],
    ["ok", closing(200)],
    ["fails", "", "time"],
  ],
  "cl-te": [
    ...refusedExamples([400], true).filter(([, received]) => received !== closing(200)),
    ["warning", closing(200)],
    ["fails", answer(200) + closing(200)],
  ],
  "two-lengths": refusedExamples([400], true),
  "te-not-last": refusedExamples([400, 501], true),
  "no-host": refusedExamples([400], false),
  "two-hosts": refusedExamples([400], false),
  "space-before-colon": refusedExamples([400], false),
  folded: ordinaryExamples([400]),
  "bare-cr": [
    ["ok", closing(400)],
    ["ok", "", "end"],
    ["fails", "", "time"],
    ["fails", switching("turnout-probe/1")],
  ],
  "option-length": ordinaryExamples([]),
  "h2c-curl": h2cExamples,
  "h2c-java": h2cExamples,
  "h2c-post": h2cExamples,
  "h2c-list": [
    ...h2cExamples.filter(([, received]) => received !== switching("h2")),
    ["ok", opened],
    ["fails", switching("websocket")],
  ],
  "h2c-expect": [
    ...h2cExamples.map(
      ([expected, received, ended]): Example => [
        received.startsWith("HTTP/1.1 101") ? "fails" : expected,
        received,
        ended,
      ],
    ),
    ["ok", `HTTP/1.1 100 Continue\r\n\r\n${switching("h2c")}${settings}${answered}`, "enough"],
    ["fails", `HTTP/1.1 100 Continue\r\n\r\n${switching("h2c")}`, "time"],
  ],
  "h2c-no-settings": [...ordinaryExamples([]), ["fails", switching("h2c")]],
  "h2c-two-settings": [...ordinaryExamples([]), ["fails", switching("h2c")]],
  "h2c-not-named": [...ordinaryExamples([]), ["warning", switching("h2c")]],
  h2: [...ordinaryExamples([]), ["fails", switching("h2")]],
  "ws-open": [...opensExamples, ["fails", closing(400)]],
  "ws-early-ping": [
    ["ok", `${opened}\x8a\x05probe`, "enough"],
    ["ok", `${opened}\x81\x02hi\x8a\x05probe`, "enough"],
    ["fails", opened, "time"],
    ["fails", `${opened}\x8a\x05prob`, "end"],
    ["fails", `${switching("websocket")}\x8a\x05probe`, "enough"],
    ["fails", closing(400)],
  ],
  "ws-case": [...opensExamples, ["fails", closing(400)]],
  "ws-keep-alive": [...opensExamples, ["fails", closing(400)]],
  "ws-list": [...opensExamples, ["warning", closing(400)]],
  "ws-absolute-form": [...opensExamples, ["fails", closing(404)]],
  "ws-behind-get": [
    ["ok", answer(200) + opened],
    ["fails", opened + answer(200)],
    ["warning", answer(200) + closing(400)],
    ["not applicable", closing(200)],
    ["fails", answer(200), "time"],
    ["fails", "", "time"],
  ],
  "ws-version": [
    ["ok", answer(426, `Connection: Upgrade\r\n${upgrade}${version}`) + closing(200)],
    ["warning", closing(400, version)],
    ["fails", closing(426, version)],
    ["fails", closing(400)],
    ["fails", opened],
    ["warning", closing(200)],
    ["fails", "", "time"],
  ],
  "ws-no-key": [...staysClosedExamples, ["fails", opened], ["warning", closing(200)]],
  "ws-short-key": [...staysClosedExamples, ["warning", opened], ["warning", closing(200)]],
  "ws-post": [...staysClosedExamples, ["fails", opened], ["warning", closing(200)]],
  "ws-http-1.0": [...staysClosedExamples, ["fails", opened], ["ok", closing(200)]],
  "ws-no-option": [...staysClosedExamples, ["fails", opened], ["ok", closing(200)]],
};

describe("the judgement of turnout probe", () => {
  it("has examples for every case, good and bad", () => {
    expect(Object.keys(examples)).to.deep.equal(allCases.map(({ id }) => id));
    for (const [id, given] of Object.entries(examples)) {
      const verdicts = new Set(given.map(([expected]) => expected));
      expect([...verdicts], id).to.include.members(["ok", "fails"]);
    }
  });

  for (const one of allCases) {
    describe(`${one.clause}: ${one.id}`, () => {
      const plan = one.plan(someTarget);
      const besidePlan = one.beside === "the handshake" ? handshake(someTarget) : withoutOffer(plan);
      const good = answer(200).repeat(plan.requests ?? 1) + closing(200);
      const beside = seenOf(besidePlan, one.beside === "the handshake" ? opened : good);

      for (const [expected, received, ended] of examples[one.id]!) {
        it(`${expected}: ${escaped(received).slice(0, 200)} ${ended ?? ""}`, () => {
          const { verdict, reason } = judge(one, seenOf(plan, received, ended), beside);
          expect(verdict, reason).to.equal(expected);
          expect(reason).to.match(/^[ -~]+$/);
        });
      }
    });
  }

  it("what is not answered without the offer either says nothing of the offer", () => {
    const unknown = allCases.find(({ id }) => id === "unknown")!;
    const plan = unknown.plan(someTarget);
    for (const [received, other] of [
      ["", ""],
      [closing(200), ""],
    ] as const) {
      const { verdict } = judge(unknown, seenOf(plan, received), seenOf(withoutOffer(plan), other));
      expect(verdict).to.equal("not applicable");
    }
  });

  it("where WebSocket does not open with a plain handshake, others say nothing", () => {
    for (const id of ["ws-case", "ws-behind-get"]) {
      const one = allCases.find((other) => other.id === id)!;
      const { verdict } = judge(
        one,
        seenOf(one.plan(someTarget), closing(404)),
        seenOf(handshake(someTarget), closing(404)),
      );
      expect(verdict).to.equal("not applicable");
    }
  });
});

describe("the bytes of turnout probe", () => {
  it("each case has a name, a title and a clause of its own kind", () => {
    expect(new Set(allCases.map(({ id }) => id)).size).to.equal(allCases.length);
    for (const { id, title, clause } of allCases) {
      expect(id).to.match(/^[a-z0-9.-]+$/);
      expect(title.length).to.be.within(10, 60);
      expect(clause).to.match(/^RFC \d{4} section \d+(\.\d+)*( \(\d\))?$/);
    }
  });

  it("without the offer nothing of it is left, and nothing else is missing", () => {
    const sends =
      "GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nupgrade:\r\n a\r\n\tb\r\nHTTP2-Settings: AA\r\n" +
      "X: Upgrade: y\r\nSec-WebSocket-Key: k\r\nContent-Length: 8\r\n\r\nUpgrade!";
    expect(withoutOffer({ sends, requests: 2, content: "c", switched: "s" })).to.deep.equal({
      sends: "GET /x HTTP/1.1\r\nHost: h\r\nX: Upgrade: y\r\nContent-Length: 8\r\n\r\nUpgrade!",
      requests: 2,
      content: "c",
    });
  });

  for (const one of allCases) {
    const { sends } = one.plan(someTarget);
    it(`${one.id}: a head that ends, for the target`, () => {
      expect(sends).to.match(/^(?:GET|POST|OPTIONS) (?:\/x|\/ws|\*|http:\/\/h\/(?:x|ws)) HTTP\/1\.[01]\r\n/);
      expect(sends).to.include("\r\n\r\n");
      if (one.id !== "no-host") {
        expect(sends).to.include("\r\nHost: h\r\n");
      }
    });
  }
});
