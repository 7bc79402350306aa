import { once } from "node:events";
import { Duplex } from "node:stream";
import { expect } from "chai";
import { createServer, type ServerOptions, type TransportError } from "turnout";
import { Connection } from "../../lib/connection.ts";
import type { ServerContext } from "../../lib/context.ts";
import type { Track } from "../../lib/track.ts";
import {
  described,
  describeRequest,
  expectOrdinary,
  expectRefused,
  getTwo,
  optionsUnderTest,
  switchingHead,
  turns,
  underTest,
  upgradeTo,
  withoutDates,
} from "../support/exchanges.ts";
import { codeOf } from "../support/failures.ts";
import { servingBehind, tcpFront } from "../support/fronts.ts";
import { answerInALine, LineProtocol } from "../support/modules.ts";
import { serving } from "../support/serving.ts";

/** The server's end of a connection: a test hands in what comes, and sees each write by itself. */
class Observed extends Duplex {
  readonly writes: string[] = [];

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, written: () => void): void {
    this.writes.push(chunk.toString("latin1"));
    setImmediate(written);
  }

  override _writev(chunks: readonly { chunk: Buffer }[], written: () => void): void {
    this.writes.push(Buffer.concat(chunks.map(({ chunk }) => chunk)).toString("latin1"));
    setImmediate(written);
  }
}

/** What a server writes upon `input`, which comes in one read, and then an end. */
async function writesUpon(input: string, options: ServerOptions = optionsUnderTest()): Promise<string[]> {
  const server = createServer(options);
  const stream = new Observed();
  const closed = once(server, "closed");
  server.accept(stream);
  stream.push(input);
  await turns(5);
  const writes = stream.writes.map(withoutDates);
  stream.push(null);
  await closed;
  await server.close();
  return writes;
}

describe("what is written in one turn leaves in one write", () => {
  it("RFC 9112 section 9.3.2: the answers to a pipeline", async () => {
    const respond: ServerOptions = { respond: ({ path }) => ({ body: `GET ${path} 0\n` }) };
    expect(await writesUpon(getTwo.repeat(3), respond)).to.deep.equal([described("GET /two 0").repeat(3)]);
  });

  it("RFC 9110 section 7.8: the 101, the answer behind it, and what comes upon early bytes", async () => {
    expect(await writesUpon(`${upgradeTo("echo/1")}ping`)).to.deep.equal([`${switchingHead("echo/1")}GET /x\r\nping`]);
  });

  it("RFC 9110 section 7.8: earlier answers, and then the 101", async () => {
    const [first] = await writesUpon(getTwo + upgradeTo("echo/1"), {
      ...optionsUnderTest(),
      respond: () => ({ body: "GET /two 0\n" }),
    });
    expect(first).to.equal(`${described("GET /two 0")}${switchingHead("echo/1")}GET /x\r\n`);
  });

  it("many small writes of a module, also when they come of its own accord", async () => {
    const module = new LineProtocol(["own/1"], {
      takeOver: (request, transport) => {
        setImmediate(() => {
          for (const letter of "abc") {
            transport.write(letter);
          }
          transport.write("é");
          transport.write(Buffer.from("d"));
        });
        return answerInALine(request, transport);
      },
    });
    const [, second, ...more] = await writesUpon(upgradeTo("own/1"), { protocols: [module] });
    expect([second, more]).to.deep.equal(["abc\xc3\xa9d", []]);
  });

  it("an answer that comes later is one write, with its content", async () => {
    const respond = async () => {
      await turns(1);
      return { body: Buffer.from("GET /two 0\n") };
    };
    expect(await writesUpon(getTwo, { respond })).to.deep.equal([described("GET /two 0")]);
  });
});

describe("a peer that takes nothing", () => {
  it("is destroyed after stallMs: ERR_TURNOUT_STALLED", () => {
    const endless = (function* () {
      for (;;) {
        yield Buffer.alloc(65_536);
      }
    })();
    return serving({ respond: () => ({ body: endless }), timeouts: { stallMs: 50 } }, async ({ connect, server }) => {
      const client = await connect();
      client.stream.pause();
      const closed = once(server, "closed");
      client.send(getTwo);
      const [error] = (await closed) as [TransportError];
      expect([error.name, error.code]).to.deep.equal(["TransportError", "ERR_TURNOUT_STALLED"]);
      expect(endless.next().done).to.equal(true);
    });
  });

  it("is told to the module that speaks", async () => {
    const closes: unknown[] = [];
    const module = new LineProtocol(["own/1"], {
      takeOver: (request, transport) => {
        const receipt = answerInALine(request, transport);
        transport.onClose = (error) => closes.push(codeOf(error));
        const fill = (): void => {
          while (transport.write(Buffer.alloc(65_536))) {}
        };
        transport.onDrain = fill;
        fill();
        return receipt;
      },
    });
    await underTest(
      async ({ connect, server }) => {
        const client = await connect();
        client.stream.pause();
        const closed = once(server, "closed");
        client.send(upgradeTo("own/1"));
        await closed;
        expect(closes).to.deep.equal(["ERR_TURNOUT_STALLED"]);
      },
      { protocols: [module], timeouts: { stallMs: 50 } },
    );
  });

  it("with stallMs Infinity is waited for", () =>
    servingBehind(
      tcpFront,
      { respond: () => ({ body: Buffer.alloc(1 << 23) }), timeouts: { stallMs: Number.POSITIVE_INFINITY } },
      async ({ connect, sockets }) => {
        const client = await connect();
        client.stream.pause();
        client.send(getTwo);
        while (!sockets[0]!.writableNeedDrain) {
          await turns(1);
        }
        expect(sockets[0]!.timeout ?? 0).to.equal(0);
        client.stream.resume();
        expect((await client.response()).body.length).to.equal(1 << 23);
      },
    ));
});

describe("lingering", () => {
  it("RFC 9112 section 9.6: what comes behind the last answer is dropped, and does not reset it", () =>
    serving({ respond: describeRequest }, async ({ connect, server }) => {
      const client = await connect();
      const closed = once(server, "closed");
      client.send(`GET\r\n\r\n${"x".repeat(100_000)}`);
      await expectRefused(client, 400);
      client.end("y".repeat(10_000));
      expect(await closed).to.deep.equal([undefined]);
    }));

  it("a peer that does not end is destroyed after closeMs: ERR_TURNOUT_CLOSE_TIMEOUT", () =>
    serving({ timeouts: { closeMs: 30 } }, async ({ connect, server }) => {
      const client = await connect();
      const closed = once(server, "closed");
      client.send("GET\r\n\r\n");
      await expectRefused(client, 400);
      expect(codeOf((await closed)[0])).to.equal("ERR_TURNOUT_CLOSE_TIMEOUT");
    }));

  it("a peer that goes on and on is destroyed beyond maxDiscardBytes", () =>
    serving({ limits: { maxDiscardBytes: 1_000 } }, async ({ connect, server }) => {
      const client = await connect();
      const closed = once(server, "closed");
      client.send("GET\r\n\r\n");
      await expectRefused(client, 400);
      client.send("x".repeat(1_001));
      await closed;
      expect(server.stats().open).to.equal(0);
    }));

  it("a peer that stops at maxDiscardBytes is not", () =>
    serving({ limits: { maxDiscardBytes: 1_000 } }, async ({ connect, server }) => {
      const client = (await connect()).send("GET\r\n\r\n");
      await expectRefused(client, 400);
      await client.sendSegment("x".repeat(1_000));
      await expectRefused((await connect()).send("GET\r\n\r\n"), 400); // so the server has read both
      expect(server.stats().open).to.equal(2);
    }));

  it("a peer that was held back is read again, so that its end is seen", async () => {
    const module = new LineProtocol(["own/1"], { accept: () => new Promise(() => {}) });
    const options = { protocols: [module], limits: { maxEarlyBytes: 10 }, timeouts: { acceptMs: 30 } };
    await servingBehind(tcpFront, options, async ({ connect, server, sockets }) => {
      const client = await connect();
      const [paused, closed] = [once(sockets[0]!, "pause"), once(server, "closed")];
      client.send(`${upgradeTo("own/1")}${"x".repeat(200_000)}`);
      await paused;
      await expectRefused(client, 503);
      client.end();
      expect(await closed).to.deep.equal([undefined]);
    });
  });

  it("the server that closes meanwhile waits for it", () =>
    serving({}, async ({ connect, server }) => {
      const client = (await connect()).send("GET\r\n\r\n");
      await expectRefused(client, 400);
      const closing = server.close();
      client.end();
      expect((await closing).http).to.deep.equal({ closed: 1, destroyed: 0 });
    }));

  it("keepAliveMs: an idle connection is closed without a word", () =>
    serving({ respond: describeRequest, timeouts: { keepAliveMs: 30 } }, async ({ connect, server }) => {
      const client = (await connect()).send(getTwo);
      await expectOrdinary(client, "GET /two 0");
      const closed = once(server, "closed");
      expect(await client.rest()).to.equal("");
      client.end();
      expect([await closed, server.stats().refused]).to.deep.equal([[undefined], {}]);
    }));

  for (const begun of ["", "GET /"]) {
    it(`RFC 9110 section 15.5.9: headMs, with ${JSON.stringify(begun)} of a head`, () =>
      serving({ timeouts: { headMs: 30 } }, async ({ connect }) => {
        const client = (await connect()).send(begun);
        if (begun === "") {
          expect(await client.rest()).to.equal("");
        } else {
          await expectRefused(client, 408);
        }
      }));
  }
});

describe("Connection", () => {
  it("enters no phase that may not follow", () => {
    const context = { clock: { in: () => 0 } } as unknown as ServerContext;
    const connection = new Connection(new Observed(), context, 1);
    expect(() => connection.become("collecting", 0)).to.throw(/from head to collecting/);
    expect(connection.phase).to.equal("head");
  });

  it("tells of a drain once, after a write that gave false, and never within the write", async () => {
    const context = { timeouts: {}, clock: { in: () => 0 } } as unknown as ServerContext;
    const connection = new Connection(new Observed({ writableHighWaterMark: 1 << 20 }), context, 1);
    let drains = 0;
    const track: Track = {
      spoken: [],
      received() {},
      finished() {},
      drained: () => drains++,
      expired() {},
      closing() {},
      closed() {},
    };
    connection.speak(track);
    expect(connection.writeLatin1("a")).to.equal(true);
    expect(connection.writeBytes(Buffer.alloc(65_536))).to.equal(false);
    expect([connection.hasRoom, connection.bufferedBytes, drains]).to.deep.equal([false, 65_537, 0]);
    await turns(3);
    expect([connection.hasRoom, connection.bufferedBytes, drains]).to.deep.equal([true, 0, 1]);
  });

  it("what is written when nothing can be sent any more is forgotten", async () => {
    const told: unknown[] = [];
    const context = {
      timeouts: {},
      clock: { in: () => 0 },
      observer: { closed: (_: Connection, error: unknown) => told.push(error) },
    } as unknown as ServerContext;
    const stream = new Observed();
    const connection = new Connection(stream, context, 1);
    connection.end();
    connection.writeLatin1("late");
    await turns(1);
    expect([stream.writes, connection.bufferedBytes]).to.deep.equal([[], 0]);
    connection.destroy();
    await turns(3);
    expect([connection.closed, connection.peer, connection.secure]).to.deep.equal([
      true,
      { address: undefined, port: undefined },
      false,
    ]);
    expect(told).to.deep.equal([undefined]);
  });
});
