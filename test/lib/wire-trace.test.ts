import { spawn } from "node:child_process";
import { hasSubscribers } from "node:diagnostics_channel";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { duplexPair } from "node:stream";
import { expect } from "chai";
import { type ServerOptions, traceWire } from "turnout";
import { getTwo, nextClosed, underTest, upgradeTo } from "../support/exchanges.ts";
import { ask } from "../support/http2-serving.ts";
import { echoingOverHttp2 } from "../support/http2-web-sockets.ts";
import { LineProtocol } from "../support/modules.ts";
import { packageRoot } from "../support/package-root.ts";
import { RawClient } from "../support/raw-client.ts";

/** Runs `test`, with the lines of the trace; ports and dates are left out of them. */
async function tracing(test: (lines: string[]) => Promise<void>): Promise<void> {
  const lines: string[] = [];
  const stop = traceWire((line) =>
    lines.push(line.replace(/:\d{4,5}$/, ":PORT").replace(/Date: .*?GMT/, "Date: DATE")),
  );
  try {
    await test(lines);
  } finally {
    stop();
  }
}

/** What the README's first program does. */
const shout: ServerOptions = {
  protocols: [
    new LineProtocol(["shout/1"], {
      takeOver: (request, transport) => transport.answer(`YOU ASKED FOR ${request.target}\n`),
    }),
  ],
};

describe("traceWire", () => {
  it("the README's trace is a real one", () => {
    const readme = readFileSync(join(packageRoot, "README.md"), "utf8");
    const shown = /```text\n(#1 open.*?)```/s.exec(readme)![1]!.replace(/:\d+\n/, ":PORT\n");
    return tracing((lines) =>
      underTest(async ({ connect, server }) => {
        const request = "GET /tea HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: shout/1\r\n\r\n";
        const client = (await connect()).send(request);
        await client.takeUntil("/tea\n");
        const closed = nextClosed(server);
        await client.end().rest();
        await closed;
        expect(lines.join("\n").concat("\n")).to.equal(shown);
      }, shout),
    );
  });

  it("refusals, failures and resets are told with their reasons", () =>
    tracing((lines) =>
      underTest(
        async ({ connect, server }) => {
          const client = (await connect()).send(`${getTwo}GET\r\n\r\n`);
          await client.takeUntil("400");
          const closed = nextClosed(server);
          client.reset();
          await closed;
          const told = lines.filter((line) => !/ [<>] | -> /.test(line));
          expect(told[1]).to.equal(
            "#1 fault, ERR_TURNOUT_RESPOND: respond: the request was not answered: Error: the application's",
          );
          expect(told[2]).to.match(/^#1 refused, ERR_TURNOUT_METHOD: \S/);
          expect(told[3]).to.match(/^#1 closed, \d+ read, \d+ written, /);
        },
        {
          respond: () => {
            throw new Error("the application's");
          },
        },
      ),
    ));

  it("bytes that are no text are escaped, and long pieces are cut", () =>
    tracing((lines) =>
      underTest(async ({ connect }) => {
        const client = (await connect()).send(upgradeTo("echo/1"));
        await client.takeUntil("GET /x\r\n");
        lines.length = 0;
        client.send(Buffer.from('\0\t\x7f\xff"\\a', "latin1"));
        await client.take(7);
        const escaped = String.raw`7 "\x00\t\x7f\xff\"\\a"`;
        expect(lines).to.deep.equal([`#1 > ${escaped}`, `#1 < ${escaped}`]);
        lines.length = 0;
        client.send("b".repeat(257));
        await client.take(257);
        expect(lines).to.deep.equal(["> 257", "< 257"].map((start) => `#1 ${start} "${"b".repeat(256)}"...`));
      }),
    ));

  it("a stream of HTTP/2 says whose it is; one in memory comes from nowhere", () =>
    tracing((lines) =>
      echoingOverHttp2({}, async ({ server, session, open }) => {
        const http2 = session();
        await ask(http2);
        await open(http2);
        expect(lines).to.include("#2 open, a stream of #1");
        const [near, far] = duplexPair();
        server.accept(far);
        expect(lines.at(-1)).to.equal("#3 open, from a stream");
        near.destroy();
      }),
    ));

  it("is over when it is ended, also for connections that are open", () =>
    underTest(async ({ connect }) => {
      const lines: string[] = [];
      const stop = traceWire((line) => lines.push(line));
      const client = await connect();
      await client.send(getTwo).response();
      stop();
      lines.length = 0;
      await client.send(getTwo).response();
      expect(lines).to.deep.equal([]);
      expect(hasSubscribers("turnout:wire")).to.equal(false);
    }));
});

describe("NODE_DEBUG", () => {
  const script = `
    const { createServer } = await import("turnout");
    const { once } = await import("node:events");
    const server = createServer({ respond: () => ({ body: "a" }) });
    console.log((await server.listen({ port: 0, host: "127.0.0.1" })).port);
    await once(server, "closed");
    await server.close();
  `;

  for (const [value, expected] of [
    [
      "turnout",
      /^TURNOUT \d+: #1 open, from 127\.0\.0\.1:\d+\nTURNOUT \d+: #1 > 30 "GET \/two .*#1 closed, 30 read, /s,
    ],
    ["http", /^$/],
  ] as const) {
    it(`${value}: ${value === "turnout" ? "traces" : "does not trace"}`, async function () {
      this.timeout(30_000);
      const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
        cwd: packageRoot,
        env: { ...process.env, NODE_DEBUG: value },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let said = "";
      child.stderr.on("data", (chunk) => {
        said += chunk;
      });
      const exited = once(child, "close");
      const [port] = await once(createInterface(child.stdout), "line");
      const client = await RawClient.connect(Number(port));
      await client.send(getTwo).end().rest();
      await exited;
      expect(said).to.match(expected);
    });
  }
});
