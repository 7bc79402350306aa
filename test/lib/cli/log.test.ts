import { expect } from "chai";
import { jsonLine, type LogEntry, plainLine, timeOfDay } from "../../../lib/cli/log.ts";

const time = new Date(2026, 0, 2, 3, 4, 5, 6);

const entries: readonly (readonly [entry: LogEntry, says: string])[] = [
  [{ event: "answered", status: 200, method: "GET", target: "/a?b" }, "200 GET /a?b"],
  [
    { event: "switched", token: "echo/1", method: "POST", target: "/x", durationMs: 1.26 },
    "101 POST /x -> echo/1, 1.3 ms",
  ],
  [{ event: "opened", token: "TLS" }, "--- TLS"],
  [{ event: "refused", status: 400, code: "ERR_A", message: "no host" }, "400 ERR_A: no host"],
  [{ event: "refused", status: 0, code: "ERR_A", message: "no TLS" }, "--- ERR_A: no TLS"],
  [{ event: "fault", code: "ERR_B", message: "it threw", cause: "Error: why" }, "!!! ERR_B: it threw: Error: why"],
  [{ event: "draining", signal: "SIGTERM" }, "--- SIGTERM: draining"],
  [{ event: "drained", durationMs: 12.4 }, "--- closed after 12 ms"],
];

describe("what the demonstration server says of an event", () => {
  for (const [entry, says] of entries) {
    it(`${entry.event}: ${says}`, () => {
      expect(plainLine(entry, time, (_style, text) => text)).to.equal(`03:04:05.006 ${says}`);
    });

    it(`${entry.event} as JSON: ${says}`, () => {
      expect(JSON.parse(jsonLine(entry, time))).to.deep.equal({ time: time.toISOString(), ...entry });
    });
  }

  it("is one line, and nothing that a terminal obeys", () => {
    const entry: LogEntry = { event: "fault", code: "E", message: "a\r\nb\x1b[2J\x9b\u2028", cause: "\tü" };
    expect(plainLine(entry, time, (_style, text) => text)).to.equal(
      "03:04:05.006 !!! E: a\\r\\nb\\x1b[2J\\x9b\\x2028: \\tü",
    );
  });

  it("has styles for the time and the status", () => {
    const styled = (style: unknown, text: string): string => `<${String(style)}>${text}</>`;
    const statuses = ([200, 304, 404, 500] as const).map((status) =>
      plainLine({ event: "answered", status, method: "GET", target: "/" }, time, styled),
    );
    expect(statuses).to.deep.equal([
      "<dim>03:04:05.006</> <green>200</> GET /",
      "<dim>03:04:05.006</> <green>304</> GET /",
      "<dim>03:04:05.006</> <yellow>404</> GET /",
      "<dim>03:04:05.006</> <yellow>500</> GET /",
    ]);
  });

  it("tells the time of the day to the millisecond", () => {
    expect(timeOfDay(new Date(2026, 11, 31, 23, 59, 59, 999))).to.equal("23:59:59.999");
  });
});
