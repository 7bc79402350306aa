import { assert } from "chai";
import type { ResponseLike } from "turnout";
import { Chromium } from "../support/chromium.ts";
import { requireClient } from "../support/client-program.ts";
import { exitCodeOf } from "../support/clients.ts";
import { Demonstration } from "../support/demonstration.ts";
import { type EchoingInTls, echoingInTls } from "../support/interop-tls.ts";
import { compressions } from "../support/web-socket-echo.ts";
import { demonstrationCase, prelude, type WebCase, webCases } from "../support/web-socket-script.ts";

/** A page whose script leaves what it comes to, a promise, in `outcome`. */
const page = (script: string): string => `<!doctype html>
<meta charset="utf-8">
<title>Turnout</title>
<link rel="icon" href="data:,">
<script>
${prelude}
globalThis.outcome = (async (url) => {
${script}
})(location.origin.replace("http", "ws"));
</script>
`;

/** What the page's script comes to, and the protocol by which the page came. */
const seen = `(async () => ({
  outcome: await outcome,
  by: performance.getEntriesByType("navigation")[0].nextHopProtocol,
}))()`;

const cases: readonly WebCase[] = [
  ...webCases,
  {
    title: "1 MiB of text, of binary that cannot be compressed, and of zeros come back, all on their way at one time",
    script: `
const { socket, next, end } = talk(url);
await next("open");
const size = 1024 * 1024;
const text = "\\u00fc".repeat(size / 2);
const random = new Uint8Array(size);
for (let at = 0; at < size; at += 65536) {
  crypto.getRandomValues(random.subarray(at, at + 65536));
}
const zeros = new Uint8Array(size);
const same = (bytes, sent) => bytes.length === sent.length && bytes.every((byte, at) => byte === sent[at]);
for (const message of [text, random, zeros]) {
  socket.send(message);
}
const outcome = [
  (await next("message")).data === text,
  same(new Uint8Array((await next("message")).data), random),
  same(new Uint8Array((await next("message")).data), zeros),
];
socket.close(1000);
return { outcome, end: await end() };
`,
    check: async (outcome, { talks }) => {
      assert.deepEqual(outcome, { outcome: [true, true, true], end: { code: 1000, wasClean: true } });
      assert.deepEqual(
        talks[0]!.messages.map((message) => Buffer.byteLength(message)),
        [1_048_576, 1_048_576, 1_048_576],
      );
      assert.deepEqual(await talks[0]!.ended, { code: 1000, reason: "", error: undefined });
    },
  },
];

describe("Chromium, TLS", () => {
  let chromium: Chromium;

  before(async function () {
    requireClient(this, "chromium", "--version");
    chromium = await Chromium.start();
  });

  after(async () => {
    await chromium?.stop();
  });

  /** The page and its WebSocket came as the server is meant to have them. */
  const assertVersion = ({ requests, talks, pageUrl }: EchoingInTls, version: string): void => {
    assert.deepEqual(
      requests.map(({ method, target, httpVersion, secure }) => [method, target, httpVersion, secure]),
      [["GET", "/", version, true]],
    );
    assert.lengthOf(talks, 1);
    const { request } = talks[0]!.socket;
    assert.deepEqual([request.httpVersion, request.secure], [version, true]);
    assert.equal(request.method, version === "2.0" ? "CONNECT" : "GET");
    assert.equal(request.headers.get("origin"), new URL(pageUrl).origin);
    // Over HTTP/2 the WebSocket is a stream of the page's own connection, over HTTP/1.1 it has one of its own.
    assert.equal(request.peer.port === requests[0]!.peer.port, version === "2.0");
  };

  for (const { http2, version, by, title } of [
    {
      http2: true,
      version: "2.0",
      by: "h2",
      title: "an https page over HTTP/2, and its WebSocket on the same connection",
    },
    { http2: false, version: "1.1", by: "http/1.1", title: "an https page over HTTP/1.1, and its WebSocket" },
  ]) {
    for (const { title: compression, perMessageDeflate, extensions } of compressions) {
      describe(`${title}, ${compression}`, () => {
        for (const { title, script, maxMessageBytes, check } of cases) {
          it(title, () => {
            const respond = (): ResponseLike => ({ headers: { "Content-Type": "text/html" }, body: page(script) });
            const limits = maxMessageBytes === undefined ? {} : { maxMessageBytes };
            return echoingInTls({ http2, webSocket: { perMessageDeflate, limits }, respond }, async (server) => {
              const came = (await chromium.evaluate(server.pageUrl, seen)) as { outcome: unknown; by: string };
              assert.equal(came.by, by);
              await check(came.outcome, server, extensions);
              assertVersion(server, version);
            });
          });
        }
      });
    }
  }

  it("the demonstration server with --tls: h2, and WebSocket at /ws", async () => {
    const server = await Demonstration.start("--quiet", "--tls");
    try {
      const { host } = new URL(server.url);
      const script = `(async (url) => {
  ${prelude}
  const outcome = await (async () => { ${demonstrationCase.script} })();
  return { outcome, by: performance.getEntriesByType("navigation")[0].nextHopProtocol };
})("wss://${host}/ws")`;
      assert.deepEqual(await chromium.evaluate(`https://${host}/`, script), {
        outcome: demonstrationCase.outcome,
        by: "h2",
      });
    } finally {
      assert.equal(await exitCodeOf(server), 0);
    }
  });
});
