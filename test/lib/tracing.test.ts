import { AsyncLocalStorage } from "node:async_hooks";
import { tracingChannel } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect } from "chai";
import { decline, type ResponseLike, type ServerOptions, switchTo, type TracingContexts } from "turnout";
import { expectOrdinary, getTwo, underTest, upgradeTo } from "../support/exchanges.ts";
import { ask, servingHttp2 } from "../support/http2-serving.ts";
import { LineProtocol } from "../support/modules.ts";
import { packageRoot } from "../support/package-root.ts";
import { subscribed } from "../support/subscribed.ts";

const events = ["start", "end", "asyncStart", "asyncEnd", "error"] as const;

type Context = Record<string, unknown>;

/** Runs `test`, with a list of a tracing channel's events; each with the outcome that its context had then. */
function tracing(
  name: keyof TracingContexts,
  test: (told: string[], contexts: Context[]) => Promise<void>,
): Promise<void> {
  const told: string[] = [];
  const contexts: Context[] = [];
  const prefix = `tracing:${name}:`;
  return subscribed(
    events.map((event) => prefix + event),
    (message, channel) => {
      const context = message as Context;
      const outcome = ["result", "error"].filter((outcome) => outcome in context);
      told.push([channel.slice(prefix.length), ...outcome].join(" "));
      contexts.push(context);
    },
    () => test(told, contexts),
  );
}

/** A protocol whose answer is as long as its state. */
const line = (options: ConstructorParameters<typeof LineProtocol>[1]): ServerOptions => ({
  protocols: [new LineProtocol(["line/1"], options)],
});

const askForLine = upgradeTo("line/1");

const broken = new Error("the application's");

describe("tracing channels", () => {
  const outcomes: readonly [string, () => ResponseLike | Promise<ResponseLike>, readonly string[], string][] = [
    ["at once", () => ({ body: "a" }), ["start", "end result"], "200 OK"],
    ["by a promise", async () => ({ body: "a" }), ["start", "end", "asyncStart result", "asyncEnd result"], "200 OK"],
    [
      "by throwing",
      () => {
        throw broken;
      },
      ["start", "error error", "end error"],
      "500 Internal",
    ],
    [
      "by rejecting",
      () => Promise.reject(broken),
      ["start", "end", "error error", "asyncStart error", "asyncEnd error"],
      "500 Internal",
    ],
  ];
  for (const [how, respond, expected, status] of outcomes) {
    it(`respond answers ${how}`, () =>
      tracing("turnout:respond", (told, contexts) =>
        underTest(
          async ({ connect }) => {
            const { head } = await (await connect()).send(getTwo).response();
            expect(head).to.include(status);
            expect(told).to.deep.equal(expected);
            expect(new Set(contexts)).to.have.length(1);
            expect(contexts[0]).to.have.nested.property("request.target", "/two");
          },
          { respond },
        ),
      ));
  }

  it("the outcome is what was returned, or thrown", () =>
    tracing("turnout:respond", (_told, contexts) =>
      underTest(
        async ({ connect, faults }) => {
          await (await connect()).send(getTwo + getTwo.replace("/two", "/broken")).takeUntil("500");
          expect(contexts[0]!["result"]).to.deep.equal({ status: 201, body: "a" });
          expect([contexts.at(-1)!["error"], faults[0]!.cause]).to.deep.equal([broken, broken]);
        },
        {
          respond: ({ target }) => {
            if (target === "/broken") {
              throw broken;
            }
            return { status: 201, body: "a" };
          },
        },
      ),
    ));

  it("an answer that is there at once is not put off: pipelined requests are answered in one write", () =>
    tracing("turnout:respond", (told) =>
      underTest(
        async ({ connect }) => {
          await (await connect()).send(getTwo.repeat(3)).takeUntil("third");
          expect(told).to.deep.equal(Array.from({ length: 3 }, () => ["start", "end result"]).flat());
        },
        { respond: ((count) => () => ({ body: ["first", "second", "third"][count++]! }))(0) },
      ),
    ));

  it("respond to a request over HTTP/2", () =>
    tracing("turnout:respond", (told, contexts) =>
      servingHttp2(async ({ session }) => {
        await ask(session(), { ":path": "/two" });
        expect(told).to.deep.equal(["start", "end", "asyncStart result", "asyncEnd result"]);
        expect(contexts[0]).to.have.nested.property("request.httpVersion", "2.0");
      }),
    ));

  it("accept, of each module that is asked, and takeOver", () =>
    tracing("turnout:accept", (accepts, asked) =>
      tracing("turnout:takeOver", (takeOvers, taken) =>
        underTest(
          async ({ connect }) => {
            await (await connect()).send(upgradeTo("no/1, yes/1")).takeUntil("\r\n\r\nyes/1 GET /x");
            expect(accepts).to.deep.equal([
              "start",
              "end result",
              "start",
              "end",
              "asyncStart result",
              "asyncEnd result",
            ]);
            expect(asked.map(({ token, module }) => [token, module])).to.deep.include.members([
              ["no/1", "LineProtocol"],
              ["yes/1", "LineProtocol"],
            ]);
            expect(takeOvers).to.deep.equal(["start", "end result"]);
            expect(taken[0]).to.deep.include({ token: "yes/1", module: "LineProtocol" });
            expect(taken[0]).to.have.nested.property("transport.token", "yes/1");
          },
          {
            protocols: [
              new LineProtocol(["no/1"], { accept: () => decline() }),
              new LineProtocol(["yes/1"], { accept: async () => switchTo() }),
            ],
          },
        ),
      ),
    ));

  it("accept that throws, and takeOver that rejects, are faults as ever", () =>
    tracing("turnout:accept", (accepts) =>
      tracing("turnout:takeOver", async (takeOvers) => {
        const failing = () => {
          throw broken;
        };
        await underTest(
          async ({ connect, faults }) => {
            expect((await (await connect()).send(askForLine).response()).status).to.equal(500);
            expect([accepts, faults[0]!.cause]).to.deep.equal([["start", "error error", "end error"], broken]);
          },
          line({ accept: failing }),
        );
        await underTest(
          async ({ connect, faults }) => {
            await (await connect()).send(askForLine).gone();
            expect(takeOvers).to.deep.equal(["start", "end", "error error", "asyncStart error", "asyncEnd error"]);
            expect(faults[0]!.cause).to.equal(broken);
          },
          line({ takeOver: async () => failing() }),
        );
      }),
    ));

  it("the README's contexts are those that are published", () => {
    const readme = readFileSync(join(packageRoot, "README.md"), "utf8");
    const said = [...readme.matchAll(/^\| `(turnout:\w+)` \| [^`|]*`\w+` \| (`.*`) \|$/gm)].map(
      ([, name, properties]) => [name!, [...properties!.matchAll(/`(\w+)`/g)].map(([, property]) => property!)],
    );
    return tracing("turnout:respond", (_1, responding) =>
      tracing("turnout:accept", (_2, accepting) =>
        tracing("turnout:takeOver", (_3, takingOver) =>
          underTest(async ({ connect }) => {
            const client = await connect();
            await client.send(getTwo + askForLine).takeUntil("line/1 GET /x");
            const real = { "turnout:respond": responding, "turnout:accept": accepting, "turnout:takeOver": takingOver };
            expect(Object.fromEntries(said)).to.deep.equal(
              Object.fromEntries(
                Object.entries(real).map(([name, contexts]) => [
                  name,
                  Object.keys(contexts[0]!).filter((property) => property !== "result"),
                ]),
              ),
            );
          }, line({})),
        ),
      ),
    );
  });
});

describe("what is bound to start", () => {
  /** Runs `test` with a store to which a tracing channel binds the request's target. */
  async function storing(
    name: keyof TracingContexts,
    test: (store: AsyncLocalStorage<string>) => Promise<void>,
  ): Promise<void> {
    const store = new AsyncLocalStorage<string>();
    const { start } = tracingChannel<unknown, TracingContexts[typeof name]>(name);
    start.bindStore(store, ({ request }) => request.target);
    try {
      await test(store);
    } finally {
      start.unbindStore(store);
    }
  }

  const turn = (): Promise<void> => new Promise(setImmediate);

  it("reaches respond, and what it awaits; requests do not see each other's", () =>
    storing("turnout:respond", (store) =>
      underTest(
        async ({ connect }) => {
          const [first, second] = [await connect(), await connect()];
          first.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
          second.send("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
          expect((await first.response()).body).to.equal("/1 /1");
          expect((await second.response()).body).to.equal("/2 /2");
          expect(store.getStore()).to.equal(undefined);
        },
        {
          respond: async () => {
            const before = store.getStore();
            await turn();
            return { body: `${before} ${store.getStore()}` };
          },
        },
      ),
    ));

  it("reaches what awaits the content", () =>
    storing("turnout:respond", (store) =>
      underTest(
        async ({ connect }) => {
          const client = await connect();
          await client.sendSegment("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\na");
          client.send("b");
          expect((await client.response()).body).to.equal("ab /1");
        },
        { respond: async (request) => ({ body: `${await request.text()} ${store.getStore()}` }) },
      ),
    ));

  const bodies: readonly [string, (store: AsyncLocalStorage<string>) => ResponseLike["body"]][] = [
    [
      "an async generator",
      async function* (store) {
        yield `${store.getStore()} `;
        await turn();
        yield `${store.getStore()}`;
      },
    ],
    [
      "a generator",
      function* (store) {
        yield `${store.getStore()} `;
        yield `${store.getStore()}`;
      },
    ],
    [
      "an iterable of one's own",
      (store) => ({
        async *[Symbol.asyncIterator]() {
          yield `${store.getStore()} `;
          await turn();
          yield `${store.getStore()}`;
        },
      }),
    ],
  ];
  for (const [what, body] of bodies) {
    for (const [how, wrap] of [
      ["at once", (response: ResponseLike) => response],
      ["by a promise", (response: ResponseLike) => Promise.resolve(response)],
    ] as const) {
      it(`reaches ${what} that makes the body's pieces, given ${how}`, () =>
        storing("turnout:respond", (store) =>
          underTest(
            async ({ connect }) => {
              const client = (await connect()).send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
              const response = await client.response();
              expect([response.status, response.body, response.field("x-kept")]).to.deep.equal([203, "/1 /1", "yes"]);
            },
            { respond: () => wrap({ status: 203, headers: { "X-Kept": "yes" }, body: body(store)! }) },
          ),
        ));
    }
  }

  for (const body of ["text", ["a piece"]]) {
    it(`reaches what gives the trailers behind ${typeof body === "string" ? "text" : "a stream"}`, () =>
      storing("turnout:respond", (store) =>
        underTest(
          async ({ connect }) => {
            const client = (await connect()).send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
            await client.takeUntil("0\r\n");
            expect(await client.takeUntil("\r\n\r\n")).to.equal("a: /1\r\n\r\n");
          },
          { respond: () => ({ body, trailers: () => ({ a: store.getStore()! }) }) },
        ),
      ));
  }

  it("a generator that nobody needs is told so", async () => {
    let ended = false;
    await storing("turnout:respond", () =>
      underTest(
        async ({ connect }) => {
          const client = await connect();
          await client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n").takeUntil("piece");
          client.stream.destroy();
          while (!ended) {
            await turn();
          }
        },
        {
          respond: () => ({
            body: (async function* () {
              try {
                for (;;) {
                  yield "piece";
                  await turn();
                }
              } finally {
                ended = true;
              }
            })(),
          }),
        },
      ),
    );
    expect(ended).to.equal(true);
  });

  it("other bodies are sent as they are", () =>
    storing("turnout:respond", () =>
      underTest(
        async ({ connect }) => {
          for (const target of ["/stream", "/web", "/bytes", "/text", "/none"]) {
            const client = (await connect()).send(`GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`);
            const { status, body } = await client.response();
            expect([target, status, body]).to.deep.equal([target, 200, target === "/none" ? "" : "abc"]);
          }
        },
        {
          respond: ({ target }) => {
            switch (target) {
              case "/stream":
                return { body: Readable.from(["a", "bc"]) };
              case "/web":
                return new Response("abc") as unknown as ResponseLike;
              case "/bytes":
                return { body: Buffer.from("abc") };
              case "/text":
                return { body: "abc" };
              default:
                return {};
            }
          },
        },
      ),
    ));

  it("reaches accept and takeOver, and what they await", () =>
    storing("turnout:accept", (accepting) =>
      storing("turnout:takeOver", (takingOver) =>
        underTest(
          async ({ connect }) => {
            await (await connect()).send(askForLine).takeUntil("/x /x /x");
          },
          line({
            accept: async () => {
              await turn();
              return accepting.getStore() === "/x" ? switchTo() : decline();
            },
            takeOver: async (_request, transport) => {
              const before = takingOver.getStore();
              await turn();
              return transport.answer(`${before} ${takingOver.getStore()} /x`);
            },
          }),
        ),
      ),
    ));

  it("once nobody listens, nothing is traced", () =>
    underTest(async ({ connect }) => {
      await tracing("turnout:respond", async (told) => {
        await expectOrdinary((await connect()).send(getTwo), "GET /two 0");
        told.length = 0;
      });
      await tracing("turnout:accept", async (told) => {
        await expectOrdinary((await connect()).send(getTwo), "GET /two 0");
        expect(told).to.deep.equal([]);
      });
    }));
});
