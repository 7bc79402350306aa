import { expect } from "chai";
import type { Entry, Ratios } from "../../bench/results/history.ts";
import { summaryOf } from "../../bench/results/summary.ts";

function ran(node: string, suites: Readonly<Record<string, Ratios>>): Entry {
  return { date: "2026-11-24T12:00:00.000Z", node, cpu: "a processor", cores: 2, form: "full", suites };
}

const old = ran("20.20.2", {
  wire: { "keep-alive": { turnout: [0.8, 0.9, 1], "node:http": [0.4, 0.5, 0.6], "uWebSockets.js": [1, 1.2, 1.3] } },
  websocket: { "echo-32": { turnout: [1, 1.01, 1.02], ws: [0.5, 0.6, 0.7] } },
  parser: {
    "modern/verdict": { turnout: [4, 4.04, 5] },
    "modern/three": { turnout: [2, 2.45, 3] },
    "modern/all": { turnout: [1, 1.7, 2] },
  },
});

describe("what the package's README says about speed", () => {
  it("has a column for each that was measured, and a row for each that the chart shows", () => {
    expect(summaryOf([old]).split("\n")).to.deep.equal([
      "November 2026, 2 cores of a processor, Node 20.20.2; exchanges by processor time of the server:",
      "",
      "| to a bare `node:net` server | Turnout | node:http, and ws on it | uWebSockets.js, in C++ |",
      "|---|---|---|---|",
      "| HTTP GET, keep-alive | 0.90 | 0.50 | 1.20 |",
      "| WebSocket echo, 32 B | 1.01 | 0.60 |  |",
      "",
      "The parser checks a browser's request head 4.0 times as fast as Node's own (llhttp); with three fields read 2.5 times, with all of them 1.7 times.",
      "",
    ]);
  });

  it("has further columns for another version of Node, and leaves blank what was not measured there", () => {
    const recent = ran("26.10.0", {
      wire: { "keep-alive": { turnout: [0.8, 0.95, 1], "node:http": [0.4, 0.55, 0.6] } },
      parser: old.suites["parser"]!,
    });
    expect(summaryOf([old, recent]).split("\n")).to.deep.equal([
      "November 2026, 2 cores of a processor, Node 20.20.2 and 26.10.0; exchanges by processor time of the server:",
      "",
      "| to a bare `node:net` server | Turnout | node:http, and ws on it | uWebSockets.js, in C++ | Turnout, Node 26 | node:http, and ws on it, Node 26 |",
      "|---|---|---|---|---|---|",
      "| HTTP GET, keep-alive | 0.90 | 0.50 | 1.20 | 0.95 | 0.55 |",
      "| WebSocket echo, 32 B | 1.01 | 0.60 |  |  |  |",
      "",
      "The parser checks a browser's request head 4.0 times as fast as Node's own (llhttp); with three fields read 2.5 times, with all of them 1.7 times; on Node 26 4.0, 2.5, 1.7.",
      "",
    ]);
  });
});
