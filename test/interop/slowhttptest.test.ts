import type { AddressInfo } from "node:net";
import { assert } from "chai";
import { createServer, type Server } from "turnout";
import { requireClient, run } from "../support/client-program.ts";
import { RequestLoad } from "../support/request-load.ts";

const attackers = 8;

/** A server with short deadlines. What it answers at `/large` is more than the systems on both sides hold. */
async function served(test: (server: Server, port: number) => Promise<void>): Promise<void> {
  const large = Buffer.alloc(1 << 24);
  const server = createServer({
    timeouts: { headMs: 1_000, bodyMs: 1_000, stallMs: 1_000 },
    respond: async (request) => ({
      body: request.path === "/large" ? large : `answered ${(await request.bytes()).length}\n`,
    }),
  });
  const { port } = (await server.listen({ port: 0, host: "127.0.0.1" })) as AddressInfo;
  try {
    await test(server, port);
  } finally {
    await server.close({ graceMs: 0 });
  }
}

/** Counts the connections that the server closes with an error, by its code. */
function failuresOf(server: Server): Record<string, number> {
  const failures: Record<string, number> = {};
  server.on("closed", (error) => {
    if (error !== undefined) {
      failures[error.code] = (failures[error.code] ?? 0) + 1;
    }
  });
  return failures;
}

describe("slowhttptest", () => {
  before(function () {
    requireClient(this, "slowhttptest", "-h");
  });

  for (const { title, args, path, code } of [
    {
      title: "-H: heads that never end",
      args: ["-H", "-x", "8"],
      path: "/",
      code: "ERR_TURNOUT_HEAD_TIMEOUT",
    },
    {
      title: "-B: content of which a little comes now and then",
      args: ["-B", "-s", "4096", "-x", "4"],
      path: "/",
      code: "ERR_TURNOUT_BODY_TIMEOUT",
    },
    {
      title: "-X: an answer that is read through a small window",
      args: ["-X", "-w", "512", "-y", "1024", "-n", "1", "-z", "512"],
      path: "/large",
      code: "ERR_TURNOUT_STALLED",
    },
  ] as const) {
    it(`${title}: every connection is closed in time, and others are answered meanwhile`, () =>
      served(async (server, port) => {
        const failures = failuresOf(server);
        const others = new RequestLoad(port, { fresh: 1, keeping: 1 });
        const { stdout } = await run("slowhttptest", [
          ...args,
          ...["-c", `${attackers}`, "-r", `${attackers}`, "-i", "1", "-l", "20"],
          ...["-u", `http://127.0.0.1:${port}${path}`],
        ]);
        const { lost, answered } = await others.stop();
        const said = plain(stdout);
        assert.match(said, /Exit status: No open connections left/); // otherwise "Hit test time limit"
        assert.notMatch(said, /service available: *NO/);
        assert.deepEqual(lost, []);
        assert.isAbove(answered, 10);
        const seen = { ...server.stats().refused, ...failures };
        assert.equal(seen[code], attackers, JSON.stringify(seen));
      }));
  }
});

/** Without colours. */
function plain(output: Buffer): string {
  return output.toString("latin1").replaceAll(/\x1b\[[\d;]*m/g, "");
}
