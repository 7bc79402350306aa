import { once } from "node:events";
import { Readable } from "node:stream";
import { assert } from "chai";
import type { HttpRequest, ResponseLike, ServerOptions } from "turnout";
import type { RawClient } from "../support/raw-client.ts";
import { type Serving, serving } from "../support/serving.ts";

const get = (path: string, more = ""): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n${more}\r\n`;
const post = (path: string, content: string, more = ""): string =>
  `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: ${content.length}\r\n${more}\r\n${content}`;

async function* pieces(...texts: string[]): AsyncGenerator<string> {
  yield* texts;
}

/** One server for a test, with one client. */
function answering(
  respond: (request: HttpRequest) => ResponseLike | Promise<ResponseLike>,
  test: (client: RawClient, serving: Serving) => Promise<void>,
  options: ServerOptions = {},
): Promise<void> {
  return serving({ ...options, respond }, async (running) => test(await running.connect(), running));
}

describe("RFC 9112 section 7.1: streamed answers", () => {
  const bodies: readonly (readonly [string, () => ResponseLike])[] = [
    ["an iterable", () => ({ body: ["he", "", Buffer.from("llo")] })],
    ["an async iterable", () => ({ body: pieces("he", "", "llo") })],
    ["a Readable", () => ({ body: Readable.from([Buffer.from("he"), Buffer.from("llo")]) })],
    ["a Response of the web", () => new Response(ReadableStream.from([Buffer.from("he"), Buffer.from("llo")]))],
  ];
  for (const [title, make] of bodies) {
    it(`${title} is chunked, and the connection goes on`, () =>
      answering(make, async (client) => {
        for (let round = 0; round < 2; round++) {
          const { body, head } = await client.send(get("/")).response();
          assert.equal(body, "hello");
          assert.include(head, "Transfer-Encoding: chunked");
        }
      }));
  }

  it("section 6.3: to HTTP/1.0 the end of the connection is the end of the content", () =>
    answering(
      () => ({ body: pieces("he", "llo") }),
      async (client) => {
        client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        const all = await client.rest();
        assert.match(all, /^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\n\r\nhello$/);
      },
    ));

  it("a stated length is kept to", () =>
    answering(
      () => ({ headers: { "Content-Length": "5" }, body: pieces("he", "llo") }),
      async (client) => assert.equal((await client.send(get("/")).response()).body, "hello"),
    ));

  for (const [title, body] of [
    ["shorter", "hell"],
    ["longer", "hello!"],
  ] as const) {
    it(`what is ${title} than its stated length breaks off, and is reported`, () =>
      answering(
        () => ({ headers: { "Content-Length": "5" }, body: pieces(body) }),
        async (client, { faults, server }) => {
          const closed = once(server, "closed");
          const seen = await client.send(get("/")).gone();
          assert.notMatch(seen, /hello/);
          assert.nestedPropertyVal(await closed, "[0].code", "ERR_TURNOUT_RESET");
          assert.nestedPropertyVal(faults[0], "cause.code", "ERR_TURNOUT_RESPONSE");
        },
      ));
  }

  it("what is neither text nor bytes breaks off, and is reported", () =>
    answering(
      () => ({ body: [1 as unknown as string] }),
      async (client, { faults }) => {
        await client.send(get("/")).gone();
        assert.nestedPropertyVal(faults[0], "cause.code", "ERR_TURNOUT_RESPONSE");
      },
    ));

  it("a stream that throws breaks off, and is reported", () => {
    const cause = new Error("no more");
    async function* broken(): AsyncGenerator<string> {
      yield "some";
      throw cause;
    }
    return answering(
      () => ({ body: broken() }),
      async (client, { faults }) => {
        assert.notInclude(await client.send(get("/")).gone(), "\r\n0\r\n");
        assert.equal(faults[0]?.cause, cause);
      },
    );
  });

  for (const [title, request, status] of [
    ["HEAD", "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", 200],
    ["a 304", get("/"), 304],
  ] as const) {
    it(`${title}: the stream is told that nobody reads it, and the connection goes on`, () => {
      const stream = Readable.from(["x"]);
      return answering(
        () => ({ status, body: stream }),
        async (client) => {
          const closed = once(stream, "close");
          await client.send(request).response("HEAD");
          await closed;
          await client.send(request).response("HEAD");
        },
      );
    });
  }

  it("goes no faster than the client reads", () => {
    let made = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) {
        made++;
        yield Buffer.alloc(65_536);
      }
    }
    return answering(
      () => ({ body: endless() }),
      async (client, { server }) => {
        client.stream.pause();
        client.send(get("/"));
        const [error] = (await once(server, "closed")) as [{ code: string }];
        assert.equal(error.code, "ERR_TURNOUT_STALLED");
        assert.isBelow(made, 400); // what the system's buffers take, and not much more
      },
      { timeouts: { stallMs: 100 } },
    );
  });

  it("a client that leaves aborts the signal, and ends the stream", () => {
    let signal: AbortSignal | undefined;
    let ended = false;
    async function* endless(): AsyncGenerator<string> {
      try {
        for (;;) {
          yield "x".repeat(65_536);
        }
      } finally {
        ended = true;
      }
    }
    return answering(
      (request) => {
        signal = request.signal;
        return { body: endless() };
      },
      async (client, { server }) => {
        await client.send(get("/")).takeUntil("xxx");
        client.reset();
        await once(server, "closed");
        assert.isTrue(signal?.aborted);
        await new Promise(setImmediate);
        assert.isTrue(ended);
      },
    );
  });
});

describe("an application that fails", () => {
  const cause = new Error("no");
  const failures: readonly (readonly [string, () => ResponseLike | Promise<ResponseLike>])[] = [
    ["throws", () => assert.fail("no")],
    ["rejects", () => Promise.reject(cause)],
    ["answers 101", () => ({ status: 101 })],
    ["has a field that splits the response", () => ({ headers: { a: "b\r\nc: d" } })],
    ["answers nothing", () => undefined as never],
  ];
  for (const [title, respond] of failures) {
    it(`${title}: 500, a report, and the connection goes on`, () =>
      answering(
        (request) => (request.path === "/good" ? { body: "good" } : respond()),
        async (client, { faults }) => {
          const { status, body } = await client.send(get("/bad")).response();
          assert.deepEqual([status, body], [500, "500 Internal Server Error\n"]);
          assert.equal((await client.send(get("/good")).response()).body, "good");
          assert.lengthOf(faults, 1);
          assert.equal(faults[0]?.code, "ERR_TURNOUT_RESPOND");
          assert.isDefined(faults[0]?.cause);
        },
      ));
  }

  it("RFC 9110 section 15.5.14: content over the application's bound is 413 when it lets the error pass", () =>
    answering(
      async (request) => ({ body: await request.bytes(3) }),
      async (client, { faults }) => {
        assert.equal((await client.send(post("/", "1234")).response()).status, 413);
        assert.lengthOf(faults, 0);
        await client.rest();
      },
    ));

  it("an answer that comes after the client has gone is dropped", () => {
    const stream = Readable.from(["x"]);
    let answer: (response: ResponseLike) => void = () => {};
    let wasAsked: () => void = () => {};
    const asked = new Promise<void>((resolve) => {
      wasAsked = resolve;
    });
    const respond = (): Promise<ResponseLike> => {
      wasAsked();
      return new Promise((resolve) => {
        answer = resolve;
      });
    };
    return answering(respond, async (client, { server, faults }) => {
      client.send(get("/"));
      await asked;
      const closed = once(server, "closed");
      client.reset();
      await closed;
      const dropped = once(stream, "close");
      answer({ body: stream });
      await dropped;
      assert.lengthOf(faults, 0);
      assert.deepEqual(server.stats().answered, {});
    });
  });
});

describe("content", () => {
  it("RFC 9110 section 10.1.1: a 100 is sent when the application asks for content", () =>
    answering(
      async (request) => ({ body: await request.text() }),
      async (client) => {
        client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
        assert.equal((await client.response()).status, 100);
        assert.equal((await client.send("hi").response()).body, "hi");
      },
    ));

  it("section 10.1.1: without a 100 the answer closes, since content may come or not", () =>
    answering(
      () => ({ status: 403 }),
      async (client) => {
        client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
        const seen = await client.response();
        assert.deepEqual([seen.status, seen.field("connection")], [403, "close"]);
        await client.rest();
      },
    ));

  it("RFC 9112 section 9.3: what nobody reads is skipped, and the next request is answered", () =>
    answering(
      ({ path }) => ({ body: path }),
      async (client) => {
        client.send(post("/one", "x".repeat(1000)).slice(0, -10));
        assert.equal((await client.response()).body, "/one");
        client.send("x".repeat(10) + get("/two"));
        assert.equal((await client.response()).body, "/two");
      },
    ));

  it("what is too long to skip closes the connection", () =>
    answering(
      () => ({}),
      async (client) => {
        const length = 300_000;
        client.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n\r\n`);
        assert.equal((await client.response()).field("connection"), "close");
        await client.rest();
      },
    ));

  it("chunked content that goes on and on is not skipped for ever", () =>
    answering(
      () => ({}),
      async (client) => {
        client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
        assert.isUndefined((await client.response()).field("connection"));
        client.send(`fffff\r\n${"x".repeat(0xfffff)}\r\n`);
        await client.gone();
      },
    ));

  it("is given back while it still comes", () =>
    answering(
      (request) => ({ body: request.body }),
      async (client) => {
        client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n");
        await client.takeUntil("2\r\nhi\r\n");
        client.send("3\r\nyou\r\n0\r\n\r\n");
        await client.takeUntil("3\r\nyou\r\n0\r\n\r\n");
        client.send(`${post("/", "next")}`);
        assert.equal((await client.response()).body, "next");
      },
    ));

  it("RFC 9110 section 6.5: trailers reach the application", () =>
    answering(
      async (request) => {
        await request.bytes();
        return { body: String(request.body.trailers.get("x-sum")) };
      },
      async (client) => {
        client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Sum: 9\r\n\r\n");
        assert.equal((await client.response()).body, "9");
      },
    ));

  it("RFC 9112 section 8: a connection that ends within it is answered 400", () =>
    answering(
      async (request) => ({ body: await request.bytes() }),
      async (client) => {
        client.send(post("/", "1234").slice(0, -1)).end();
        assert.equal((await client.response()).status, 400);
        await client.rest();
      },
    ));

  it("malformed chunks behind the beginning of an answer end it in order, and nothing more is parsed", () =>
    answering(
      (request) => ({
        body: (async function* () {
          yield "begin ";
          const error = await request.bytes().catch((caught: Error) => caught);
          yield (error as Error & { code: string }).code;
        })(),
      }),
      async (client) => {
        client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
        await client.takeUntil("begin ");
        client.send(`zz\r\n${get("/next")}`);
        assert.match(await client.rest(), /ERR_TURNOUT_CHUNK\r\n0\r\n\r\n$/);
      },
    ));

  for (const [title, timeouts, limits] of [
    ["that stops coming", { bodyMs: 60 }, {}],
    ["that drips", { bodyMs: 60 }, { minBodyBytesPerSecond: 1_000_000 }],
  ] as const) {
    it(`RFC 9110 section 15.5.9: content ${title} is answered 408`, () =>
      answering(
        async (request) => ({ body: await request.bytes() }),
        async (client) => {
          client.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n`);
          const drip = setInterval(() => client.send("x"), 10);
          if (title === "that stops coming") {
            clearInterval(drip);
          }
          assert.equal((await client.response()).status, 408);
          clearInterval(drip);
        },
        { timeouts, limits },
      ));
  }
});
