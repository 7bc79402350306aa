import { expect } from "chai";
import type { Judgement } from "../../../lib/cli/probe/case.ts";
import { allCases } from "../../../lib/cli/probe/cases.ts";
import { jsonOf, tableOf } from "../../../lib/cli/probe/report.ts";
import type { Outcome } from "../../../lib/cli/probe/runner.ts";
import { closing, seenOf, someTarget } from "../../support/probe-seen.ts";

function outcome(id: string, judgement: Judgement, received: string | undefined = closing(200)): Outcome {
  const one = allCases.find((other) => other.id === id)!;
  return {
    case: one,
    seen: received === undefined ? undefined : seenOf(one.plan(someTarget), received),
    ...judgement,
  };
}

const outcomes = [
  outcome("unknown", { verdict: "ok", reason: "200, as without Upgrade" }),
  outcome("required", { verdict: "not applicable", reason: "200, no 426" }),
  outcome("h2", { verdict: "warning", reason: "400, and 200 without Upgrade" }, "HTTP/1.1 400 \x1b[31m\r\n\xff"),
  outcome("h2c-curl", { verdict: "fails", reason: "no answer came in time" }, ""),
];
const untried: Outcome = {
  ...outcome("ws-open", { verdict: "not applicable", reason: "no --websocket PATH" }),
  seen: undefined,
};

describe("the table of turnout probe", () => {
  it("is aligned, and counted", () => {
    expect(tableOf([...outcomes, untried], { colour: false, verbose: false })).to.equal(
      `Offers
  ok              unknown   an unknown protocol is passed over                RFC 9110 section 7.8        200, as without Upgrade
  not applicable  required  426 names the protocols, and Connection           RFC 9110 section 15.5.22    200, no 426

HTTP/2
  warning         h2        h2 is no token of Upgrade                         RFC 7540 section 3.2        400, and 200 without Upgrade
  fails           h2c-curl  h2c as curl offers it: an answer, or a right 101  RFC 7540 section 3.2        no answer came in time

WebSocket: no --websocket PATH

5 cases: 1 ok, 1 warning, 1 failed, 2 not applicable
`,
    );
  });

  it("--verbose shows the bytes of what is not ok, escaped", () => {
    const table = tableOf(outcomes, { colour: false, verbose: true });
    expect(table).to.include("      > GET /x HTTP/1.1\\r\\n\n      > Host: h\\r\\n\n");
    expect(table).to.include("      > Upgrade: h2\\r\\n\n");
    expect(table).to.include("      < HTTP/1.1 400 \\x1b[31m\\r\\n\n      < \\xff\n");
    expect(table).not.to.include("turnout-probe/1"); // that one is ok
    expect(table).to.match(/^[ -~\n]+$/);
  });

  it("--verbose shows the beginning of what is long", () => {
    const long = outcome("h2", { verdict: "fails", reason: "x" }, "z".repeat(3_000));
    expect(tableOf([long], { colour: false, verbose: true })).to.include("z\n      < ... 1000 bytes more\n");
  });

  it("colour changes nothing of the text", () => {
    const coloured = tableOf(outcomes, { colour: true, verbose: false });
    expect(coloured).to.include("\x1b[31mfails");
    // biome-ignore lint/complexity/useRegexLiterals: the escape character is meant
    const plain = coloured.replaceAll(new RegExp("\\x1b\\[\\d+m", "g"), "");
    expect(plain).to.equal(tableOf(outcomes, { colour: false, verbose: false }));
  });
});

describe("the JSON of turnout probe", () => {
  it("has each case, and counts them", () => {
    const { url, cases, summary } = JSON.parse(
      jsonOf("http://h/x", [...outcomes, untried], { colour: false, verbose: false }),
    );
    expect(url).to.equal("http://h/x");
    expect(cases).to.have.length(5);
    expect(cases[3]).to.deep.equal({
      id: "h2c-curl",
      title: "h2c as curl offers it: an answer, or a right 101",
      clause: "RFC 7540 section 3.2",
      verdict: "fails",
      reason: "no answer came in time",
    });
    expect(summary).to.deep.equal({ ok: 1, warning: 1, fails: 1, "not applicable": 2 });
  });

  it("with --verbose also the bytes of what is not ok", () => {
    const { cases } = JSON.parse(jsonOf("http://h/x", [...outcomes, untried], { colour: false, verbose: true }));
    expect(cases[0]).not.to.have.property("sent");
    expect(cases[2].sent).to.match(/^GET \/x HTTP\/1\.1\r\n.*Upgrade: h2\r\n/s);
    expect(cases[2].received).to.equal("HTTP/1.1 400 \x1b[31m\r\n\xff");
    expect(cases[4]).not.to.have.property("sent");
  });
});
