import { assert } from "chai";
import { run } from "../support/client-program.ts";
import { exitCodeOf } from "../support/clients.ts";
import { Demonstration } from "../support/demonstration.ts";
import { compressions, echoing } from "../support/web-socket-echo.ts";
import { demonstrationCase, prelude, webCases } from "../support/web-socket-script.ts";

/** The first version of Node that has a WebSocket of its own. */
const firstMajor = 22;

/** What a script comes to in a Node of its own, which trusts any certificate. */
async function outcomeOf(script: string, url: string): Promise<unknown> {
  const program = `
process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
${prelude}
const outcome = await (async (url) => {
${script}
})(${JSON.stringify(url)});
console.log(JSON.stringify(outcome));
`;
  const { code, stdout, stderr } = await run(process.execPath, ["--input-type=module", "-"], program);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout.toString());
}

function suite(): void {
  for (const { title: compression, perMessageDeflate, extensions } of compressions) {
    describe(`ws, ${compression}`, () => {
      for (const { title, script, maxMessageBytes, check } of webCases) {
        it(title, () => {
          const limits = maxMessageBytes === undefined ? {} : { maxMessageBytes };
          return echoing({ webSocket: { perMessageDeflate, limits } }, async (server) =>
            check(await outcomeOf(script, server.url), server, extensions),
          );
        });
      }
    });
  }

  const [{ script, check }] = webCases as [(typeof webCases)[0]];

  it("wss", () =>
    echoing({ secure: true, webSocket: { perMessageDeflate: true } }, async (server) =>
      check(await outcomeOf(script, server.url), server, /^permessage-deflate\b/),
    ));

  it("the demonstration server echoes at /ws", async () => {
    const server = await Demonstration.start("--quiet");
    try {
      const outcome = await outcomeOf(demonstrationCase.script, `ws://127.0.0.1:${server.port}/ws`);
      assert.deepEqual(outcome, demonstrationCase.outcome);
    } finally {
      assert.equal(await exitCodeOf(server), 0);
    }
  });
}

describe("Node's own WebSocket", () => {
  if (Number.parseInt(process.versions.node, 10) >= firstMajor) {
    suite();
  } else {
    // Nothing is missing that could be installed: where CI is true, too, this is no failure.
    it.skip(`this version has none, Node ${firstMajor} and newer have`);
  }
});
