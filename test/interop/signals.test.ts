import { once } from "node:events";
import { connect } from "node:net";
import { assert } from "chai";
import { requireClient } from "../support/client-program.ts";
import { Conversation, exitCodeOf } from "../support/clients.ts";
import { Demonstration } from "../support/demonstration.ts";

describe("curl, whose request is under way when the server is told to end", () => {
  before(function () {
    requireClient(this, "curl", "--version");
  });

  /** Runs `test` with a server, and a curl that asks it for something. Both end, also when the test fails. */
  async function asking(
    path: string,
    args: readonly string[],
    test: (server: Demonstration, curl: Conversation) => Promise<void>,
  ): Promise<void> {
    const server = await Demonstration.start("--quiet");
    const curl = new Conversation("curl", ["--silent", "-v", ...args, new URL(path, server.url).href]);
    try {
      await test(server, curl);
    } finally {
      await curl.stop();
      server.child.kill("SIGKILL");
      await server.exited();
    }
  }

  /** The server has read what curl sent before: a later connection was answered. */
  async function readBy(server: Demonstration, curl: Conversation): Promise<void> {
    await curl.said(/^> (?:[^\r\n]+: [^\r\n]*\r\n> )+\r\n/m, "stderr");
    const response = await fetch(server.url, { headers: { Connection: "close" } });
    await response.text();
    assert.equal(response.status, 200);
  }

  it("SIGTERM: /delay/1000 is answered whole, and the exit code is 0", () =>
    asking("/delay/1000", ["--include"], async (server, curl) => {
      await readBy(server, curl);
      assert.equal(await exitCodeOf(server), 0);
      const { code, stdout } = await curl.end();
      assert.equal(code, 0);
      assert.match(stdout.toString(), /^HTTP\/1\.1 200 OK\r\n.*\r\nConnection: close\r\n.*\r\nwaited 1000 ms\n$/s);
    }));

  it("SIGTERM: what comes of an upload is still read and echoed, and the exit code is 0", () =>
    asking("/echo", ["-X", "POST", "-H", "Expect: 100-continue", "-T", "-"], async (server, curl) => {
      await curl.said(/^< HTTP\/1\.1 100 Continue\r\n/m, "stderr");
      server.signal("SIGTERM");
      const { code, stdout } = await curl.end("the rest");
      assert.deepEqual([code, stdout.toString()], [0, "the rest"]);
      assert.deepEqual(await server.exited(), [0, null]);
    }));

  for (const [second, exitCode] of [
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const) {
    it(`SIGTERM and then ${second}: it ends at once, without an answer`, () =>
      asking("/delay/10000", [], async (server, curl) => {
        const idle = connect(server.port, "127.0.0.1").resume();
        await once(idle, "connect");
        await readBy(server, curl);
        server.signal("SIGTERM");
        await once(idle, "end"); // it drains
        server.signal(second);
        assert.deepEqual(await server.exited(), [exitCode, null]);
        const { code, stdout } = await curl.end();
        assert.deepEqual([code, stdout.length], [52, 0]); // "the server didn't reply anything"
      }));
  }
});
