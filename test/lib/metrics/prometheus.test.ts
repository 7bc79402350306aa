import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { Server, ServerStats } from "turnout";
import { prometheus } from "turnout/metrics";
import { getTwo, underTest, upgradeTo } from "../../support/exchanges.ts";
import { packageRoot } from "../../support/package-root.ts";

const stats: ServerStats = {
  open: 3,
  accepted: 14,
  bytesRead: 1500,
  bytesWritten: 92_653,
  answered: { 200: 5, 404: 1 },
  switched: { websocket: { open: 2, total: 7 } },
  bytes: { "HTTP/1.1": { bytesRead: 10, bytesWritten: 20 } },
  handshakes: { websocket: { count: 7, sumMs: 3.5, p50Ms: 0.25, p99Ms: 2, maxMs: 2 } },
  refused: { ERR_TURNOUT_HOST: 4 },
  faults: { ERR_TURNOUT_RESPOND: 1 },
  unanswered: 0,
};

/** The lines of one metric. */
function samplesOf(name: string, given: ServerStats = stats): string[] {
  return prometheus(given)
    .body.split("\n")
    .filter((line) => line.startsWith(name));
}

describe("prometheus", () => {
  it("says which format it is", () => {
    expect(prometheus(stats).headers).to.deep.equal({ "Content-Type": "text/plain; version=0.0.4; charset=utf-8" });
  });

  it("has every count, under its name and labels", () => {
    const samples = prometheus(stats)
      .body.trimEnd()
      .split("\n")
      .filter((line) => !line.startsWith("#"));
    expect(samples).to.deep.equal([
      "turnout_connections_open 3",
      "turnout_connections_accepted_total 14",
      'turnout_answered_total{status="200"} 5',
      'turnout_answered_total{status="404"} 1',
      'turnout_switched_total{protocol="websocket"} 7',
      'turnout_switched_open{protocol="websocket"} 2',
      'turnout_handshake_seconds{protocol="websocket",quantile="0.5"} 0.00025',
      'turnout_handshake_seconds{protocol="websocket",quantile="0.99"} 0.002',
      'turnout_handshake_seconds_sum{protocol="websocket"} 0.0035',
      'turnout_handshake_seconds_count{protocol="websocket"} 7',
      'turnout_refused_total{code="ERR_TURNOUT_HOST"} 4',
      'turnout_faults_total{code="ERR_TURNOUT_RESPOND"} 1',
      'turnout_bytes_total{protocol="HTTP/1.1",direction="in"} 10',
      'turnout_bytes_total{protocol="HTTP/1.1",direction="out"} 20',
      'turnout_wire_bytes_total{direction="in"} 1500',
      'turnout_wire_bytes_total{direction="out"} 92653',
    ]);
  });

  it("each metric begins with its HELP and its TYPE, once, and ends in a line feed", () => {
    const { body } = prometheus(stats);
    expect(body.endsWith("\n")).to.equal(true);
    const names = [...body.matchAll(/^# HELP (\S+) \S.*\.\n# TYPE (\S+) (?:counter|gauge|summary)\n/gm)];
    expect(names).to.have.length(10);
    expect(names.every(([, help, type]) => help === type)).to.equal(true);
    expect(new Set(names.map(([, name]) => name))).to.have.length(10);
  });

  it("a label's backslash, quotation mark and line feed are escaped", () => {
    const odd = { ...stats, switched: { 'a\\b"c\nd': { open: 0, total: 1 } } };
    expect(samplesOf("turnout_switched_total", odd)).to.deep.equal([
      'turnout_switched_total{protocol="a\\\\b\\"c\\nd"} 1',
    ]);
  });

  it("the README's table has the names, the types and the labels", () => {
    const readme = readFileSync(join(packageRoot, "README.md"), "utf8");
    const said = [...readme.matchAll(/^\| `(turnout_\w+)` \| (\w+) \| (.*)\|$/gm)].map(([, name, type, labels]) => ({
      name: name!,
      type: type!,
      labels: [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label!),
    }));
    const real = [...prometheus(stats).body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => ({
      name: name!,
      type: type!,
      labels: [...samplesOf(name!)[0]!.matchAll(/(\w+)="/g)].map(([, label]) => label!),
    }));
    expect(said).to.deep.equal(real);
  });

  it("is what a server answers to whoever scrapes it", () => {
    let scraped: Server | undefined;
    return underTest(
      async ({ connect, server }) => {
        scraped = server;
        await (await connect()).send(upgradeTo("echo/1")).takeUntil("GET /x\r\n");
        const scrape = await (await connect()).send(getTwo).response();
        expect(scrape.field("content-type")).to.equal("text/plain; version=0.0.4; charset=utf-8");
        expect(scrape.body).to.include('turnout_switched_open{protocol="echo/1"} 1\n');
      },
      { respond: () => prometheus(scraped!.stats()) },
    );
  });
});
