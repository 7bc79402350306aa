import { assert } from "chai";
import type { ResponseLike } from "turnout";
import { Chromium } from "../support/chromium.ts";
import { requireClient } from "../support/client-program.ts";
import { exitCodeOf } from "../support/clients.ts";
import { Demonstration } from "../support/demonstration.ts";
import { compressions, echoing } from "../support/web-socket-echo.ts";
import { demonstrationCase, prelude, webCases } from "../support/web-socket-script.ts";

/** A page whose script leaves what it comes to, a promise, in `outcome`. */
const page = (script: string): string => `<!doctype html>
<meta charset="utf-8">
<title>Turnout</title>
<script>
${prelude}
globalThis.outcome = (async (url) => {
${script}
})(location.origin.replace("http", "ws"));
</script>
`;

const html = { "Content-Type": "text/html" };

/** An expression that runs a script. */
const called = (script: string, url: string): string =>
  `(async (url) => { ${prelude} ${script} })(${JSON.stringify(url)})`;

describe("Chromium's WebSocket", () => {
  let chromium: Chromium;

  before(async function () {
    requireClient(this, "chromium", "--version");
    chromium = await Chromium.start();
  });

  after(async () => {
    await chromium?.stop();
  });

  for (const secure of [false, true]) {
    for (const { title: compression, perMessageDeflate, extensions } of compressions) {
      describe(`${secure ? "wss" : "ws"}, ${compression}`, () => {
        for (const { title, script, maxMessageBytes, check } of webCases) {
          it(title, () => {
            const respond = (): ResponseLike => ({ headers: html, body: page(script) });
            const limits = maxMessageBytes === undefined ? {} : { maxMessageBytes };
            return echoing({ secure, webSocket: { perMessageDeflate, limits }, respond }, async (server) => {
              const outcome = await chromium.evaluate(server.pageUrl, "outcome");
              await check(outcome, server, extensions);
              assert.equal(server.talks[0]!.socket.request.headers.get("origin"), new URL(server.pageUrl).origin);
            });
          });
        }
      });
    }
  }

  for (const [title, host, policy, origin] of [
    ["of another host", "127.0.0.1", "", (port: number) => `http://127.0.0.1:${port}`],
    ["without an origin", "localhost", "sandbox allow-scripts", () => "null"],
  ] as const) {
    it(`a page ${title} is refused with 403 by default`, () => {
      const respond = (): ResponseLike => ({ headers: { ...html, "Content-Security-Policy": policy }, body: page("") });
      return echoing({ respond }, async ({ port, url, answered, talks }) => {
        const refused = called('const { next, end } = talk(url); await next("error"); return end();', url);
        const outcome = await chromium.evaluate(`http://${host}:${port}/`, refused);
        assert.deepEqual(outcome, { code: 1006, wasClean: false });
        const [status, from] = answered
          .filter(({ request }) => request.offers.length > 0)
          .flatMap(({ request, status }) => [status, request.headers.get("origin")]);
        assert.deepEqual([status, from], [403, origin(port)]);
        assert.lengthOf(talks, 0);
      });
    });
  }

  it("the demonstration server echoes at /ws, with permessage-deflate", async () => {
    const server = await Demonstration.start("--quiet");
    try {
      const outcome = await chromium.evaluate(
        server.url,
        called(demonstrationCase.script, `ws://127.0.0.1:${server.port}/ws`),
      );
      assert.deepEqual(outcome, demonstrationCase.outcome);
    } finally {
      assert.equal(await exitCodeOf(server), 0);
    }
  });
});
