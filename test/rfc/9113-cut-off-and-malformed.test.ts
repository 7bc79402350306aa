import { expect } from "chai";
import { decline } from "turnout";
import { Http2Protocol } from "turnout/http2";
import { describeRequest, gate, nextClosed, turns } from "../support/exchanges.ts";
import {
  clientPreface,
  code,
  dataOn,
  type FieldList,
  frameOf,
  pseudoFields,
  requestOn,
  rstStream,
  setting,
  settingsFrame,
  type as types,
  windowUpdate,
} from "../support/http2-frames.ts";
import { Http2Raw, openHttp2 } from "../support/http2-raw.ts";
import { ask, resetOf, servingHttp2, soonOn } from "../support/http2-serving.ts";
import { connectOver, echoingOverHttp2 } from "../support/http2-web-sockets.ts";

describe("RFC 9113: content and answers that break off", () => {
  it("RFC 9113 section 8.1: an answer that breaks off after a piece is out: reset, and no END_STREAM", () =>
    servingHttp2(
      async ({ session, faults }) => {
        const reset = await resetOf(session().request({ ":path": "/broken", ":authority": "h" }));
        expect(faults.map((fault) => fault.code)).to.deep.equal(["ERR_TURNOUT_RESPOND"]);
        expect(reset).not.to.equal(0);
      },
      {
        respond: () => ({
          body: (async function* () {
            yield "a";
            await turns(3);
            throw new Error("no more");
          })(),
        }),
      },
    ));

  for (const [what, cut] of [
    ["RST_STREAM CANCEL", rstStream(1, code.cancel)],
    ["RST_STREAM NO_ERROR", rstStream(1, code.noError)],
  ] as const) {
    it(`RFC 9113 section 8.1: content that breaks off with ${what} is not complete`, () => {
      const [asked, read] = [gate(), gate()];
      let seen = "";
      return servingHttp2(
        async ({ connect, server }) => {
          const http2 = openHttp2(await connect(), requestOn(1, pseudoFields("/", "POST"), false), dataOn(1, "12345"));
          await asked.opened;
          await http2.ping();
          http2.send(cut);
          await read.opened;
          await turns(3);
          expect([seen, server.stats().answered]).to.deep.equal(["failed", {}]);
        },
        {
          respond: async (request) => {
            asked.open();
            try {
              seen = `read ${(await request.bytes()).length}`;
              return {};
            } catch (error) {
              seen = "failed";
              throw error;
            } finally {
              read.open();
            }
          },
        },
      );
    });
  }

  for (const how of ["reset", "end"] as const) {
    it(`RFC 9113 section 8.1: content that breaks off with the connection (${how}) is not complete`, () => {
      const [asked, read] = [gate(), gate()];
      let seen = "";
      return servingHttp2(
        async ({ connect }) => {
          const client = await connect();
          const http2 = openHttp2(client, requestOn(1, pseudoFields("/", "POST"), false), dataOn(1, "12345"));
          await asked.opened;
          await http2.ping();
          client[how]();
          await read.opened;
          expect(seen).to.equal("failed");
        },
        {
          respond: async (request) => {
            asked.open();
            try {
              seen = `read ${(await request.bytes()).length}`;
              return {};
            } catch (error) {
              seen = "failed";
              throw error;
            } finally {
              read.open();
            }
          },
        },
      );
    });
  }

  it("RFC 9113 section 8.1: an answer before the content is complete: RST_STREAM NO_ERROR, if any", () =>
    servingHttp2(
      async ({ session }) => {
        const stream = session().request({ ":method": "POST", ":authority": "h" });
        stream.write(Buffer.alloc(3_000_000));
        await soonOn(stream, "response");
        expect(await resetOf(stream)).to.equal(code.noError);
      },
      { respond: () => ({ status: 401, body: "no\n" }) },
    ));

  it("RFC 9113 section 8.1: 413: RST_STREAM NO_ERROR, if any", () =>
    servingHttp2(
      async ({ session }) => {
        const stream = session().request({ ":method": "POST", ":authority": "h" });
        stream.write(Buffer.alloc(3_000_000));
        await soonOn(stream, "response");
        expect(await resetOf(stream)).to.equal(code.noError);
      },
      { limits: { maxBodyBytes: 1_000 } },
    ));
});

describe("RFC 9113 section 8.1: the signal of a request whose answer is a stream", () => {
  for (const how of ["at once", "later"] as const) {
    it(`an answer that is given ${how}: aborted when the client resets it, and not when it is out`, () => {
      const signals: AbortSignal[] = [];
      const waits = gate();
      return servingHttp2(
        async ({ session }) => {
          const http2 = session();
          expect((await ask(http2, { ":path": "/whole" })).body.toString()).to.equal("12");
          const stream = http2.request({ ":path": "/endless", ":authority": "h" });
          await soonOn(stream, "data");
          stream.close(code.cancel);
          await waits.opened; // the signal is what ends it
          await turns(2);
          expect(signals.map(({ aborted }) => aborted)).to.deep.equal([false, true]);
        },
        {
          respond: ({ path, signal }) => {
            signals.push(signal);
            async function* endless(): AsyncGenerator<string> {
              yield "begun";
              await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
              waits.open();
            }
            const response = { body: path === "/whole" ? ["1", "2"] : endless() };
            return how === "at once" ? response : Promise.resolve(response);
          },
        },
      );
    });
  }
});

describe("RFC 9113: connections that never end", () => {
  it("RFC 9113 section 10.5: a client that takes nothing for stallMs is cut off", () =>
    servingHttp2(
      async ({ connect, server }) => {
        const http2 = new Http2Raw(await connect());
        const closed = nextClosed(server);
        http2.send(Buffer.from(clientPreface), settingsFrame([setting.initialWindowSize, 0]), requestOn(1));
        await Promise.race([closed, http2.until(({ type }) => type === 3)]);
      },
      {
        timeouts: { stallMs: 100 },
        protocols: [new Http2Protocol({ timeouts: { idleMs: 100 } })],
        respond: () => ({ body: Array.from({ length: 100 }, () => Buffer.alloc(10_000)) }),
      },
    )).timeout(12_000);

  it("RFC 9113 section 10.5: nor is a long text given to a client that takes nothing", () =>
    servingHttp2(
      async ({ connect, server }) => {
        const http2 = new Http2Raw(await connect());
        const closed = nextClosed(server);
        http2.send(Buffer.from(clientPreface), settingsFrame([setting.initialWindowSize, 0]), requestOn(1));
        await Promise.race([closed, http2.until(({ type }) => type === 3)]);
      },
      { timeouts: { stallMs: 100 }, respond: () => ({ body: "x".repeat(100_000) }) },
    )).timeout(12_000);

  for (const [what, response] of [
    ["text", () => ({ body: "x".repeat(1_000) })],
    ["bytes", () => ({ body: Buffer.alloc(16_384) })],
    ["a stream", () => ({ body: ["x".repeat(1_000)] })],
    ["text with trailers", () => ({ body: "x", trailers: () => ({ a: "1" }) })],
  ] as const) {
    for (const pings of [false, true]) {
      it(`RFC 9113 section 10.5: a short answer, ${what}, is not kept for a client that takes nothing${pings ? ", and pings" : ""}`, () =>
        servingHttp2(
          async ({ connect, server, faults }) => {
            const http2 = new Http2Raw(await connect());
            http2.send(Buffer.from(clientPreface), settingsFrame([setting.initialWindowSize, 0]), requestOn(1));
            const pinging = setInterval(() => pings && http2.send(frameOf(types.ping, 0, 0, "abcdefgh")), 20);
            try {
              await http2.until(({ type }) => type === types.rstStream);
            } finally {
              clearInterval(pinging);
            }
            http2.send(settingsFrame([setting.initialWindowSize, 100_000]), requestOn(3, pseudoFields("/well")));
            expect((await http2.answerOn(3)).body).to.equal("well");
            expect([server.stats().open, faults]).to.deep.equal([1, []]);
          },
          {
            protocols: [new Http2Protocol({ timeouts: { stallMs: 100 } })],
            respond: ({ path }) => (path === "/well" ? { body: "well" } : response()),
          },
        )).timeout(12_000);
    }
  }

  it("RFC 9113 section 9.1: streams that make one piece after the other, or none for long, are no answers that wait", () => {
    const after = gate();
    return servingHttp2(
      async ({ connect }) => {
        const http2 = new Http2Raw(await connect());
        http2.send(Buffer.from(clientPreface), settingsFrame([setting.initialWindowSize, 0]), requestOn(1));
        http2.send(requestOn(3, pseudoFields("/stalled")));
        // Once that one has been reset, the other one has been looked at as well.
        await http2.until(({ type, stream }) => type === types.rstStream && stream === 3);
        http2.send(windowUpdate(1, 1_000));
        after.open();
        expect((await http2.answerOn(1)).body).to.equal("first last");
      },
      {
        protocols: [new Http2Protocol({ timeouts: { stallMs: 100 } })],
        respond: ({ path }) => ({
          body:
            path === "/stalled"
              ? "x"
              : (async function* () {
                  yield "first";
                  await after.opened;
                  yield " last";
                })(),
        }),
      },
    );
  });

  it("RFC 9113 section 5.2: an answer of one piece is not cut off after closeMs while the client takes it, slowly", () =>
    servingHttp2(
      async ({ connect }) => {
        const http2 = new Http2Raw(await connect());
        http2.send(Buffer.from(clientPreface), settingsFrame([setting.initialWindowSize, 10_000]), requestOn(1));
        for (let taken = 0; taken < 200_000; taken += 10_000) {
          for (let left = 10_000; left > 0; ) {
            const { type, payload } = await http2.until(({ stream, type: kind }) => stream === 1 && kind !== 1);
            expect(type, `after ${taken} bytes`).to.equal(0);
            left -= payload.length;
          }
          await new Promise((resolve) => setTimeout(resolve, 20));
          http2.send(windowUpdate(1, 10_000), windowUpdate(0, 10_000));
        }
      },
      { timeouts: { closeMs: 100 }, respond: () => ({ body: "x".repeat(200_000) }) },
    )).timeout(12_000);

  it("RFC 9113 section 9.1: a client that does not close its side behind GOAWAY and FIN is not waited for (idle)", () =>
    servingHttp2(
      async ({ connect, server }) => {
        const closed = nextClosed(server);
        const http2 = openHttp2(await connect());
        await http2.untilClosed();
        await closed;
        expect(server.stats().open).to.equal(0);
      },
      { timeouts: { closeMs: 50 }, protocols: [new Http2Protocol({ timeouts: { idleMs: 50 } })] },
    )).timeout(12_000);

  it("T-62: a client that does not close its side behind GOAWAY and FIN does not hold up the server's close", () =>
    servingHttp2(
      async ({ connect, server }) => {
        const http2 = openHttp2(await connect(), requestOn(1));
        await http2.answerOn(1);
        const { switched } = await server.close({ graceMs: 3_000 });
        expect(switched).to.deep.equal({ h2: { closed: 1, destroyed: 0 } });
      },
      { timeouts: { closeMs: 50 } },
    )).timeout(12_000);
});

/** A request is refused with this status; or, where nghttp2 sees the fault itself, its stream is reset. */
function refused(title: string, fields: FieldList, status: number): void {
  it(title, () =>
    servingHttp2(async ({ connect, server }) => {
      const answer = await openHttp2(await connect(), requestOn(1, fields)).answerOn(1);
      expect(answer.reset === undefined ? answer.status : answer.reset).to.be.oneOf([status, code.protocolError]);
      expect(server.stats().answered).not.to.have.property("200");
    }),
  );
}

describe("RFC 9113: requests that HTTP/1.1 would refuse", () => {
  const request = (authority: string, path = "/", scheme = "http"): FieldList => [
    [":method", "GET"],
    [":scheme", scheme],
    [":authority", authority],
    [":path", path],
  ];
  refused("RFC 9113 section 8.3.1: userinfo in :authority: malformed", request("user@h"), 400);
  refused("RFC 9113 section 8.3.1: a port that is none in :authority", request("h:99999"), 400);
  refused("RFC 9113 section 8.3.1: Host and :authority that differ", [...request("a"), ["host", "b"]], 400);
  refused(
    "RFC 9113 section 8.3.1: a :path that is none, with a scheme that is not HTTP's",
    request("h", "@evil/", "x"),
    400,
  );
  refused("RFC 9113 section 8.3.1, RFC 9110 section 4.1: a fragment in :path", request("h", "/a#b"), 400);
  refused("RFC 9113 section 8.3.1: bytes beyond ASCII in :path", request("h", "/\xe9"), 400);
  refused(
    "RFC 9110 section 15.5.15: a target beyond maxTargetBytes: 414, as over HTTP/1.1",
    request("h", `/${"a".repeat(9_000)}`),
    414,
  );

  it("RFC 9110 section 10.1.1: 100-Continue in any case", () =>
    servingHttp2(async ({ connect }) => {
      const http2 = openHttp2(
        await connect(),
        requestOn(1, [...pseudoFields("/", "POST"), ["expect", "100-Continue"]], false),
      );
      await http2.ping();
      await http2.ping();
      expect(http2.seen).to.include("headers 1 100");
    }));
});

describe("RFC 8441", () => {
  it("RFC 8441: accept declines, and the application reads the content: there is none, or it is what comes, but it ends", () =>
    echoingOverHttp2(
      { accept: () => decline() },
      async ({ session }) => {
        const { headers, stream } = await connectOver(session());
        expect(headers[":status"]).to.equal(200);
        stream.destroy();
      },
      { respond: describeRequest },
    )).timeout(12_000);
});
