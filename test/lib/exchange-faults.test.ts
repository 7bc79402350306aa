import { once } from "node:events";
import { expect } from "chai";
import type { HttpRequest, ResponseLike, ServerOptions } from "turnout";
import { describeRequest, expectOrdinary, gate, getTwo, turns } from "../support/exchanges.ts";
import { codeOf } from "../support/failures.ts";
import { serving } from "../support/serving.ts";

const get = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
const reason = new Error("the application's");

/** The server under test: `/x` is answered by `respond`, and everything else in a line. */
function withX(respond: (request: HttpRequest) => unknown): ServerOptions {
  return {
    respond: (request) =>
      request.path === "/x" ? (respond(request) as ResponseLike | Promise<ResponseLike>) : describeRequest(request),
  };
}

/** A Response of which somebody else reads the body. */
function lockedResponse(): Response {
  const response = new Response("content");
  response.body!.getReader();
  return response;
}

/** Content that throws when it is asked for, and when it is told to stop. */
const stubborn = {
  [Symbol.iterator]: () => {
    throw reason;
  },
};
const unstoppable = {
  [Symbol.iterator]: () => ({
    next: () => ({ done: true, value: undefined }),
    return: () => {
      throw reason;
    },
  }),
};

const faulty: Readonly<Record<string, () => unknown>> = {
  "answers with nothing": () => undefined,
  "answers with nothing, later": async () => undefined,
  "rejects with nothing": () => Promise.reject(undefined),
  "answers with a number as content": () => ({ body: 5 }),
  "answers with an object as content": () => ({ body: { a: 1 } }),
  "answers with an ArrayBuffer as content": () => ({ body: new ArrayBuffer(2) }),
  "answers with content that throws when it is asked for": () => ({ body: stubborn }),
  "answers with a Response that somebody else reads": lockedResponse,
  "answers with a Response that somebody else reads, later": async () => lockedResponse(),
};

describe("an application in plain JavaScript that fails", () => {
  for (const [how, respond] of Object.entries(faulty)) {
    it(`${how}: 500, a report, and the connection stays`, () =>
      serving(withX(respond), async ({ connect, faults, server }) => {
        const client = (await connect()).send(get + getTwo);
        const seen = await client.response();
        expect([seen.status, seen.all("connection")]).to.deep.equal([500, []]);
        await expectOrdinary(client, "GET /two 0");
        expect(faults.map(codeOf)).to.deep.equal(["ERR_TURNOUT_RESPOND"]);
        expect(server.stats().answered).to.deep.equal({ 200: 1, 500: 1 });
      }));
  }

  for (const body of [stubborn, unstoppable, lockedResponse().body, { a: 1 }]) {
    it("RFC 9110 section 9.3.2: HEAD of content that cannot be told to stop is answered all the same", () =>
      serving(
        withX(() => ({ body })),
        async ({ connect }) => {
          const client = (await connect()).send(`HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n${getTwo}`);
          await client.response("HEAD");
          await expectOrdinary(client, "GET /two 0");
        },
      ));
  }
});

const late: Readonly<Record<string, () => unknown>> = {
  answers: () => ({ body: "x" }),
  "answers with nothing": () => undefined,
  rejects: () => Promise.reject(reason),
  "answers with an object as content": () => ({ body: { a: 1 } }),
  "answers with a Response that somebody else reads": lockedResponse,
  "answers with content that throws when it is told to stop": () => ({ body: unstoppable }),
};

describe("an application that is still busy when the client leaves", () => {
  for (const [how, outcome] of Object.entries(late)) {
    it(`and then ${how}: the signal is aborted, and nobody hears of it`, async () => {
      const [asked, answer] = [gate(), gate()];
      const signals: AbortSignal[] = [];
      const options = withX(async ({ signal }) => {
        signals.push(signal);
        asked.open();
        await answer.opened;
        return outcome();
      });
      await serving(options, async ({ connect, server, faults }) => {
        const client = (await connect()).send(get);
        await asked.opened;
        const closed = once(server, "closed");
        client.reset();
        const [error] = await closed;
        expect([codeOf(error), signals[0]!.reason]).to.deep.equal(["ERR_TURNOUT_RESET", error]);
        answer.open();
        await expectOrdinary((await connect()).send(getTwo), "GET /two 0");
        await turns(3);
        expect([faults, server.stats().answered]).to.deep.equal([[], { 200: 1 }]);
      });
    });
  }

  it("and then answers with a stream: it is told that nobody reads it", async () => {
    const [asked, answer, told] = [gate(), gate(), gate()];
    const options = withX(async () => {
      asked.open();
      await answer.opened;
      return new Response(new ReadableStream({ cancel: told.open }));
    });
    await serving(options, async ({ connect, server }) => {
      const client = (await connect()).send(get);
      await asked.opened;
      const closed = once(server, "closed");
      client.reset();
      await closed;
      answer.open();
      await told.opened;
    });
  });

  it("while it reads the content: that fails, with what became of the connection", async () => {
    const [reading, failed] = [gate(), gate()];
    const failures: unknown[] = [];
    const options = withX(async (request) => {
      reading.open();
      await request.bytes().catch((error: unknown) => failures.push(error));
      failed.open();
      return {};
    });
    await serving(options, async ({ connect, server, faults }) => {
      const client = (await connect()).send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
      await reading.opened;
      const closed = once(server, "closed");
      client.reset();
      const [error] = await closed;
      await failed.opened;
      expect([failures, codeOf(error), faults]).to.deep.equal([[error], "ERR_TURNOUT_RESET", []]);
    });
  });
});
