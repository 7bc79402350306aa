import { assert } from "chai";
import { run } from "../support/client-program.ts";
import { exitCodeOf } from "../support/clients.ts";
import { Demonstration } from "../support/demonstration.ts";
import { upgradeTo } from "../support/exchanges.ts";
import { cell, desktop, isLive, showing, textOf, withChromium } from "../support/page-showing.ts";
import { RawClient } from "../support/raw-client.ts";
import { openWebSocket } from "../support/websocket-frames.ts";

describe("the demonstration server's page in Chromium", () => {
  for (const { title, args, by, status, request, response } of [
    {
      title: "over HTTP/1.1",
      args: [],
      by: "http/1.1",
      status: "HTTP/1.1 → 101 → WebSocket",
      request:
        /^GET \/live HTTP\/1\.1\\r\\n\nHost: 127\.0\.0\.1:\d+\\r\\n\n(?:.+\n)+Upgrade: websocket\\r\\n\n(?:.+\n)+\\r\\n\n$/,
      response:
        /^HTTP\/1\.1 101 Switching Protocols\\r\\n\nUpgrade: websocket\\r\\n\nConnection: Upgrade\\r\\n\nSec-WebSocket-Accept: .{27}=\\r\\n\n\\r\\n\n$/,
    },
    {
      title: "over HTTP/2 in TLS",
      args: ["--tls"],
      by: "h2",
      status: "HTTP/2 → 200 → WebSocket",
      request:
        /^:method: CONNECT\n:protocol: websocket\n:scheme: https\n:authority: 127\.0\.0\.1:\d+\n:path: \/live\n(?:[a-z-]+: .+\n)+$/,
      response: /^:status: 200\n$/,
    },
    {
      title: "over HTTP/1.1 in TLS",
      args: ["--tls", "--protocols", "websocket"],
      by: "http/1.1",
      status: "HTTP/1.1 → 101 → WebSocket",
      request: /^GET \/live HTTP\/1\.1\\r\\n\n/,
      response: /^HTTP\/1\.1 101 Switching Protocols\\r\\n\n/,
    },
  ] as const) {
    describe(title, () => {
      const chromium = withChromium();

      it("it shows how it has switched", () =>
        showing(chromium(), args, async ({ tab }) => {
          const hop = await tab.evaluate('performance.getEntriesByType("navigation")[0].nextHopProtocol');
          assert.equal(hop, by);
          assert.equal(await tab.evaluate(textOf("status")), status);
          assert.match(String(await tab.evaluate(textOf("request"))), request);
          assert.match(String(await tab.evaluate(textOf("response"))), response);
          await tab.until(`${textOf("connections")}.includes("websocketthis page")`);
        }));

      it("the keyboard alone: Tab to the text, type, Enter, and it comes back with its frames", () =>
        showing(chromium(), args, async ({ tab }) => {
          while ((await tab.evaluate("document.activeElement.id")) !== "text") {
            await tab.press("Tab");
          }
          assert.notEqual(await tab.evaluate("getComputedStyle(document.activeElement).outlineStyle"), "none");
          await tab.type("Hi ho");
          await tab.press("Enter", "\r");
          await tab.until('document.querySelectorAll("#echoes > li").length === 1');
          const [said, ...frames] = (await tab.evaluate(
            '[...document.querySelector("#echoes > li").children].map((one) => one.textContent)',
          )) as [string, ...string[]];
          assert.equal(said, "Hi ho");
          assert.match(frames[0]!, /^sent81 85 (?:[0-9a-f]{2} ){3}[0-9a-f]{2} (?:[0-9a-f]{2} ){4}[0-9a-f]{2} $/);
          assert.equal(frames[1], "received81 05 48 69 20 68 6f ");
        }));

      it("its numbers move when others come", () =>
        showing(chromium(), args, async ({ tab, server }) => {
          const [before, requested] = await Promise.all(
            ["websocket", "http"].map(async (track) => Number(await tab.evaluate(cell(track, "total")))),
          );
          const { code, stderr } = await run("curl", ["-sS", "--max-time", "15", `${server.url}status/204`]);
          assert.equal(code, 0, stderr);
          await tab.until(`Number(${cell("http", "total")}) > ${requested}`);
          const client = await RawClient.connect(server.port);
          await openWebSocket(client);
          await tab.until(`${cell("websocket", "total")} === "${before! + 1}"`);
          await tab.until(`${cell("websocket", "open")} === "2"`);
          client.stream.destroy();
          await tab.until(`${cell("websocket", "open")} === "1"`);
        }));
    });
  }

  describe("what it shows", () => {
    const chromium = withChromium();

    it("a track lights up as long as it is open, and a train runs to it", () =>
      showing(chromium(), [], async ({ tab, server }) => {
        const lit = '!!document.querySelector("tr[data-track=echo].lit")';
        assert.equal(await tab.evaluate(lit), false);
        const train = tab.until('document.querySelector("#trains path") !== null');
        const client = await RawClient.connect(server.port);
        await client.send(upgradeTo("echo/1")).takeUntil("GET /x\r\n");
        await tab.until(lit);
        await train;
        client.stream.destroy();
        await tab.until(`!${lit}`);
        await tab.until('document.querySelector("#trains path") === null');
      }));

    it("no train runs where motion is to be reduced", () =>
      showing(
        chromium(),
        [],
        async ({ tab, server }) => {
          await tab.evaluate(
            'globalThis.trains = 0; new MutationObserver(() => trains++).observe(document.getElementById("trains"), { childList: true })',
          );
          const client = await RawClient.connect(server.port);
          await client.send(upgradeTo("echo/1")).takeUntil("GET /x\r\n");
          await tab.until(`${cell("echo", "open")} === "1"`);
          await tab.until(`${textOf("connections")}.includes("echo/1")`);
          assert.equal(await tab.evaluate("trains"), 0);
          client.stream.destroy();
        },
        { ...desktop, media: { "prefers-reduced-motion": "reduce" } },
      ));

    it("a command is copied by the keyboard", () =>
      showing(chromium(), [], async ({ tab }) => {
        await tab.evaluate('document.querySelector(".copy").focus()');
        await tab.press("Enter", "\r");
        await tab.until('document.querySelector(".copy").textContent === "Copied"');
        assert.equal(await tab.evaluate(textOf("copied")), "Copied");
      }));

    it("it says when the server is gone, and comes back when it is there again", async () => {
      const first = await Demonstration.start("--quiet");
      const tab = await chromium().open(first.url, desktop);
      await tab.until(isLive);
      assert.equal(await exitCodeOf(first), 0);
      await tab.until(`!(${isLive}) && ${textOf("status")} === "not connected; trying again"`);
      const second = await Demonstration.start("--quiet", "--port", String(first.port));
      try {
        await tab.until(isLive);
        await tab.close();
      } finally {
        assert.equal(await exitCodeOf(second), 0);
      }
    });

    it("where WebSocket is not spoken it is still a page", async () => {
      const server = await Demonstration.start("--quiet", "--protocols", "none");
      try {
        const tab = await chromium().open(server.url, desktop);
        await tab.until(`${textOf("status")} === "not connected; trying again"`);
        await tab.close();
      } finally {
        assert.equal(await exitCodeOf(server), 0);
      }
    });
  });
});
