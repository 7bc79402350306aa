import { assert } from "chai";
import type { Server } from "turnout";
import { prometheus } from "turnout/metrics";
import { requirePython, run } from "../support/client-program.ts";
import { getTwo, nextClosed, underTest, upgradeTo } from "../support/exchanges.ts";
import { LineProtocol } from "../support/modules.ts";

/** Scrapes as Prometheus does, and prints what the parser makes of it. */
const script = `
import sys, urllib.request
from prometheus_client.parser import text_string_to_metric_families

with urllib.request.urlopen(sys.argv[1]) as response:
    print(response.headers["Content-Type"])
    for family in text_string_to_metric_families(response.read().decode()):
        print(family.name, family.type)
        for sample in family.samples:
            if sample.name != "turnout_handshake_seconds" and not sample.name.endswith("_sum") and "bytes" not in sample.name:
                print(" ", sample.name, sample.labels, sample.value)
            assert sample.value >= 0
`;

describe("Prometheus' own parser, in Python", () => {
  let python: string;

  before(function () {
    python = requirePython(this, "prometheus_client.parser", ["python3", "/usr/bin/python3"]);
  });

  it("reads every metric", () => {
    let scraped: Server | undefined;
    return underTest(
      async ({ connect, server, port }) => {
        scraped = server;
        await (await connect()).send(upgradeTo("line/1")).takeUntil("\r\n\r\nline/1 GET /x");
        const closed = nextClosed(server);
        await (await connect()).send(`${getTwo}GET\r\n\r\n`).end().rest();
        await closed;
        const { code, stdout, stderr } = await run(python, ["-c", script, `http://127.0.0.1:${port}/metrics`]);
        assert.equal(code, 0, stderr);
        assert.deepEqual(stdout.toString().trimEnd().split("\n"), [
          "text/plain; version=0.0.4; charset=utf-8",
          "turnout_connections_open gauge",
          "  turnout_connections_open {} 2.0",
          "turnout_connections_accepted counter",
          "  turnout_connections_accepted_total {} 3.0",
          "turnout_answered counter",
          "  turnout_answered_total {'status': '200'} 1.0",
          "turnout_switched counter",
          "  turnout_switched_total {'protocol': 'line/1'} 1.0",
          "turnout_switched_open gauge",
          "  turnout_switched_open {'protocol': 'line/1'} 1.0",
          "turnout_handshake_seconds summary",
          "  turnout_handshake_seconds_count {'protocol': 'line/1'} 1.0",
          "turnout_refused counter",
          "  turnout_refused_total {'code': 'ERR_TURNOUT_METHOD'} 1.0",
          "turnout_faults counter",
          "turnout_bytes counter",
          "turnout_wire_bytes counter",
        ]);
      },
      {
        protocols: [new LineProtocol(["line/1"])],
        respond: () => prometheus(scraped!.stats()),
      },
    );
  });

  it("reads a label as it was before it was escaped", async () => {
    const odd = 'a\\b"c\nd\\n';
    const { body } = prometheus({
      open: 0,
      accepted: 0,
      bytesRead: 0,
      bytesWritten: 0,
      answered: {},
      switched: { [odd]: { open: 0, total: 1 } },
      bytes: {},
      handshakes: {},
      refused: {},
      faults: {},
      unanswered: 0,
    });
    const reading = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families
print(json.dumps([s.labels["protocol"] for f in text_string_to_metric_families(sys.stdin.read()) for s in f.samples if "protocol" in s.labels]))
`;
    const { code, stdout, stderr } = await run(python, ["-c", reading], body);
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(String(stdout)), [odd, odd]);
  });
});
