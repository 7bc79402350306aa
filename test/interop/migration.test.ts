import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import { requireFile } from "../support/client-program.ts";
import type { Compiled } from "../support/compiled.ts";
import { packageRoot } from "../support/package-root.ts";
import {
  compiledPrograms,
  fileOf,
  type Program,
  programsBefore,
  programsOf,
  RunningProgram,
} from "../support/page-programs.ts";
import { RawClient } from "../support/raw-client.ts";
import { clientFrame, inWords, opcode, openingHandshake, takeFrame } from "../support/websocket-frames.ts";

type Connect = () => Promise<RawClient>;

describe("the programs of before, and those that take their place", () => {
  let compiled: Compiled;
  /** Where the packages are that the programs of before import. */
  let beside: string;
  const webSocketPage = "protocols/websocket/README.md";
  const [upgradeBefore] = programsBefore("README.md");
  const [webSocketBefore] = programsBefore(webSocketPage);
  const upgradeAfter = programsOf("README.md").find(({ text }) => text.includes("class Shout"))!;
  const webSocketAfter = programsOf(webSocketPage).find(({ text }) => text.includes("const everybody"))!;

  before(function () {
    requireFile(this, join(packageRoot, "bench", "node_modules", "ws", "package.json"));
    beside = mkdtempSync(join(packageRoot, "bench", "node_modules", ".migration-"));
    writeFileSync(join(beside, "package.json"), '{ "type": "module" }');
    for (const { name, text } of [upgradeBefore!, webSocketBefore!]) {
      writeFileSync(join(beside, `${name}.js`), text);
    }
    compiled = compiledPrograms([upgradeAfter, webSocketAfter]);
    assert.deepEqual(compiled.errors, []);
  });

  after(() => {
    compiled?.remove();
    if (beside !== undefined) {
      rmSync(beside, { recursive: true });
    }
  });

  /** Runs `test` against both programs. */
  async function both<T>(before: Program, after: Program, test: (connect: Connect) => Promise<T>): Promise<[T, T]> {
    const of = async (folder: string, program: Program): Promise<T> => {
      const running = new RunningProgram(fileOf({ folder }, program));
      const clients: RawClient[] = [];
      try {
        const port = await running.port();
        return await test(async () => {
          const client = await RawClient.connect(port);
          clients.push(client);
          return client;
        });
      } finally {
        for (const { stream } of clients) {
          stream.destroy();
        }
        await running.kill();
      }
    };
    return [await of(beside, before), await of(compiled.folder, after)];
  }

  const get = (target: string, offers = ""): string =>
    `GET ${target} HTTP/1.1\r\nHost: h\r\n${offers && `Connection: Upgrade\r\nUpgrade: ${offers}\r\n`}\r\n`;

  it("the upgrade event: the same bytes", async () => {
    const [before, after] = await both(upgradeBefore!, upgradeAfter, async (connect) => {
      const switched = (await connect()).send(`${get("/tea", "shout/1")}please\n`);
      return [await switched.takeUntil("PLEASE\n"), (await (await connect()).send(get("/tea")).response()).body];
    });
    const start = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: shout/1\r\nConnection: Upgrade\r\n\r\n";
    assert.deepEqual(after, [`${start}YOU ASKED FOR /tea\nPLEASE\n`, "hello /tea\n"]);
    assert.deepEqual(before, after);
  });

  it("the upgrade event: who offers more, or something else, was refused and is answered now", async () => {
    const [before, after] = await both(upgradeBefore!, upgradeAfter, async (connect) => {
      const offered = async (offers: string): Promise<number> =>
        (await (await connect()).send(get("/tea", offers)).response()).status;
      return [await offered("tea/9, shout/1"), await offered("h2c")];
    });
    assert.deepEqual(before, [400, 400]);
    assert.deepEqual(after, [101, 200]);
  });

  it("ws: 401, and everybody but the sender hears a message", async () => {
    const [before, after] = await both(webSocketBefore!, webSocketAfter, async (connect) => {
      const open = async (Authorization: string): Promise<RawClient> => {
        const client = (await connect()).send(openingHandshake({ Authorization }));
        assert.equal((await client.response()).status, 101);
        return client;
      };
      const stranger = await (await connect()).send(openingHandshake()).response();
      const [ada, grace] = [await open("Bearer lovelace"), await open("Bearer hopper")];
      ada.send(clientFrame(opcode.text, "hi"));
      const toGrace = inWords(await takeFrame(grace));
      grace.send(clientFrame(opcode.text, "hello"));
      return [stranger.status, stranger.body, toGrace, inWords(await takeFrame(ada))];
    });
    assert.deepEqual(after, [401, "who are you?\n", 'text "ada: hi"', 'text "grace: hello"']);
    assert.deepEqual(before, after);
  });

  it("ws: an offer of h2c was refused, and is answered now", async () => {
    const [before, after] = await both(webSocketBefore!, webSocketAfter, async (connect) => {
      const client = await connect();
      client.send(get("/", "h2c").replace("Host", "Authorization: Bearer lovelace\r\nHost"));
      return (await client.response()).status;
    });
    assert.deepEqual([before, after], [400, 200]);
  });
});
