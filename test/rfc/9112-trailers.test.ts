import { once } from "node:events";
import { expect } from "chai";
import type { ResponseLike } from "turnout";
import { expectOrdinary, gate, getTwo, turns } from "../support/exchanges.ts";
import { codeOf } from "../support/failures.ts";
import { type Serving, serving } from "../support/serving.ts";
import { brokenTrailers, expectRefusedTrailers, trailing } from "../support/trailing.ts";

const get = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";

/** Runs `test` against a server that answers `/x` with `response()`, and everything else in a line. */
function answering(response: () => ResponseLike, test: (serving: Serving) => Promise<void>): Promise<void> {
  return serving({ respond: ({ path }) => (path === "/x" ? response() : { body: "GET /two 0\n" }) }, test);
}

/** What `/x` has for its content, byte for byte; the connection stays, and nothing is reported. */
function sends(title: string, response: () => ResponseLike, content: string): void {
  it(title, () =>
    answering(response, async ({ connect, faults }) => {
      const client = (await connect()).send(get + getTwo);
      const head = await client.takeUntil("\r\n\r\n");
      expect(head)
        .to.include("\r\nTransfer-Encoding: chunked\r\n")
        .and.not.match(/content-length/i);
      expect(await client.take(content.length)).to.equal(content);
      await expectOrdinary(client, "GET /two 0");
      expect(faults).to.deep.equal([]);
    }),
  );
}

describe("RFC 9112 section 7.1.2: trailers of an answer", () => {
  sends(
    "a stream: they come behind the last chunk",
    () => ({ body: ["ab", "c"], trailers: () => ({ "X-Sum": "7", "X-List": ["1", "2"] }) }),
    "2\r\nab\r\n1\r\nc\r\n0\r\nX-Sum: 7\r\nX-List: 1\r\nX-List: 2\r\n\r\n",
  );
  sends(
    "by a promise, as pairs",
    () => ({ body: ["ab"], trailers: async () => [["x-sum", "7"]] }),
    "2\r\nab\r\n0\r\nx-sum: 7\r\n\r\n",
  );
  sends(
    "text that is whole goes in one chunk",
    () => ({ body: "h\u00e9", trailers: () => ({ a: "1" }) }),
    "3\r\nh\xc3\xa9\r\n0\r\na: 1\r\n\r\n",
  );
  sends(
    "bytes that are whole go in one chunk",
    () => ({ body: Buffer.from("ab"), trailers: () => ({ a: "1" }) }),
    "2\r\nab\r\n0\r\na: 1\r\n\r\n",
  );
  sends("no content: no chunk but the last", () => ({ trailers: () => ({ a: "1" }) }), "0\r\na: 1\r\n\r\n");
  sends("no fields: as if there were none", () => ({ body: ["ab"], trailers: () => ({}) }), "2\r\nab\r\n0\r\n\r\n");
  sends(
    "RFC 9112 section 6.2: a Content-Length is left out, and checked",
    () => ({ headers: { "Content-Length": "2" }, body: ["a", "b"], trailers: () => ({ a: "1" }) }),
    "1\r\na\r\n1\r\nb\r\n0\r\na: 1\r\n\r\n",
  );
  sends(
    "an object with a method of that name",
    () =>
      new (class {
        body = "ab";
        #sum = "7";
        trailers(): { a: string } {
          return { a: this.#sum };
        }
      })(),
    "2\r\nab\r\n0\r\na: 7\r\n\r\n",
  );

  it("RFC 9110 section 6.6.2: the application may announce them by Trailer", () =>
    answering(
      () => ({ headers: { Trailer: "X-Sum" }, body: ["a"], trailers: () => ({ "X-Sum": "7" }) }),
      async ({ connect }) => {
        expect(await (await connect()).send(get).takeUntil("\r\n\r\n")).to.include("\r\nTrailer: X-Sum\r\n");
      },
    ));

  it("are asked for once, behind all of the content", () => {
    const { response, asked } = trailing(["a", "b"]);
    return answering(
      () => response,
      async ({ connect }) => {
        await (await connect()).send(get).takeUntil("0\r\nX-Sum: 7\r\n\r\n");
        expect(asked).to.deep.equal(["piece", "piece", "trailers"]);
      },
    );
  });

  it("are waited for; the content is out meanwhile", () => {
    const ready = gate();
    const { response } = trailing(["ab"], async () => {
      await ready.opened;
      return { a: "1" };
    });
    return answering(
      () => response,
      async ({ connect }) => {
        const client = (await connect()).send(get + getTwo);
        await client.takeUntil("\r\n\r\n");
        await client.takeUntil("2\r\nab\r\n");
        expect(client.pending).to.equal("");
        ready.open();
        expect(await client.takeUntil("\r\n\r\n")).to.equal("0\r\na: 1\r\n\r\n");
        await expectOrdinary(client, "GET /two 0");
      },
    );
  });

  for (const [title, request, more] of [
    ["RFC 9112 section 7.1: HTTP/1.0, which has no chunks", "GET /x HTTP/1.0\r\n\r\n", {}],
    ["RFC 9110 section 9.3.2: HEAD", "HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n", {}],
    ["RFC 9110 section 15.3.5: 204", get, { status: 204 }],
    ["RFC 9110 section 15.3.6: 205", get, { status: 205 }],
    ["RFC 9110 section 15.4.5: 304", get, { status: 304 }],
  ] as const) {
    it(`${title}: nobody is asked for them`, () => {
      const { response, asked } = trailing(["a"], undefined, more);
      return answering(
        () => response,
        async ({ connect, faults }) => {
          const bytes = await (await connect())
            .send(request)
            .end(getTwo.replace("Host", "Connection: close\r\nHost"))
            .rest();
          expect(bytes).to.not.include("X-Sum");
          expect([asked.includes("trailers"), faults]).to.deep.equal([false, []]);
        },
      );
    });
  }

  it("RFC 9110 section 8.6: HTTP/1.0 gets the length of whole content all the same", () =>
    answering(
      () => ({ body: "ab", trailers: () => ({ a: "1" }) }),
      async ({ connect }) => {
        const seen = await (await connect()).send("GET /x HTTP/1.0\r\n\r\n").response();
        expect([seen.body, seen.field("content-length"), seen.field("transfer-encoding")]).to.deep.equal([
          "ab",
          "2",
          undefined,
        ]);
      },
    ));
});

describe("RFC 9112 section 8: trailers that cannot be sent", () => {
  for (const [title, trailers] of Object.entries(brokenTrailers)) {
    it(`${title}: the answer breaks off before its last chunk, and it is reported`, () =>
      answering(
        () => ({ body: ["a"], trailers }),
        async ({ connect, faults }) => {
          const client = (await connect()).send(get + getTwo);
          await client.takeUntil("\r\n\r\n");
          expect(await client.gone()).to.equal("1\r\na\r\n");
          expectRefusedTrailers(faults);
        },
      ));
  }

  const reason = new Error("the application's");
  for (const [how, trailers] of [
    [
      "they throw",
      () => {
        throw reason;
      },
    ],
    ["their promise is rejected", () => Promise.reject(reason)],
  ] as const) {
    it(`${how}: the answer breaks off before its last chunk, and it is reported`, () =>
      answering(
        () => ({ body: ["a"], trailers }),
        async ({ connect, faults }) => {
          const client = (await connect()).send(get);
          await client.takeUntil("\r\n\r\n");
          expect(await client.gone()).to.equal("1\r\na\r\n");
          expect(faults.map(({ code, cause }) => [code, cause])).to.deep.equal([["ERR_TURNOUT_RESPOND", reason]]);
        },
      ));
  }

  it("they are no function: 500, and the connection stays", () =>
    answering(
      () => ({ body: ["a"], trailers: { a: "1" } as unknown as () => Record<string, string> }),
      async ({ connect, faults }) => {
        const client = (await connect()).send(get + getTwo);
        expect((await client.response()).status).to.equal(500);
        await expectOrdinary(client, "GET /two 0");
        expectRefusedTrailers(faults);
      },
    ));

  for (const pieces of [["a"], ["abc"]]) {
    it(`RFC 9110 section 8.6: ${pieces[0]!.length} bytes of a Content-Length of 2: nobody is asked for them`, () => {
      const { response, asked } = trailing(pieces, undefined, { headers: { "Content-Length": "2" } });
      return answering(
        () => response,
        async ({ connect, faults }) => {
          expect(await (await connect()).send(get).gone()).to.not.include("0\r\n\r\n");
          expect(asked).to.deep.equal(["piece"]);
          expectRefusedTrailers(faults);
        },
      );
    });
  }

  it("the client leaves while they are waited for: nobody hears of them any more, nor of their failure", async () => {
    for (const outcome of [() => ({ a: "1" }), () => ({ Host: "h" }), () => Promise.reject(new Error("late"))]) {
      const [asked, ready] = [gate(), gate()];
      const { response } = trailing(["a"], async () => {
        asked.open();
        await ready.opened;
        return outcome();
      });
      await answering(
        () => response,
        async ({ connect, server, faults }) => {
          const closed = once(server, "closed");
          const client = (await connect()).send(get);
          await asked.opened;
          client.reset();
          expect(codeOf((await closed)[0])).to.equal("ERR_TURNOUT_RESET");
          ready.open();
          await turns(3);
          expect(faults).to.deep.equal([]);
        },
      );
    }
  });
});
