import { expect } from "chai";
import type { ResponseLike } from "turnout";
import { gate, turns } from "../support/exchanges.ts";
import {
  clientPreface,
  code,
  requestOn,
  rstStream,
  setting,
  settingsFrame,
  windowUpdate,
} from "../support/http2-frames.ts";
import { Http2Raw, openHttp2, upgradeToHttp2 } from "../support/http2-raw.ts";
import { answerOf, ask, type Http2Answer, type Http2Serving, resetOf, servingHttp2 } from "../support/http2-serving.ts";
import { brokenTrailers, expectRefusedTrailers, trailing } from "../support/trailing.ts";

/** Runs `test` against a server that answers `/x` with `response()`, and everything else in a word. */
function answering(response: () => ResponseLike, test: (serving: Http2Serving) => Promise<void>): Promise<void> {
  return servingHttp2(test, { respond: ({ path }) => (path === "/x" ? response() : { body: "well" }) });
}

const x = { ":path": "/x" };

/** One answer of the application's, as the client sees it. */
function answers(title: string, response: () => ResponseLike, check: (seen: Http2Answer) => void): void {
  it(title, () =>
    answering(response, async ({ session, faults }) => {
      const http2 = session();
      check(await ask(http2, x));
      expect((await ask(http2)).body.toString()).to.equal("well");
      expect(faults).to.deep.equal([]);
    }),
  );
}

/** Without what node:http2 adds to them. */
const fieldsOf = ({ trailers = {} }: Http2Answer): unknown => Object.fromEntries(Object.entries(trailers));

const own = (seen: Http2Answer): unknown => [seen.body.toString(), seen.headers["content-length"], fieldsOf(seen)];

describe("RFC 9113 section 8.1: trailers of an answer", () => {
  answers(
    "a stream",
    () => ({ body: ["ab", "c"], trailers: () => ({ "X-Sum": "7", "X-List": ["1", "2"] }) }),
    (seen) => expect(own(seen)).to.deep.equal(["abc", undefined, { "x-sum": "7", "x-list": "1, 2" }]),
  );
  answers(
    "by a promise, as pairs, with a field that there may be one of (RFC 9110 section 8.8.3)",
    () => ({
      body: ["abc"],
      trailers: async () => [
        ["ETag", '"a"'],
        ["etag", '"b"'],
      ],
    }),
    (seen) => expect(own(seen)).to.deep.equal(["abc", undefined, { etag: '"a", "b"' }]),
  );
  answers(
    "whole content: no length, at which some clients would stop reading",
    () => ({ body: "h\u00e9", trailers: () => ({ a: "1" }) }),
    (seen) => expect(own(seen)).to.deep.equal(["h\u00e9", undefined, { a: "1" }]),
  );
  answers(
    "no content",
    () => ({ trailers: () => ({ a: "1" }) }),
    (seen) => expect(own(seen)).to.deep.equal(["", undefined, { a: "1" }]),
  );
  answers(
    "RFC 9110 section 8.6: nor the length that the application has said",
    () => ({ headers: { "content-length": "2" }, body: ["a", "b"], trailers: () => ({ a: "1" }) }),
    (seen) => expect(own(seen)).to.deep.equal(["ab", undefined, { a: "1" }]),
  );
  answers(
    "no fields: the answer ends all the same",
    () => ({ body: ["ab"], trailers: () => ({}) }),
    (seen) => expect([seen.body.toString(), seen.trailers]).to.deep.equal(["ab", undefined]),
  );
  answers(
    "behind 1 MiB",
    () => ({ body: "x".repeat(1_048_576), trailers: () => ({ a: "1" }) }),
    (seen) => expect([seen.body.length, fieldsOf(seen)]).to.deep.equal([1_048_576, { a: "1" }]),
  );
  answers(
    "RFC 9110 section 15.3.5: none behind a 204",
    () => ({ status: 204, trailers: () => ({ a: "1" }) }),
    (seen) => expect([seen.status, seen.trailers]).to.deep.equal([204, undefined]),
  );

  it("RFC 9113 section 8.1: they end the stream", () =>
    answering(
      () => ({ body: ["abc"], trailers: () => ({ a: "1" }) }),
      async ({ connect }) => {
        const http2 = openHttp2(await connect(), requestOn(1));
        expect((await http2.answerOn(1)).body).to.equal("abc");
        await http2.ping();
        expect(http2.seen.filter((words) => / 1(?: |$)/.test(words))).to.deep.equal([
          "headers 1 200",
          "data 1 3",
          "trailers 1 end",
        ]);
      },
    ));

  it("T-66 RFC 7540 section 3.2: on stream 1, behind an Upgrade", () =>
    answering(
      () => ({ body: ["abc"], trailers: () => ({ a: "1" }) }),
      async ({ connect }) => {
        const http2 = await upgradeToHttp2(await connect());
        expect((await http2.answerOn(1)).body).to.equal("abc");
        expect(http2.seen.at(-1)).to.equal("trailers 1 end");
      },
    ));

  it("are asked for once, behind all of the content", () => {
    const { response, asked } = trailing(["a", "b"]);
    return answering(
      () => response,
      async ({ session }) => {
        expect((await ask(session(), x)).trailers).to.include({ "x-sum": "7" });
        expect(asked).to.deep.equal(["piece", "piece", "trailers"]);
      },
    );
  });

  it("RFC 9110 section 9.3.2: nobody is asked for them at HEAD", () => {
    const { response, asked } = trailing(["a"]);
    return answering(
      () => response,
      async ({ session, faults }) => {
        const { status, trailers } = await ask(session(), { ...x, ":method": "HEAD" });
        expect([status, trailers, asked, faults]).to.deep.equal([200, undefined, [], []]);
      },
    );
  });

  it("are waited for", () => {
    const ready = gate();
    const { response } = trailing(["ab"], async () => {
      await ready.opened;
      return { a: "1" };
    });
    return answering(
      () => response,
      async ({ session }) => {
        const http2 = session();
        const stream = http2.request({ ...x, ":authority": "h" });
        const answer = answerOf(stream);
        expect((await ask(http2)).body.toString()).to.equal("well");
        ready.open();
        expect(fieldsOf(await answer)).to.deep.equal({ a: "1" });
      },
    );
  });

  it("RFC 9113 section 5.2: wait behind content that the client has no window for", () =>
    answering(
      () => ({ body: "x".repeat(1_000), trailers: () => ({ a: "1" }) }),
      async ({ connect }) => {
        const http2 = new Http2Raw(await connect());
        http2.send(Buffer.from(clientPreface), settingsFrame([setting.initialWindowSize, 10]), requestOn(1));
        await http2.until((frame) => frame.type === 0);
        await http2.ping();
        expect(http2.seen).to.not.include("trailers 1 end");
        http2.send(windowUpdate(1, 1_000));
        expect((await http2.answerOn(1)).body.length).to.equal(990);
        expect(http2.seen.at(-1)).to.equal("trailers 1 end");
      },
    ));
});

describe("RFC 9113 section 5.4.2: trailers that cannot be sent", () => {
  for (const [title, trailers] of Object.entries(brokenTrailers)) {
    it(`${title}: the stream is reset, it is reported, and the session goes on`, () =>
      answering(
        () => ({ body: ["a"], trailers }),
        async ({ session, faults }) => {
          const http2 = session();
          expect(await resetOf(http2.request({ ...x, ":authority": "h" }))).to.not.equal(code.noError);
          expectRefusedTrailers(faults);
          expect((await ask(http2)).body.toString()).to.equal("well");
        },
      ));
  }

  it("RFC 9110 section 8.6: content that is shorter than the length that the application has said", () =>
    answering(
      () => ({ headers: { "content-length": "2" }, body: ["a"], trailers: () => ({ a: "1" }) }),
      async ({ session, faults }) => {
        expect(await resetOf(session().request({ ...x, ":authority": "h" }))).to.not.equal(code.noError);
        expectRefusedTrailers(faults);
      },
    ));

  it("they are no function: 500", () =>
    answering(
      () => ({ body: "a", trailers: { a: "1" } as unknown as () => Record<string, string> }),
      async ({ session, faults }) => {
        expect((await ask(session(), x)).status).to.equal(500);
        expectRefusedTrailers(faults);
      },
    ));

  it("the client resets while they are waited for: nobody hears of them any more, and the session goes on", () => {
    const [asked, ready] = [gate(), gate()];
    const { response } = trailing(["a"], async () => {
      asked.open();
      await ready.opened;
      return { a: "1" };
    });
    return answering(
      () => response,
      async ({ connect, faults }) => {
        const http2 = openHttp2(await connect(), requestOn(1));
        await asked.opened;
        http2.send(rstStream(1, code.cancel));
        await http2.ping();
        ready.open();
        await turns(3);
        expect(
          (
            await http2
              .send(
                requestOn(3, [
                  [":method", "GET"],
                  [":scheme", "http"],
                  [":authority", "h"],
                  [":path", "/"],
                ]),
              )
              .answerOn(3)
          ).body,
        ).to.equal("well");
        expect([http2.seen.includes("trailers 1 end"), faults]).to.deep.equal([false, []]);
      },
    );
  });

  it("the client resets when they are there, and content before them waits for a window: the session goes on", () =>
    answering(
      () => ({ body: "x".repeat(1_000), trailers: () => ({ a: "1" }) }),
      async ({ connect, faults }) => {
        const http2 = new Http2Raw(await connect());
        http2.send(Buffer.from(clientPreface), settingsFrame([setting.initialWindowSize, 10]), requestOn(1));
        await http2.until((frame) => frame.type === 0);
        http2.send(rstStream(1, code.cancel), settingsFrame([setting.initialWindowSize, 10_000]));
        await http2.ping();
        expect((await http2.send(requestOn(3)).answerOn(3)).body.length).to.equal(1_000);
        expect([http2.seen.includes("trailers 1 end"), faults]).to.deep.equal([false, []]);
      },
    ));
});
