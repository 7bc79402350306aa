import { once } from "node:events";
import { expect } from "chai";
import type { HttpRequest, PeerError, ResponseLike, ServerOptions } from "turnout";
import { continueHead, describeRequest, expectOrdinary, expectRefused, gate, getTwo } from "../support/exchanges.ts";
import { codeOf } from "../support/failures.ts";
import { serving } from "../support/serving.ts";

/** The server under test: `/x` is answered by `respond`, and everything else in a line. */
function withX(
  respond: (request: HttpRequest) => ResponseLike | Promise<ResponseLike>,
  options: ServerOptions = {},
): ServerOptions {
  return { ...options, respond: (request) => (request.path === "/x" ? respond : describeRequest)(request) };
}

function post(content: string, ...lines: string[]): string {
  return `POST /x HTTP/1.1\r\nHost: h\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n${content}`;
}

const chunked = "Transfer-Encoding: chunked";
const expects = "Expect: 100-continue";
const unread = (): ResponseLike => ({ body: "POST /x unread\n" });

/** Reads the first chunk, and answers. */
async function readsSome(request: HttpRequest): Promise<ResponseLike> {
  const { value } = await request.body[Symbol.asyncIterator]().next();
  return { body: `POST /x ${value!.length}\n` };
}

describe("Expect: 100-continue", () => {
  it("RFC 9110 section 10.1.1: the 100 comes when the content is asked for", () =>
    serving(withX(describeRequest), async ({ connect }) => {
      const client = (await connect()).send(post("", expects, "Content-Length: 3"));
      expect(await client.take(continueHead.length)).to.equal(continueHead);
      await expectOrdinary(client.send(`abc${getTwo}`), "POST /x 3");
      await expectOrdinary(client, "GET /two 0");
    }));

  it("RFC 9110 section 10.1.1: the 100 comes once", () =>
    serving(withX(describeRequest), async ({ connect }) => {
      const client = (await connect()).send(post("", expects, chunked));
      expect(await client.take(continueHead.length)).to.equal(continueHead);
      await client.sendSegment("1\r\na\r\n");
      await client.sendSegment("1\r\nb\r\n");
      await expectOrdinary(client.send("0\r\n\r\n"), "POST /x 2");
    }));

  it("RFC 9110 section 10.1.1: where nobody asks, there is no 100, and the connection closes", () =>
    serving(withX(unread), async ({ connect }) => {
      const client = (await connect()).send(post("", expects, "Content-Length: 3"));
      expect((await expectOrdinary(client, "POST /x unread")).field("connection")).to.equal("close");
      expect(await client.rest()).to.equal("");
    }));

  it("RFC 9110 section 10.1.1: without content there is nothing to wait for", () =>
    serving(withX(describeRequest), async ({ connect }) => {
      const client = (await connect()).send(post("", expects, "Content-Length: 0") + getTwo);
      await expectOrdinary(client, "POST /x 0");
      await expectOrdinary(client, "GET /two 0");
    }));

  it("RFC 9110 section 10.1.1: a client that waits for the 100 is not late, however long the application takes", () => {
    const ask = gate();
    const respond = async (request: HttpRequest): Promise<ResponseLike> => {
      if (request.headers.has("expect")) {
        await ask.opened;
      }
      return describeRequest(request);
    };
    return serving(withX(respond, { timeouts: { bodyMs: 30 } }), async ({ connect }) => {
      const waiting = (await connect()).send(post("", expects, "Content-Length: 3"));
      await expectRefused((await connect()).send(post("", "Content-Length: 3")), 408); // bodyMs are over
      ask.open();
      expect(await waiting.take(continueHead.length)).to.equal(continueHead);
      await expectOrdinary(waiting.send("abc"), "POST /x 3");
    });
  });
});

describe("content that nobody reads", () => {
  it("RFC 9112 section 9.3: is discarded, and the next request is answered", () =>
    serving(withX(unread), async ({ connect }) => {
      const client = (await connect()).send(post("abc", "Content-Length: 3") + getTwo);
      expect((await expectOrdinary(client, "POST /x unread")).field("connection")).to.equal(undefined);
      await expectOrdinary(client, "GET /two 0");
    }));

  it("RFC 9112 section 9.3: is discarded when it comes behind the answer", () =>
    serving(withX(unread), async ({ connect }) => {
      const client = (await connect()).send(post("a", "Content-Length: 3"));
      await expectOrdinary(client, "POST /x unread");
      await expectOrdinary(client.send(`bc${getTwo}`), "GET /two 0");
    }));

  it("beyond maxDiscardBytes it is not waited for", () =>
    serving(withX(unread, { limits: { maxDiscardBytes: 10 } }), async ({ connect }) => {
      const client = (await connect()).send(post("", "Content-Length: 11"));
      expect((await expectOrdinary(client, "POST /x unread")).field("connection")).to.equal("close");
      expect(await client.rest()).to.equal("");
    }));

  it("at maxDiscardBytes it is", () =>
    serving(withX(unread, { limits: { maxDiscardBytes: 10 } }), async ({ connect }) => {
      const client = (await connect()).send(post("1234567890", "Content-Length: 10") + getTwo);
      await expectOrdinary(client, "POST /x unread");
      await expectOrdinary(client, "GET /two 0");
    }));

  it("of unknown length is discarded up to maxDiscardBytes when some of it was read", () =>
    serving(withX(readsSome, { limits: { maxDiscardBytes: 10 } }), async ({ connect }) => {
      const client = (await connect()).send(post("1\r\na\r\n", chunked));
      expect((await expectOrdinary(client, "POST /x 1")).field("connection")).to.equal(undefined);
      await expectOrdinary(client.send(`a\r\n1234567890\r\n0\r\n\r\n${getTwo}`), "GET /two 0");
    }));

  it("of unknown length closes the connection beyond maxDiscardBytes", () =>
    serving(withX(readsSome, { limits: { maxDiscardBytes: 10 } }), async ({ connect, server }) => {
      const client = (await connect()).send(post("1\r\na\r\n", chunked));
      await expectOrdinary(client, "POST /x 1");
      expect(await client.send(`b\r\n12345678901\r\n0\r\n\r\n${getTwo}`).rest()).to.equal("");
      expect(server.stats().answered).to.deep.equal({ 200: 1 });
    }));

  it("that stops coming behind the answer closes the connection without a word", () =>
    serving(withX(unread, { timeouts: { bodyMs: 30 } }), async ({ connect }) => {
      const client = (await connect()).send(post("a", "Content-Length: 3"));
      await expectOrdinary(client, "POST /x unread");
      expect(await client.rest()).to.equal("");
    }));

  it("that is malformed behind the answer closes the connection without a word", () =>
    serving(withX(readsSome), async ({ connect }) => {
      const client = (await connect()).send(post("1\r\na\r\n", chunked));
      await expectOrdinary(client, "POST /x 1");
      expect(await client.send(`x\r\n${getTwo}`).rest()).to.equal("");
    }));

  it("somebody who still reads when the answer is out is told that no more will come", () => {
    const [told, failures] = [gate(), [] as unknown[]];
    const respond = (request: HttpRequest): ResponseLike => {
      request.bytes().catch((error: unknown) => {
        failures.push(error);
        told.open();
      });
      return unread();
    };
    return serving(withX(respond), async ({ connect }) => {
      const client = (await connect()).send(post("a", "Content-Length: 3"));
      await expectOrdinary(client, "POST /x unread");
      await expectOrdinary(client.send(`bc${getTwo}`), "GET /two 0");
      await told.opened;
      expect(failures).to.have.length(1);
    });
  });
});

describe("content that fails", () => {
  /** What the peer is told, and what the application and the server hear of it. */
  async function fails(request: string, status: number, code: string, options: ServerOptions, fin = false) {
    const failures: unknown[] = [];
    const respond = async (asked: HttpRequest): Promise<ResponseLike> => {
      void asked.signal;
      await asked.bytes().catch((error: unknown) => failures.push(error, asked.signal.reason));
      return {};
    };
    await serving(withX(respond, options), async ({ connect, server, faults }) => {
      const refused = once(server, "refused");
      const client = (await connect()).send(request);
      if (fin) {
        client.end();
      }
      const seen = await client.response();
      expect([seen.status, seen.field("connection"), await client.rest()]).to.deep.equal([status, "close", ""]);
      const [error] = (await refused) as [PeerError];
      expect([error.code, failures, faults]).to.deep.equal([code, [error, error], []]);
      expect(server.stats().answered).to.deep.equal({});
    });
  }

  it("RFC 9112 section 8: the client ends within it: 400", () =>
    fails(post("ab", "Content-Length: 3"), 400, "ERR_TURNOUT_CONTENT_INCOMPLETE", {}, true));

  it("RFC 9112 section 7.1: malformed chunks: 400", () => fails(post("x\r\n", chunked), 400, "ERR_TURNOUT_CHUNK", {}));

  it("RFC 9110 section 15.5.14: more chunks than maxBodyBytes: 413", () =>
    fails(post("5\r\n12345\r\n", chunked), 413, "ERR_TURNOUT_CONTENT_TOO_LARGE", { limits: { maxBodyBytes: 4 } }));

  it("RFC 9110 section 15.5.9: it stops coming: 408", () =>
    fails(post("ab", "Content-Length: 3"), 408, "ERR_TURNOUT_BODY_TIMEOUT", { timeouts: { bodyMs: 30 } }));

  it("RFC 9110 section 15.5.9: it never starts coming: 408", () =>
    fails(post("", "Content-Length: 3"), 408, "ERR_TURNOUT_BODY_TIMEOUT", { timeouts: { bodyMs: 30 } }));

  it("RFC 9110 section 15.5.9: it never starts coming, and any pace is good enough: 408", () =>
    fails(post("", "Content-Length: 3"), 408, "ERR_TURNOUT_BODY_TIMEOUT", {
      timeouts: { bodyMs: 30 },
      limits: { minBodyBytesPerSecond: 0 },
    }));

  it("RFC 9110 section 15.5.9: it drips, slower than minBodyBytesPerSecond: 408", () =>
    serving(
      withX(describeRequest, { timeouts: { bodyMs: 100 }, limits: { minBodyBytesPerSecond: 1e9 } }),
      async ({ connect }) => {
        const client = (await connect()).send(post("", chunked));
        while (client.pending === "") {
          await client.sendSegment("1\r\na\r\n");
        }
        await expectRefused(client, 408);
      },
    ));

  it("a failure while the answer goes out lets the answer end, and closes behind it", () => {
    const goOn = gate();
    const body = async function* () {
      yield "a";
      await goOn.opened;
      yield "b";
    };
    return serving(
      withX(() => ({ body: body() })),
      async ({ connect, faults, server }) => {
        const client = (await connect()).send(post("", "Content-Length: 3"));
        await client.takeUntil("1\r\na\r\n");
        const ended = once(server, "closed");
        client.end();
        goOn.open();
        expect(await client.rest()).to.equal("1\r\nb\r\n0\r\n\r\n");
        expect([await ended, faults]).to.deep.equal([[undefined], []]);
      },
    );
  });
});

describe("content and answer at the same time", () => {
  it("the content can be streamed back as the answer", () =>
    serving(
      withX((request) => ({ body: request.body })),
      async ({ connect, faults }) => {
        const client = (await connect()).send(post("", chunked));
        await client.takeUntil("\r\n\r\n");
        for (const word of ["one", "two", "three"]) {
          const chunk = `${word.length}\r\n${word}\r\n`;
          expect(await client.send(chunk).take(chunk.length)).to.equal(chunk);
        }
        client.send(`0\r\n\r\n${getTwo}`);
        expect(await client.take(5)).to.equal("0\r\n\r\n");
        await expectOrdinary(client, "GET /two 0");
        expect(faults).to.deep.equal([]);
      },
    ));

  it("a MiB of it comes back whole, and is never held whole", () =>
    serving(
      withX((request) => ({ body: request.body })),
      async ({ connect }) => {
        const content = Array.from({ length: 1 << 17 }, (_, index) => index.toString(36).padStart(7, "0").concat(" "));
        const client = (await connect()).send(post(content.join(""), `Content-Length: ${1 << 20}`));
        expect((await client.response()).body === content.join("")).to.equal(true);
      },
    ));

  it("RFC 9110 section 6.5: trailers reach the application", () =>
    serving(
      withX(async (request) => {
        const before = request.body.trailers.size;
        await request.bytes();
        return { body: `${before} ${request.body.trailers.get("x-sum")}\n` };
      }),
      async ({ connect }) => {
        const client = (await connect()).send(post("1\r\na\r\n0\r\nX-Sum: 9\r\n\r\n", chunked) + getTwo);
        await expectOrdinary(client, "0 9");
        await expectOrdinary(client, "GET /two 0");
      },
    ));

  it("a fetch-style application gets the content, and gives a Response", () =>
    serving(
      withX(async (request) => {
        const web = request.toWeb();
        return new Response(`${web.method} ${new URL(web.url).pathname} ${(await web.text()).length}\n`);
      }),
      async ({ connect }) => {
        const client = (await connect()).send(post("abc", "Content-Length: 3") + getTwo);
        await expectOrdinary(client, "POST /x 3");
        await expectOrdinary(client, "GET /two 0");
      },
    ));

  it("RFC 9110 section 15.5.14: over the application's own bound it is 413, when the application lets the error pass", () =>
    serving(
      withX(async (request) => ({ body: await request.bytes(2) })),
      async ({ connect, server, faults }) => {
        const client = (await connect()).send(post("abc", "Content-Length: 3") + getTwo);
        expect((await client.response()).status).to.equal(413);
        expect(await client.rest()).to.equal("");
        expect([faults, server.stats().refused]).to.deep.equal([[], { ERR_TURNOUT_CONTENT_TOO_LARGE: 1 }]);
      },
    ));

  it("malformed chunks behind the beginning of an answer close the connection behind its end", () => {
    async function* answer(request: HttpRequest): AsyncGenerator<string> {
      yield "begin ";
      yield codeOf(await request.bytes().catch((error: unknown) => error)) as string;
    }
    return serving(
      withX((request) => ({ body: answer(request) })),
      async ({ connect }) => {
        const client = (await connect()).send(post("", chunked));
        await client.takeUntil("begin ");
        client.send(`zz\r\n${getTwo}`);
        expect(await client.rest()).to.match(/ERR_TURNOUT_CHUNK\r\n0\r\n\r\n$/);
      },
    );
  });

  it("content that is read twice is the application's fault", () =>
    serving(
      withX(async (request) => {
        await request.bytes();
        await request.bytes();
        return {};
      }),
      async ({ connect, faults }) => {
        const client = (await connect()).send(post("abc", "Content-Length: 3") + getTwo);
        expect((await client.response()).status).to.equal(500);
        await expectOrdinary(client, "GET /two 0");
        expect(codeOf(faults[0]!.cause)).to.equal("ERR_TURNOUT_STATE");
      },
    ));
});
