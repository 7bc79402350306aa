import { expect } from "chai";
import { Http2Protocol } from "turnout/http2";
import { getTwo, nextClosed, turns } from "../support/exchanges.ts";
import {
  clientPreface,
  code,
  flag,
  frameOf,
  literals,
  pseudoFields,
  requestOn,
  rstStream,
  setting,
  settingsAck,
  settingsFrame,
  type,
} from "../support/http2-frames.ts";
import { Http2Raw, openHttp2 } from "../support/http2-raw.ts";
import { ask, type Http2Serving, servingHttp2 } from "../support/http2-serving.ts";
import type { RawClient } from "../support/raw-client.ts";

/** Bytes by which the process may grow: generous, since what is not collected yet counts, too. */
const growth = 150 * 1024 * 1024;

/** Others are served, and nobody's code is at fault. */
async function expectUnmoved({ connect, session, server, faults }: Http2Serving): Promise<void> {
  expect((await (await connect()).send(getTwo).response()).status).to.equal(200);
  const http2 = session();
  expect((await ask(http2)).status).to.equal(200);
  http2.close();
  expect([faults, server.stats().faults]).to.deep.equal([[], {}]);
}

/** Sends without an end, as fast as it is taken, until the connection is gone; fails when `most` rounds were not enough. */
async function flood(client: RawClient, bytes: Buffer, most: number): Promise<void> {
  for (let round = 0; round < most && !client.stream.destroyed && !client.stream.readableEnded; round++) {
    await client.sendSegment(bytes);
  }
  await client.gone();
  client.stream.destroy();
}

const ended = { protocols: [new Http2Protocol({ timeouts: { idleMs: 200 } })] };

describe("RFC 9113 section 10.5: abuse is bounded, and ends by itself", () => {
  it("rapid reset: a client that opens and resets streams is cut off, and the application is spared", async function () {
    this.timeout(20_000);
    let asked = 0;
    await servingHttp2(
      async (serving) => {
        const closed = nextClosed(serving.server);
        const http2 = openHttp2(await serving.connect());
        const pairs = Array.from({ length: 4_000 }, (_, at) => [
          requestOn(1 + 2 * at, pseudoFields("/abused")),
          rstStream(1 + 2 * at, code.cancel),
        ]);
        http2.send(...pairs.flat());
        await http2.untilClosed();
        http2.client.stream.destroy();
        await closed;
        expect(asked).to.be.below(2_500);
        await expectUnmoved(serving);
      },
      {
        ...ended,
        respond: async ({ path }) => {
          asked += path === "/abused" ? 1 : 0;
          return { body: "x" };
        },
      },
    );
  });

  it("rapid reset: 1,000 streams, as a browser that is closed may leave behind, and each signal is aborted", async function () {
    this.timeout(20_000);
    let [asked, aborted] = [0, 0];
    await servingHttp2(
      async (serving) => {
        const http2 = openHttp2(await serving.connect());
        for (let at = 0; at < 1_000; at += 50) {
          const streams = Array.from({ length: 50 }, (_, index) => 1 + 2 * (at + index));
          http2.send(...streams.map((stream) => requestOn(stream, pseudoFields("/wait"))));
          await http2.ping();
          http2.send(...streams.map((stream) => rstStream(stream, code.cancel)));
          await http2.ping();
        }
        await turns(5);
        expect([asked, aborted]).to.deep.equal([1_000, 1_000]);
        http2.send(requestOn(2_001));
        expect((await http2.answerOn(2_001)).status).to.equal(200);
        expect(serving.server.stats().answered).to.deep.equal({ 200: 1 });
        await expectUnmoved(serving);
      },
      {
        respond: ({ path, signal }) => {
          if (path !== "/wait") {
            return {};
          }
          asked++;
          return new Promise((resolve) =>
            signal.addEventListener("abort", () => {
              aborted++;
              resolve({});
            }),
          );
        },
      },
    );
  });

  for (const [what, frame] of [
    ["settings", settingsFrame([setting.maxConcurrentStreams, 100])],
    ["ping", frameOf(type.ping, 0, 0, "abcdefgh")],
  ] as const) {
    it(`${what} flood of a client that reads nothing: bounded, and cut off`, async function () {
      this.timeout(30_000);
      await servingHttp2(async (serving) => {
        const before = process.memoryUsage().rss;
        const client = await serving.connect();
        client.send(Buffer.concat([Buffer.from(clientPreface), settingsFrame()]));
        client.stream.pause();
        const many = Buffer.concat(Array.from({ length: 2_000 }, () => frame));
        const gone = nextClosed(serving.server);
        let isGone = false;
        void gone.then(() => {
          isGone = true;
        });
        for (let round = 0; round < 1_000 && !isGone && !client.stream.destroyed; round++) {
          await Promise.race([client.sendSegment(many), gone]);
        }
        client.stream.destroy();
        await gone;
        expect(process.memoryUsage().rss - before).to.be.below(growth);
        await expectUnmoved(serving);
      }, ended);
    });
  }

  it("CONTINUATION flood: bounded, and cut off", async function () {
    this.timeout(20_000);
    await servingHttp2(async (serving) => {
      const before = process.memoryUsage().rss;
      const http2 = openHttp2(await serving.connect());
      http2.send(frameOf(type.headers, flag.endStream, 1, literals(pseudoFields())));
      const one = frameOf(type.continuation, 0, 1, literals([["x", "y".repeat(16_000)]]));
      await flood(http2.client, Buffer.concat(Array.from({ length: 20 }, () => one)), 200);
      expect(process.memoryUsage().rss - before).to.be.below(growth);
      expect(serving.server.stats().answered).to.deep.equal({});
      await expectUnmoved(serving);
    }, ended);
  });

  it("CONTINUATION flood of empty frames: cut off", async function () {
    this.timeout(20_000);
    await servingHttp2(async (serving) => {
      const http2 = openHttp2(await serving.connect());
      http2.send(frameOf(type.headers, flag.endStream, 1, literals(pseudoFields())));
      await flood(
        http2.client,
        Buffer.concat(Array.from({ length: 1_000 }, () => frameOf(type.continuation, 0, 1))),
        200,
      );
      expect(serving.server.stats().answered).to.deep.equal({});
      await expectUnmoved(serving);
    }, ended);
  });

  it("RFC 9113 section 5.1.2: of 1,000 streams that say nothing more, 900 are refused, and 100 wait", async function () {
    this.timeout(20_000);
    await servingHttp2(async (serving) => {
      const http2 = openHttp2(await serving.connect());
      http2.send(...Array.from({ length: 1_000 }, (_, at) => requestOn(1 + 2 * at, pseudoFields("/", "POST"), false)));
      await http2.until(({ stream, type: kind }) => kind === type.rstStream && stream === 1_999);
      const resets = http2.seen.filter((words) => words.startsWith("rst"));
      expect(resets).to.deep.equal(Array.from({ length: 900 }, (_, at) => `rst ${201 + 2 * at} ${code.refusedStream}`));
      http2.send(frameOf(type.data, flag.endStream, 1, "12345"));
      expect((await http2.answerOn(1)).body).to.equal("POST / 5\n");
      await expectUnmoved(serving);
    });
  });

  it("RFC 9113 section 6.5.2: more fields than a request may have: this stream is refused", () =>
    servingHttp2(async ({ connect, faults }) => {
      const many = Array.from({ length: 200 }, (_, at): [string, string] => [`x-${at}`, "1"]);
      const http2 = openHttp2(await connect(), settingsAck, requestOn(1, [...pseudoFields(), ...many]));
      http2.send(requestOn(3));
      expect((await http2.answerOn(3)).status).to.equal(200);
      expect(http2.seen.filter((words) => words.startsWith("headers 1"))).to.deep.equal([]);
      expect(faults).to.deep.equal([]);
    }));

  it("RFC 9113 section 6.5.2: larger fields than a request may have: this stream is refused", () =>
    servingHttp2(async ({ connect, faults }) => {
      const http2 = openHttp2(await connect(), settingsAck);
      await http2.ping();
      http2.send(
        requestOn(1, [...pseudoFields(), ["x-a", "y".repeat(8_000)], ["x-b", "y".repeat(8_300)]]),
        requestOn(3),
      );
      expect((await http2.answerOn(3)).status).to.equal(200);
      expect(http2.seen.filter((words) => words.startsWith("headers 1"))).to.be.deep.oneOf([[], ["headers 1 431 end"]]);
      expect(faults).to.deep.equal([]);
    }));

  it("RFC 9113 section 10.5: answers of 10 MiB on 50 streams whose window never opens: what is held is bounded", async function () {
    this.timeout(20_000);
    let pieces = 0;
    const answer = async function* (): AsyncGenerator<Buffer> {
      for (let piece = 0; piece < 160; piece++) {
        pieces++;
        yield Buffer.alloc(65_536, piece);
      }
    };
    await servingHttp2(
      async (serving) => {
        const before = process.memoryUsage().rss;
        const http2 = new Http2Raw(await serving.connect());
        http2.send(Buffer.from(clientPreface), settingsFrame([setting.initialWindowSize, 0]));
        http2.send(...Array.from({ length: 50 }, (_, at) => requestOn(1 + 2 * at, pseudoFields("/large"))));
        await http2.until(({ stream, type: kind }) => kind === type.headers && stream === 99);
        for (let round = 0; round < 50; round++) {
          await http2.ping();
        }
        expect(pieces).to.be.below(50 * 5);
        expect(process.memoryUsage().rss - before).to.be.below(growth);
        await expectUnmoved(serving);
        const closed = nextClosed(serving.server);
        http2.client.reset();
        await closed;
        await turns(5);
        expect(serving.faults).to.deep.equal([]);
      },
      { respond: ({ path }) => (path === "/large" ? { body: answer() } : { body: "small" }) },
    );
  });
});
