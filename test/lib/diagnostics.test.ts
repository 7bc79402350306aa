import { hasSubscribers } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { ConnectionInfo, DiagnosticMessages } from "turnout";
import { expectOrdinary, getTwo, nextClosed, turns, underTest, upgradeTo } from "../support/exchanges.ts";
import { ask } from "../support/http2-serving.ts";
import { echoingOverHttp2 } from "../support/http2-web-sockets.ts";
import { packageRoot } from "../support/package-root.ts";
import { subscribed } from "../support/subscribed.ts";
import { servingTls } from "../support/tls-serving.ts";

type Name = keyof DiagnosticMessages;

const names: readonly Name[] = [
  "turnout:connection:open",
  "turnout:connection:close",
  "turnout:switch",
  "turnout:request:refused",
  "turnout:fault",
  "turnout:wire",
  "turnout:phase",
];

const lasting = names.slice(0, 5);

/** Runs `test`, with a list to which every message on the channels is added. */
function hearing(
  channels: readonly Name[],
  test: (heard: [channel: string, message: Record<string, unknown>][]) => Promise<void>,
): Promise<void> {
  const heard: [string, Record<string, unknown>][] = [];
  return subscribed(
    channels,
    (message, name) => heard.push([name, message as Record<string, unknown>]),
    () => test(heard),
  );
}

/** A message, as far as it is about a connection. */
const seen = ({ connection }: Record<string, unknown>): unknown[] => {
  const { id, within, track, phase } = connection as ConnectionInfo;
  return [id, within, track.join(" "), phase];
};

describe("diagnostics channels", () => {
  it("have in their messages what the README says", () => {
    const readme = readFileSync(join(packageRoot, "README.md"), "utf8");
    const said = [...readme.matchAll(/^\| `(turnout:[\w:]+)` \| (`.*`) \|$/gm)].map(([, name, properties]) => [
      name!,
      [...properties!.matchAll(/`(\w+)`/g)].map(([, property]) => property!),
    ]);
    return hearing(names, (heard) =>
      underTest(
        async ({ connect, server }) => {
          await (await connect()).send(upgradeTo("echo/1")).end().rest();
          await (await connect()).send("GET\r\n\r\n").end().rest();
          const closed = nextClosed(server);
          await (await connect()).send(getTwo).end().rest();
          await closed;
          const real = new Map(heard.map(([name, message]) => [name, Object.keys(message)]));
          expect(Object.fromEntries(said)).to.deep.equal(Object.fromEntries(real));
        },
        {
          respond: () => {
            throw new Error("the application's");
          },
        },
      ),
    );
  });

  it("tell of a connection from its beginning to its end", () =>
    hearing(lasting, (heard) =>
      underTest(async ({ connect, server }) => {
        const client = (await connect()).send(upgradeTo("echo/1"));
        await client.takeUntil("GET /x\r\n");
        const { address, port } = server.connections()[0]!.peer;
        const closed = nextClosed(server);
        await client.end().rest();
        await closed;
        expect(heard.map(([name, message]) => [name, ...seen(message)])).to.deep.equal([
          ["turnout:connection:open", 1, undefined, "", "head"],
          ["turnout:switch", 1, undefined, "HTTP/1.1 echo/1", "switched"],
          ["turnout:connection:close", 1, undefined, "HTTP/1.1 echo/1", "closed"],
        ]);
        const [, switched, close] = heard.map(([, message]) => message);
        expect(switched).to.include({ server, token: "echo/1" });
        expect(switched!["request"]).to.include({ target: "/x" });
        expect(switched!["durationMs"]).to.be.a("number").that.is.above(0);
        expect(close).to.include({ server, error: undefined });
        expect(close!["connection"]).to.deep.include({
          peer: { address, port },
          bytesRead: upgradeTo("echo/1").length,
        });
      }),
    ));

  it("the peer is known at the close also to those who did not hear of the beginning", () =>
    hearing(["turnout:connection:close"], (heard) =>
      underTest(async ({ connect, server }) => {
        const closed = nextClosed(server);
        const client = await connect();
        const { localPort: port } = client.socket;
        await client.end().rest();
        await closed;
        expect(heard.map(([, { connection }]) => (connection as ConnectionInfo).peer)).to.deep.equal([
          { address: "127.0.0.1", port },
        ]);
      }),
    ));

  it("tell why a connection did not end in order", () =>
    hearing(["turnout:connection:close"], (heard) =>
      underTest(async ({ connect, server }) => {
        const client = await connect();
        await expectOrdinary(client.send(getTwo), "GET /two 0");
        const closed = nextClosed(server);
        client.reset();
        await closed;
        expect(heard.map(([, { error }]) => error)).to.have.nested.property("[0].code", "ERR_TURNOUT_RESET");
      }),
    ));

  it("tell of a refusal and of a failure, and on which connection", () =>
    hearing(["turnout:request:refused", "turnout:fault"], (heard) =>
      underTest(
        async ({ connect, faults }) => {
          const client = (await connect()).send(`${getTwo}GET\r\n\r\n`);
          await client.rest();
          expect(heard.map(([name, message]) => [name, ...seen(message)])).to.deep.equal([
            ["turnout:fault", 1, undefined, "HTTP/1.1", "responding"],
            ["turnout:request:refused", 1, undefined, "HTTP/1.1", "head"],
          ]);
          const [fault, refused] = heard.map(([, { error }]) => error);
          expect(fault).to.equal(faults[0]);
          expect(refused).to.include({ code: "ERR_TURNOUT_METHOD", status: 400 });
        },
        {
          respond: () => {
            throw new Error("the application's");
          },
        },
      ),
    ));

  it("TLS and what it carries are one connection", () =>
    hearing(lasting, (heard) =>
      servingTls({}, async ({ secure, closings }) => {
        const { client, tls } = await secure();
        await client.send(getTwo).response();
        tls.end();
        await closings(1);
        await turns(5); // what carried it closes behind it
        expect(heard.map(([name, message]) => [name, ...seen(message).slice(0, 3)])).to.deep.equal([
          ["turnout:connection:open", 1, undefined, ""],
          ["turnout:switch", 1, undefined, "TLS"],
          ["turnout:connection:close", 1, undefined, "TLS HTTP/1.1"],
        ]);
        const peers = heard.map(([, { connection }]) => (connection as ConnectionInfo).peer);
        expect(peers).to.deep.equal(peers.map(() => ({ address: "127.0.0.1", port: peers[0]!.port })));
      }),
    ));

  it("bytes inside TLS are of the same connection as those around it", () =>
    hearing(["turnout:wire"], (heard) =>
      servingTls({}, async ({ secure }) => {
        const { client } = await secure();
        await client.send(getTwo).response();
        expect(heard.map(([, { bytes }]) => String(bytes))).to.include(getTwo);
        expect(new Set(heard.map(([, { id }]) => id))).to.deep.equal(new Set([1]));
      }),
    ));

  it("a stream of HTTP/2 is one from its switch on, and other requests are none", () =>
    hearing(lasting, (heard) =>
      echoingOverHttp2({}, async ({ session, open, closed }) => {
        const http2 = session();
        await ask(http2, { ":method": "POST" }, "content");
        const { stream } = await open(http2);
        stream.destroy();
        await closed(1);
        const ids = heard.map(([name, message]) => [name, ...seen(message).slice(0, 3)]);
        expect(ids).to.deep.equal([
          ["turnout:connection:open", 1, undefined, ""],
          ["turnout:switch", 1, undefined, "h2"],
          ["turnout:connection:open", 3, 1, "h2 websocket"],
          ["turnout:switch", 3, 1, "h2 websocket"],
          ["turnout:connection:close", 3, 1, "h2 websocket"],
        ]);
      }),
    ));

  it("bytes and phases are those of connections that began while somebody listened", () =>
    underTest(async ({ connect, server }) => {
      const before = await connect();
      await expectOrdinary(before.send(getTwo), "GET /two 0");
      await hearing(["turnout:phase", "turnout:wire"], async (heard) => {
        await expectOrdinary(before.send(getTwo), "GET /two 0");
        expect(heard).to.deep.equal([]);
        const client = await connect();
        await expectOrdinary(client.send(getTwo), "GET /two 0");
        const closed = nextClosed(server);
        client.end();
        await closed;
        const phases = heard.filter(([name]) => name === "turnout:phase");
        expect(phases.map(([, { id, from, to }]) => [id, from, to])).to.deep.equal([
          [2, "head", "responding"],
          [2, "responding", "head"],
          [2, "head", "lingering"],
          [2, "lingering", "closed"],
        ]);
        const bytes = (direction: "in" | "out"): string =>
          heard
            .flatMap(([, message]) => (message["direction"] === direction ? [String(message["bytes"])] : []))
            .join("");
        expect(bytes("in")).to.equal(getTwo);
        expect(bytes("out")).to.match(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nGET \/two 0\n$/s);
        expect(new Set(heard.map(([, { id }]) => id))).to.deep.equal(new Set([2]));
      });
    }));

  it("nobody listens to them in these tests when none does", () => {
    expect(names.filter((name) => hasSubscribers(name))).to.deep.equal([]);
  });
});
