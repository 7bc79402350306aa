import { once } from "node:events";
import { Readable } from "node:stream";
import { expect } from "chai";
import type { ModuleError, ResponseLike } from "turnout";
import { expectOrdinary, gate, getTwo, turns } from "../support/exchanges.ts";
import { codeOf } from "../support/failures.ts";
import { servingBehind, tcpFront } from "../support/fronts.ts";
import { type Serving, serving } from "../support/serving.ts";

const get = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
const oldGet = "GET /x HTTP/1.0\r\n\r\n";

/** Runs `test` against a server that answers `/x` with `response()`, and everything else in a line. */
function answering(response: () => ResponseLike, test: (serving: Serving) => Promise<void>): Promise<void> {
  return serving({ respond: ({ path }) => (path === "/x" ? response() : { body: "GET /two 0\n" }) }, test);
}

async function* later(...pieces: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  for (const piece of pieces) {
    await turns(1);
    yield piece;
  }
}

const bodies: Readonly<Record<string, () => ResponseLike>> = {
  "an array": () => ({ body: ["a", "", Buffer.from("bc")] }),
  "a generator": () => ({
    body: (function* () {
      yield "a";
      yield Buffer.from("bc");
    })(),
  }),
  "an async generator": () => ({ body: later("a", "", Buffer.from("bc")) }),
  "a Readable of Node": () => ({ body: Readable.from([Buffer.from("a"), Buffer.from("bc")]) }),
  "a Response of the web": () => new Response(new Blob(["a", "bc"])),
};

/** The one fault there is, and that it was the application's. */
function onlyFault(faults: readonly ModuleError[]): unknown {
  expect(faults.map(codeOf)).to.deep.equal(["ERR_TURNOUT_RESPOND"]);
  expect(faults[0]!.module).to.equal("respond");
  return faults[0]!.cause;
}

describe("content that is a stream", () => {
  for (const [what, response] of Object.entries(bodies)) {
    it(`RFC 9112 section 7.1: ${what} goes in chunks, and the connection stays`, () =>
      answering(response, async ({ connect, faults }) => {
        const client = (await connect()).send(get + getTwo);
        const seen = await client.response();
        expect([seen.status, seen.field("transfer-encoding"), seen.body]).to.deep.equal([200, "chunked", "abc"]);
        await expectOrdinary(client, "GET /two 0");
        expect(faults).to.deep.equal([]);
      }));

    it(`RFC 9112 section 6.3: ${what} goes until the close over HTTP/1.0`, () =>
      answering(response, async ({ connect }) => {
        const seen = await (await connect()).send(oldGet).response();
        expect([seen.field("transfer-encoding"), seen.field("connection"), seen.body]).to.deep.equal([
          undefined,
          "close",
          "abc",
        ]);
      }));
  }

  it("RFC 9112 section 7.1: a piece is a chunk, and an empty one is none", () =>
    answering(
      () => ({ body: ["a", "", "é".repeat(8)] }),
      async ({ connect }) => {
        const client = (await connect()).send(get);
        await client.takeUntil("\r\n\r\n");
        const expected = Buffer.from(`1\r\na\r\n10\r\n${"é".repeat(8)}\r\n0\r\n\r\n`).toString("latin1");
        expect(await client.take(expected.length)).to.equal(expected);
      },
    ));

  it("RFC 9110 section 8.6: with a length it goes as it is", () =>
    answering(
      () => ({ headers: { "Content-Length": "3" }, body: later("a", "bc") }),
      async ({ connect }) => {
        const client = (await connect()).send(get + getTwo);
        const seen = await client.response();
        expect([seen.all("content-length"), seen.all("transfer-encoding"), seen.body]).to.deep.equal([
          ["3"],
          [],
          "abc",
        ]);
        await expectOrdinary(client, "GET /two 0");
      },
    ));
});

describe("content that breaks off", () => {
  for (const [title, pieces, sent] of [
    ["shorter than its length", ["a", "b"], "ab"],
    ["longer than its length", ["a", "b", "cd", "e"], "ab"],
  ] as const) {
    it(`RFC 9110 section 8.6: ${title}: the connection is destroyed, and it is reported`, () =>
      answering(
        () => ({ headers: { "Content-Length": "3" }, body: later(...pieces) }),
        async ({ connect, faults, server }) => {
          const closed = once(server, "closed");
          const client = (await connect()).send(get + getTwo);
          await client.takeUntil("\r\n\r\n");
          expect(await client.gone()).to.equal(sent);
          client.end();
          expect(codeOf((await closed)[0])).to.equal("ERR_TURNOUT_RESET");
          expect(codeOf(onlyFault(faults))).to.equal("ERR_TURNOUT_RESPONSE");
        },
      ));
  }

  it("RFC 9112 section 8: when it throws, the last chunk does not come", () => {
    const reason = new Error("broken");
    const broken = async function* () {
      yield "a";
      throw reason;
    };
    return answering(
      () => ({ body: broken() }),
      async ({ connect, faults }) => {
        const client = (await connect()).send(get + getTwo);
        await client.takeUntil("\r\n\r\n");
        expect(await client.gone()).to.equal("1\r\na\r\n");
        expect(onlyFault(faults)).to.equal(reason);
      },
    );
  });

  it("a piece that is neither text nor bytes breaks it off", () =>
    answering(
      () => ({ body: later("a", 5 as unknown as string) }),
      async ({ connect, faults }) => {
        const client = (await connect()).send(get);
        await client.takeUntil("\r\n\r\n");
        expect(await client.gone()).to.equal("1\r\na\r\n");
        expect(codeOf(onlyFault(faults))).to.equal("ERR_TURNOUT_RESPONSE");
      },
    ));

  it("a stream that is longer than its length is told to stop", () => {
    const stopped = gate();
    const body = async function* () {
      try {
        yield "abcd";
        yield "e";
      } finally {
        stopped.open();
      }
    };
    return answering(
      () => ({ headers: { "Content-Length": "3" }, body: body() }),
      async ({ connect }) => {
        await (await connect()).send(get).gone();
        await stopped.opened;
      },
    );
  });
});

/** A source that never ends by itself, and what became of it. */
class Endless implements AsyncIterable<Uint8Array> {
  pulled = 0;
  readonly #stopped = gate();
  readonly #piece: Uint8Array;

  constructor(piece: Uint8Array = Buffer.from("a")) {
    this.#piece = piece;
  }

  /** Resolves when it has been told to stop. */
  get stopped(): Promise<void> {
    return this.#stopped.opened;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (; this.pulled < 2_000; this.pulled++) {
        yield this.#piece;
      }
      throw new Error("nothing held the source back");
    } finally {
      this.#stopped.open();
    }
  }
}

describe("content and the client's pace", () => {
  it("a client that does not read holds the source back, and goes on when it reads", async () => {
    const piece = Buffer.alloc(65_536);
    const source = new Endless(piece);
    await servingBehind(tcpFront, { respond: () => ({ body: source }) }, async ({ connect, sockets, faults }) => {
      const client = await connect();
      client.stream.pause();
      client.send(get);
      let before = -1;
      while (before !== source.pulled || !sockets[0]!.writableNeedDrain) {
        before = source.pulled;
        await turns(20);
      }
      // What waits in the process is what one pull took beyond the mark; the rest is with the system.
      expect(sockets[0]!.writableLength).to.be.at.most(4 * piece.length);
      client.stream.resume();
      await client.take((before + 10) * piece.length);
      expect(source.pulled).to.be.above(before);
      expect(faults).to.deep.equal([]);
      client.reset();
      await source.stopped;
    });
  });

  it("a client that resets ends the source, and aborts the request's signal", async () => {
    const source = new Endless();
    const signals: AbortSignal[] = [];
    const respond = ({ signal }: { signal: AbortSignal }): ResponseLike => {
      signals.push(signal);
      return { body: source };
    };
    await serving({ respond }, async ({ connect, server, faults }) => {
      const client = (await connect()).send(get);
      client.stream.pause();
      const closed = once(server, "closed");
      client.reset();
      await source.stopped;
      const [error] = await closed;
      expect(codeOf(error)).to.equal("ERR_TURNOUT_RESET");
      expect([signals[0]!.aborted, signals[0]!.reason]).to.deep.equal([true, error]);
      expect(faults).to.deep.equal([]);
    });
  });

  it("a Readable that has nothing to say at the moment is destroyed when the client resets", async () => {
    const readable = new Readable({ read() {} });
    readable.push("a");
    const closed = once(readable, "close");
    await answering(
      () => ({ body: readable }),
      async ({ connect }) => {
        const client = (await connect()).send(get);
        await client.takeUntil("1\r\na\r\n");
        client.reset();
        await closed;
      },
    );
  });

  it("a source that throws when it is told to stop troubles nobody", async () => {
    const told = gate();
    const body = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => {}),
        return: () => {
          told.open();
          throw new Error("it will not stop");
        },
      }),
    };
    await answering(
      () => ({ body }),
      async ({ connect, server }) => {
        const client = (await connect()).send(get);
        await client.takeUntil("\r\n\r\n");
        const closed = once(server, "closed");
        client.reset();
        await Promise.all([told.opened, closed]);
        await expectOrdinary((await connect()).send(getTwo), "GET /two 0");
      },
    );
  });
});

describe("content that is not sent", () => {
  const head = "HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n";

  for (const [title, request, status] of [
    ["RFC 9110 section 9.3.2: HEAD", head, 200],
    ["RFC 9110 section 15.3.5: a 204", get, 204],
    ["RFC 9110 section 15.4.5: a 304", get, 304],
    ["RFC 9110 section 15.3.6: a 205", get, 205],
  ] as const) {
    it(`${title}: the source is told, and the connection stays`, () => {
      const stopped = gate();
      const body = new ReadableStream<Uint8Array>({ cancel: stopped.open });
      return answering(
        () => ({ status, body }),
        async ({ connect }) => {
          const client = (await connect()).send(request + getTwo);
          expect((await client.response("HEAD")).status).to.equal(status);
          await expectOrdinary(client, "GET /two 0");
          await stopped.opened;
        },
      );
    });
  }

  it("RFC 9110 section 9.3.2: HEAD destroys a Readable of Node", async () => {
    const readable = new Readable({ read() {} });
    const closed = once(readable, "close");
    await answering(
      () => ({ body: readable }),
      async ({ connect }) => {
        await (await connect()).send(head).response("HEAD");
        await closed;
      },
    );
  });

  it("RFC 9110 section 9.3.2: HEAD of content that cannot even be told to stop is answered", () => {
    const body = {
      [Symbol.iterator]: () => ({
        next: () => ({ done: true as const, value: undefined }),
        return: () => {
          throw new Error("it will not stop");
        },
      }),
    };
    return answering(
      () => ({ body }),
      async ({ connect }) => {
        const client = (await connect()).send(head + getTwo);
        expect((await client.response("HEAD")).status).to.equal(200);
        await expectOrdinary(client, "GET /two 0");
      },
    );
  });
});
