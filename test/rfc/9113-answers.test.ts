import { Readable } from "node:stream";
import { expect } from "chai";
import { type ResponseLike, upgradeRequired } from "turnout";
import { EchoProtocol } from "turnout/echo";
import { Http2Protocol } from "turnout/http2";
import {
  clientPreface,
  code,
  requestOn,
  setting,
  settingsFrame,
  type as types,
  windowUpdate,
} from "../support/http2-frames.ts";
import { Http2Raw, openHttp2 } from "../support/http2-raw.ts";
import { ask, type Http2Answer, resetOf, servingHttp2 } from "../support/http2-serving.ts";

/** One answer of the application's, as the client sees it. */
function answers(
  title: string,
  response: () => ResponseLike,
  check: (seen: Http2Answer) => void,
  method = "GET",
): void {
  it(title, () =>
    servingHttp2(
      async ({ session, faults }) => {
        const http2 = session();
        check(await ask(http2, { ":method": method }));
        check(await ask(http2, { ":method": method }));
        expect(faults).to.deep.equal([]);
      },
      { respond: response },
    ),
  );
}

const bytes = Buffer.from(Array.from({ length: 256 }, (_, at) => at));

describe("RFC 9113 section 8.1: answers", () => {
  answers(
    "RFC 9110 section 15: text, with a length and a date",
    () => ({ body: "h\u00e9\u20ac" }),
    ({ status, headers, body }) => {
      expect([status, body.toString(), headers["content-length"]]).to.deep.equal([200, "h\u00e9\u20ac", "6"]);
      expect(Date.parse(headers.date!)).to.be.a("number");
    },
  );
  answers(
    "RFC 9113 section 8.2.2: no field of the HTTP/1.1 connection, whatever the application says",
    () => ({
      headers: {
        Connection: "close",
        "Keep-Alive": "1",
        "Proxy-Connection": "x",
        "Transfer-Encoding": "chunked",
        Upgrade: "a/1",
        "X-Own": "1",
      },
      body: "x",
    }),
    ({ headers }) => {
      expect(Object.keys(headers).sort()).to.deep.equal([":status", "content-length", "date", "x-own"]);
    },
  );
  answers(
    "bytes",
    () => ({ body: bytes }),
    ({ body, headers }) => {
      expect([body.equals(bytes), headers["content-length"]]).to.deep.equal([true, "256"]);
    },
  );
  answers(
    "nothing",
    () => ({}),
    ({ status, body }) => expect([status, body.length]).to.deep.equal([200, 0]),
  );
  answers(
    "no bytes",
    () => ({ body: new Uint8Array(0) }),
    ({ body }) => expect(body.length).to.equal(0),
  );
  answers(
    "an iterable of text and bytes, some of them empty",
    () => ({ body: ["a", "", bytes, new Uint8Array(0), "\u20ac"] }),
    ({ body, headers }) => {
      expect(body.equals(Buffer.concat([Buffer.from("a"), bytes, Buffer.from("\u20ac")]))).to.equal(true);
      expect(headers["content-length"]).to.equal(undefined);
    },
  );
  answers(
    "an empty iterable",
    () => ({ body: [] }),
    ({ body }) => expect(body.length).to.equal(0),
  );
  answers(
    "a stream of Node's",
    () => ({ body: Readable.from(["a", "b"]) }),
    ({ body }) => expect(body.toString()).to.equal("ab"),
  );
  answers(
    "a web Response",
    () => new Response("web", { status: 201, headers: { "x-own": "1" } }) as unknown as ResponseLike,
    ({ status, headers, body }) => {
      expect([status, headers["x-own"], body.toString()]).to.deep.equal([201, "1", "web"]);
    },
  );
  for (const status of [204, 304]) {
    answers(
      `RFC 9110 section 6.4.1: ${status} has no content`,
      () => ({ status, body: "none" }),
      (seen) => {
        expect([seen.status, seen.body.length, seen.headers["content-length"]]).to.deep.equal([status, 0, undefined]);
      },
    );
  }
  answers(
    "RFC 9110 section 9.3.2: HEAD of an iterable",
    () => ({ body: ["a"] }),
    ({ status, body }) => expect([status, body.length]).to.deep.equal([200, 0]),
    "HEAD",
  );
  answers(
    "RFC 9110 section 9.3.2: HEAD with a length of its own",
    () => ({ headers: { "content-length": "7" } }),
    ({ headers, body }) => {
      expect([headers["content-length"], body.length]).to.deep.equal(["7", 0]);
    },
    "HEAD",
  );
  answers(
    "RFC 6265 section 3: several Set-Cookie fields",
    () => ({ headers: { "set-cookie": ["a=1", "b=2"] } }),
    ({ headers }) => {
      expect(headers["set-cookie"]).to.deep.equal(["a=1", "b=2"]);
    },
  );
  answers(
    "RFC 9110 section 5.5: bytes beyond ASCII in a field",
    () => ({ headers: { "x-own": "\xe4" } }),
    ({ headers }) => expect(headers["x-own"]).to.equal("\xe4"),
  );
  answers(
    "RFC 9110 section 15.5.22: a 426 cannot name what to upgrade to",
    () => upgradeRequired("foo/2"),
    ({ status, headers }) => {
      expect([status, headers.upgrade, headers.connection]).to.deep.equal([426, undefined, undefined]);
    },
  );
  answers(
    "RFC 9110 section 15.5.22: nor can a bare 426",
    () => ({ status: 426 }),
    ({ status, headers }) => {
      expect([status, headers.upgrade, headers.connection]).to.deep.equal([426, undefined, undefined]);
    },
  );
  answers(
    "1 MiB",
    () => ({ body: "x".repeat(1_048_576) }),
    ({ body }) => expect(body.length).to.equal(1_048_576),
  );

  it("T-34 RFC 9113 section 8.2.2: nothing is advertised on a stream", () =>
    servingHttp2(
      async ({ session }) => {
        const { headers } = await ask(session());
        expect([headers.upgrade, headers.connection]).to.deep.equal([undefined, undefined]);
      },
      { advertise: true, protocols: [new Http2Protocol(), new EchoProtocol()] },
    ));
});

/** The application's fault: 500, an event, and the session goes on. */
function fails(title: string, respond: () => ResponseLike | Promise<ResponseLike>): void {
  it(title, () =>
    servingHttp2(
      async ({ session, faults }) => {
        const http2 = session();
        const { status, headers } = await ask(http2);
        expect([status, headers["x-own"]]).to.deep.equal([500, undefined]);
        expect(faults.map((fault) => fault.code)).to.deep.equal(["ERR_TURNOUT_RESPOND"]);
        expect((await ask(http2, { ":path": "/well" })).status).to.equal(200);
      },
      { respond: (request) => (request.path === "/well" ? {} : respond()) },
    ),
  );
}

describe("RFC 9113 section 8.1: an application at fault", () => {
  fails("it throws: 500", () => {
    throw new Error("no");
  });
  fails("its promise is rejected: 500", () => Promise.reject(new Error("no")));
  fails("T-75 RFC 9113 section 8.6: it sends 101: 500", () => ({ status: 101, headers: { "x-own": "1" } }));
  fails("RFC 9110 section 15: it sends 103 as the answer: 500", () => ({ status: 103 }));
  fails("RFC 9110 section 15: a status of 600: 500", () => ({ status: 600 }));
  fails("RFC 9110 section 5.5: a line end in a field: 500", () => ({ headers: { "x-own": "a\r\nb: c" } }));
  fails("RFC 9110 section 5.1: a space in a name: 500", () => ({ headers: { "x own": "a" } }));
  fails("RFC 9113 section 8.3: a pseudo-field among the fields: 500", () => ({ headers: { ":status": "200" } }));
  fails("RFC 9113 section 8.1.1: a length that is not the body's: 500", () => ({
    headers: { "content-length": "5" },
    body: "1",
  }));
  fails("RFC 9110 section 5.3: a field twice that may be there once: 500", () => ({
    headers: { "content-type": ["a/b", "c/d"] },
    body: "x",
  }));
  fails("a body that is none: 500", () => ({ body: 5 as unknown as string }));

  for (const [what, response] of [
    ["an iterable that throws at once", () => ({ body: broken() })],
    ["an iterable that is shorter than its length", () => ({ headers: { "content-length": "5" }, body: ["1"] })],
    ["an iterable that is longer than its length", () => ({ headers: { "content-length": "1" }, body: ["1", "2"] })],
    ["a piece that is no piece", () => ({ body: ["1", 2 as unknown as string] })],
  ] as const) {
    it(`RFC 9113 section 5.4.2: ${what}: the stream is reset, so that nobody takes it for whole, and the session goes on`, () =>
      servingHttp2(
        async ({ session, server, faults }) => {
          const http2 = session();
          const code = await resetOf(http2.request({ ":path": "/broken", ":authority": "h" }));
          expect(code).not.to.equal(0);
          expect(faults.map((fault) => fault.code)).to.deep.equal(["ERR_TURNOUT_RESPOND"]);
          expect((await ask(http2)).body.toString()).to.equal("well");
          expect(server.stats().open).to.equal(1);
        },
        { respond: ({ path }): ResponseLike => (path === "/broken" ? response() : { body: "well" }) },
      ));
  }
});

async function* broken(): AsyncGenerator<string> {
  yield "a";
  throw new Error("no more");
}

describe("RFC 9113 section 5.2: flow control of answers", () => {
  it("RFC 9113 section 5.2: a client that does not open its window holds the source: it is not asked further", () => {
    let pieces = 0;
    const source = async function* (): AsyncGenerator<Buffer> {
      for (; pieces < 1_000; pieces++) {
        yield Buffer.alloc(10_000, "x");
      }
    };
    return servingHttp2(
      async ({ connect }) => {
        const http2 = new Http2Raw(await connect());
        http2.send(Buffer.from(clientPreface), settingsFrame([setting.initialWindowSize, 1_000]), requestOn(1));
        await http2.until(({ type }) => type === types.data);
        for (let round = 0; round < 20; round++) {
          await http2.ping();
        }
        expect(http2.seen.filter((words) => words.startsWith("data"))).to.deep.equal(["data 1 1000"]);
        const held = pieces;
        expect(held).to.be.below(30); // some 64 KiB here, and what the stream holds itself
        for (let round = 0; round < 20; round++) {
          await http2.ping();
        }
        expect(pieces).to.equal(held);
        http2.send(windowUpdate(1, 2 ** 30), windowUpdate(0, 2 ** 30));
        expect((await http2.answerOn(1)).body.length).to.equal(10_000_000 - 1_000);
        expect(pieces).to.equal(1_000);
      },
      { respond: () => ({ body: source() }) },
    );
  });

  it("RFC 9113 section 5.2.1: a stream that is held back does not hold others back", () =>
    servingHttp2(
      async ({ connect }) => {
        const http2 = new Http2Raw(await connect());
        http2.send(
          Buffer.from(clientPreface),
          settingsFrame([setting.initialWindowSize, 10]),
          windowUpdate(0, 1_000_000),
        );
        http2.send(requestOn(1), requestOn(3), windowUpdate(3, 1_000_000));
        expect((await http2.answerOn(3)).body.length).to.equal(100_000);
        http2.send(windowUpdate(1, 1_000_000));
        expect((await http2.answerOn(1)).body.length).to.equal(100_000);
      },
      { respond: () => ({ body: "x".repeat(100_000) }) },
    ));

  it("RFC 9113 section 8.1: an answer before the content has come, which the client need not finish", () => {
    return servingHttp2(
      async ({ connect }) => {
        const http2 = openHttp2(
          await connect(),
          requestOn(
            1,
            [
              [":method", "POST"],
              [":scheme", "http"],
              [":authority", "h"],
              [":path", "/"],
            ],
            false,
          ),
        );
        const { status, body } = await http2.answerOn(1);
        expect([status, body]).to.deep.equal([401, "no\n"]);
        http2.send(requestOn(3));
        expect((await http2.answerOn(3)).status).to.equal(401);
        http2.send(Buffer.from([0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, code.cancel]));
        await http2.ping();
      },
      { respond: () => ({ status: 401, body: "no\n" }) },
    );
  });
});
