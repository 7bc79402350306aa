import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "chai";
import { type Run, requireClient, run } from "../support/client-program.ts";
import { answerTo, assertOpenedOnce, assertSwitchedOnce, speakingHttp2, summaryOf } from "../support/interop-http2.ts";
import { Random } from "../support/random.ts";

/** Runs nghttp or h2load, which do not fail when a request does: what they print has to be looked at. */
async function ran(name: string, args: readonly string[]): Promise<Run> {
  const done = await run(name, args);
  assert.equal(done.code, 0, done.stderr);
  return done;
}

/** The statuses that `nghttp -nv` prints, of final answers. */
function statusesIn({ stdout }: Run): string[] {
  return [...stdout.toString().matchAll(/recv \(stream_id=\d+\) :status: ([2-5]\d\d)$/gm)].map(([, status]) => status!);
}

/** What h2load counted. */
function countsIn({ stdout }: Run): Record<string, number> {
  const line = /^requests: (.+)$/m.exec(stdout.toString())?.[1] ?? "";
  return Object.fromEntries(line.split(", ").map((count) => [count.split(" ")[1]!, Number.parseInt(count, 10)]));
}

describe("nghttp2's clients", () => {
  let folder: string;

  before(async function () {
    requireClient(this, "nghttp", "--version");
    requireClient(this, "h2load", "--version");
    folder = await mkdtemp(join(tmpdir(), "turnout-nghttp-"));
  });

  after(async () => {
    if (folder !== undefined) {
      await rm(folder, { recursive: true });
    }
  });

  const file = async (length: number): Promise<string> => {
    const path = join(folder, String(length));
    await writeFile(path, new Random(1).bytes(length));
    return path;
  };

  for (const { title, upgrade, assertOnce, first } of [
    // With -d nghttp asks for the upgrade by a request of its own.
    { title: "nghttp -u", upgrade: ["-u"], assertOnce: assertSwitchedOnce, first: ["OPTIONS * 2.0 0"] },
    { title: "nghttp, prior knowledge", upgrade: [], assertOnce: assertOpenedOnce, first: [] },
  ]) {
    describe(title, () => {
      it("GET", () =>
        speakingHttp2(async (server) => {
          const { stdout } = await ran("nghttp", [...upgrade, `${server.url}/a?b=c`]);
          assert.equal(stdout.toString(), answerTo("GET", "/a?b=c", "2.0"));
          assert.deepEqual(summaryOf(server.seen), ["GET /a?b=c 2.0 0"]);
          assertOnce(server);
        }));

      it("500 GETs on one connection, by -m 500", () =>
        speakingHttp2(async (server) => {
          const done = await ran("nghttp", ["-nv", ...upgrade, "-m", "500", `${server.url}/many`]);
          assert.deepEqual(statusesIn(done), Array<string>(500).fill("200"));
          assert.deepEqual(summaryOf(server.seen), Array<string>(500).fill("GET /many 2.0 0"));
          assertOnce(server);
        }));

      for (const length of [0, 60_000, 300_000]) {
        it(`POST of ${length} bytes, by -d`, () =>
          speakingHttp2(async (server) => {
            const done = await ran("nghttp", ["-v", ...upgrade, "-d", await file(length), `${server.url}/echo`]);
            assert.include(done.stdout.toString(), answerTo("POST", "/echo", "2.0", length));
            assert.deepEqual(
              statusesIn(done),
              [...first, "POST"].map(() => "200"),
            );
            assert.sameMembers(summaryOf(server.seen), [...first, `POST /echo 2.0 ${length}`]);
            assertOnce(server);
          }));
      }

      it("POST that expects a 100, with trailers", () =>
        speakingHttp2(async (server) => {
          const args = ["-v", ...upgrade, "--expect-continue", "--trailer", "x-sum: 1", "-d", await file(60_000)];
          const done = await ran("nghttp", [...args, `${server.url}/echo`]);
          assert.match(done.stdout.toString(), /recv \(stream_id=\d+\) :status: 100$/m);
          assert.equal(statusesIn(done).at(-1), "200");
          assert.sameMembers(summaryOf(server.seen), [...first, "POST /echo 2.0 60000"]);
          assertOnce(server);
        }));

      it("trailers behind the answer", () =>
        speakingHttp2(async (server) => {
          const { stdout } = await ran("nghttp", ["-v", ...upgrade, `${server.url}/trailers`]);
          const text = stdout.toString();
          assert.match(
            text,
            /recv \(stream_id=\d+\) x-seen: 1\n.*recv HEADERS frame <[^>]*>\n *; END_STREAM \| END_HEADERS/s,
          );
          assert.isBelow(text.indexOf(answerTo("GET", "/trailers", "2.0")), text.indexOf("x-seen: 1"));
          assertOnce(server);
        }));

      it("24 KB of fields, by --continuation, in padded frames", () =>
        speakingHttp2(
          async (server) => {
            const args = ["-v", ...upgrade, "--continuation", "-b", "100", "-m", "2"];
            assert.deepEqual(statusesIn(await ran("nghttp", [...args, `${server.url}/long`])), ["200", "200"]);
            const { headers } = server.seen.find(({ request }) => request.headers.has("continuation-test-6"))!.request;
            assert.isAbove([...headers].map(([, value]) => value).join("").length, 24_000);
            assertOnce(server);
          },
          { http2: { limits: { maxHeaderListBytes: 65_536 } }, limits: { maxHeadBytes: 65_536 } },
        ));

      it("windows of 1 KB", () =>
        speakingHttp2(async (server) => {
          const args = ["-nv", ...upgrade, "-w", "10", "-W", "10", "-m", "200"];
          assert.lengthOf(statusesIn(await ran("nghttp", [...args, `${server.url}/small`])), 200);
          assert.lengthOf(server.seen, 200);
          assertOnce(server);
        }));
    });
  }

  for (const { title, args, version } of [
    { title: "10 connections, 10 streams each", args: ["-c", "10", "-m", "10"], version: "2.0" },
    { title: "1 connection, 100 streams", args: ["-c", "1", "-m", "100"], version: "2.0" },
    { title: "HTTP/1.1 beside it, 10 pipelined", args: ["-c", "10", "-m", "10", "-p", "http/1.1"], version: "1.1" },
  ]) {
    it(`h2load, 3,000 requests, ${title}: none fails`, () =>
      speakingHttp2(async ({ url, seen, opened, sockets }) => {
        const done = await ran("h2load", ["-n", "3000", ...args, `${url}/load`]);
        assert.deepEqual(countsIn(done), {
          total: 3000,
          started: 3000,
          done: 3000,
          succeeded: 3000,
          failed: 0,
          errored: 0,
          timeout: 0,
        });
        assert.match(done.stdout.toString(), /^status codes: 3000 2xx, 0 3xx, 0 4xx, 0 5xx$/m);
        assert.deepEqual(summaryOf(seen), Array<string>(3000).fill(`GET /load ${version} 0`));
        assert.lengthOf(sockets, Number(args[1]));
        assert.lengthOf(opened, version === "2.0" ? sockets.length : 0);
      }));
  }

  it("h2load, 1,000 POSTs of 20 KB, 10 connections, 10 streams each: none fails", () =>
    speakingHttp2(async ({ url, seen }) => {
      const done = await ran("h2load", ["-n", "1000", "-c", "10", "-m", "10", "-d", await file(20_000), `${url}/load`]);
      assert.deepInclude(countsIn(done), { succeeded: 1000, failed: 0 });
      assert.deepEqual(summaryOf(seen), Array<string>(1000).fill("POST /load 2.0 20000"));
    }));
});
