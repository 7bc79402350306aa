import { expect } from "chai";
import { type Answered, decline, ProtocolModule, switchTo, type Transport } from "turnout";
import { gate, turns } from "../support/exchanges.ts";
import { carrying, StandInStream } from "../support/http2-streams.ts";

describe("a request that has a stream to itself", () => {
  it("is answered by the application, and the stream ends with the answer", () =>
    carrying(
      { respond: ({ method, target, host, httpVersion }) => ({ body: `${method} ${target} ${host} ${httpVersion}` }) },
      async (serve, { server }) => {
        const stream = serve();
        await turns(3);
        expect(stream.events).to.deep.equal(["200 content-length: 14", "GET /x?y h 2.0", "end"]);
        expect(server.stats().answered).to.deep.equal({ 200: 1 });
        expect([server.stats().open, server.stats().accepted]).to.deep.equal([1, 1]);
      },
    ));

  it("an answer without content ends with its head", () =>
    carrying({ respond: () => ({ status: 204 }) }, async (serve) => {
      const stream = serve();
      await turns(3);
      expect(stream.events).to.deep.equal(["204 end", "end"]);
    }));

  it("content comes as the stream's bytes, and ends where they do", () =>
    carrying(
      { respond: async (request) => ({ body: (await request.text()) + request.body.trailers.get("b") }) },
      async (serve) => {
        const stream = serve({ method: "POST" });
        stream.push("one ");
        await turns(3);
        expect(stream.events).to.deep.equal([]);
        stream.push("two");
        stream.push(null);
        await turns(5);
        expect(stream.events).to.deep.equal(["200 content-length: 8", "one two2", "end"]);
      },
    ));

  it("a 100 is sent when the application asks for the content, and not before", () => {
    const ready = gate();
    return carrying(
      {
        respond: async (request) => {
          await ready.opened;
          return { body: await request.text() };
        },
      },
      async (serve) => {
        const stream = serve({ method: "POST", expectation: "100-continue" });
        await turns(3);
        expect(stream.events).to.deep.equal([]);
        ready.open();
        await turns(3);
        expect(stream.events).to.deep.equal(["100"]);
        stream.push("content");
        stream.push(null);
        await turns(5);
        expect(stream.events).to.deep.equal(["100", "200 content-length: 7", "content", "end"]);
      },
    );
  });

  it("content beyond maxBodyBytes: 413", () =>
    carrying(
      { limits: { maxBodyBytes: 5 }, respond: async (request) => ({ body: await request.text() }) },
      async (serve, { server }) => {
        const stream = serve({ method: "POST" });
        stream.push("12345");
        await turns(3);
        expect(stream.events).to.deep.equal([]);
        stream.push("6");
        await turns(5);
        expect(stream.events[0]).to.match(/^413 /);
        expect(stream.events.at(-1)).to.equal("end");
        expect(server.stats().refused).to.deep.equal({ ERR_TURNOUT_CONTENT_TOO_LARGE: 1 });
      },
    ));

  it("content that does not come within bodyMs: 408", () => {
    const told = gate();
    return carrying(
      { timeouts: { bodyMs: 30 }, respond: async (request) => ({ body: await request.text() }) },
      async (serve, { server }) => {
        server.once("refused", told.open);
        const stream = serve({ method: "POST" });
        stream.push("12345");
        await told.opened;
        await turns(3);
        expect(stream.events[0]).to.match(/^408 /);
        expect(server.stats().refused).to.deep.equal({ ERR_TURNOUT_BODY_TIMEOUT: 1 });
      },
    );
  });

  it("while the application does not read, the stream is not read either", () =>
    carrying({ respond: () => new Promise(() => {}) }, async (serve) => {
      const stream = serve({ method: "POST" });
      for (let chunk = 0; chunk < 40; chunk++) {
        stream.push(Buffer.alloc(10_000));
        await turns(1);
      }
      expect(stream.readableFlowing).to.equal(false);
      expect(400_000 - stream.readableLength).to.be.below(3 * 65_536);
    }));

  it("while the stream takes nothing, the answer's source is not asked further", () => {
    let pieces = 0;
    function* source(): Generator<Buffer> {
      for (; pieces < 100; pieces++) {
        yield Buffer.alloc(10_000);
      }
    }
    return carrying({ respond: () => ({ body: source() }) }, async (serve) => {
      const stream = new StandInStream();
      stream.takes = false;
      serve({}, stream);
      await turns(50);
      expect(pieces).to.be.below(20);
      stream.takeAll();
      await turns(300);
      expect([pieces, stream.events.at(-1)]).to.deep.equal([100, "end"]);
    });
  });

  for (const [what, end] of [
    ["an error of the stream", (stream: StandInStream) => stream.destroy(new Error("gone"))],
    ["a stream that is destroyed", (stream: StandInStream) => stream.destroy()],
    [
      "the event `aborted`",
      (stream: StandInStream): void => {
        stream.emit("aborted");
        stream.destroy();
      },
    ],
  ] as const) {
    it(`${what}: the signal is aborted, and what the application answers later is dropped`, () => {
      const aborted = gate();
      return carrying(
        {
          respond: async ({ signal }) => {
            signal.addEventListener("abort", aborted.open);
            await aborted.opened;
            return { body: "late" };
          },
        },
        async (serve, { server, faults }) => {
          const stream = serve();
          await turns(2);
          end(stream);
          await aborted.opened;
          await turns(3);
          expect([stream.events, server.stats().answered, server.stats().open, faults]).to.deep.equal([[], {}, 1, []]);
        },
      );
    });
  }

  it("a stream that is gone already is not answered at all", () =>
    carrying({ respond: () => ({ body: "to nobody" }) }, async (serve, { server }) => {
      const stream = new StandInStream();
      stream.destroy();
      serve({}, stream);
      await turns(3);
      expect([stream.events, server.stats().answered]).to.deep.equal([[], {}]);
    }));

  it("a head that cannot be sent: a fault, and the stream is reset", () =>
    carrying({ respond: () => ({}) }, async (serve, { faults }) => {
      const stream = new StandInStream();
      stream.sendHead = () => {
        throw new Error("no");
      };
      serve({}, stream);
      await turns(3);
      expect([stream.events, faults.map(({ code }) => code)]).to.deep.equal([["reset"], ["ERR_TURNOUT_RESPOND"]]);
    }));

  it("the end of what carries them: the module is told, the streams are its own to end", () =>
    carrying({ respond: () => new Promise(() => {}) }, async (serve, { server }, carrier) => {
      const stream = serve();
      carrier.transport!.destroy();
      stream.destroy();
      await turns(5);
      expect(server.stats().open).to.equal(0);
    }));
});

/** A module that can be spoken over a stream. */
class Spoken extends ProtocolModule<string> {
  readonly tokens = ["spoken"];
  override readonly overHttp2: boolean;
  readonly #decision: () => ReturnType<ProtocolModule<string>["accept"]>;

  constructor(overHttp2 = true, decision: Spoken["accept"] = () => switchTo("state", { headers: { own: "1" } })) {
    super();
    this.overHttp2 = overHttp2;
    this.#decision = decision as () => ReturnType<Spoken["accept"]>;
  }

  override accept(_offer?: unknown): ReturnType<ProtocolModule<string>["accept"]> {
    return this.#decision();
  }

  takeOver(_request: unknown, transport: Transport<string>): Answered {
    transport.onData = (chunk) => void transport.write(chunk);
    return transport.answer(`${transport.state} ${transport.token} `);
  }
}

describe("a request for another protocol over a stream (RFC 8441)", () => {
  it("RFC 8441 section 5: 200 with the module's fields, its answer, its bytes, and both ends", () =>
    carrying({ protocols: [new Spoken()] }, async (serve, { server }) => {
      const stream = serve({ method: "CONNECT", protocol: "spoken" });
      stream.push("ping");
      await turns(3);
      stream.push(null);
      await turns(3);
      expect(stream.events.join("|")).to.match(/^200 own: 1\|state spoken \|?ping\|end$/);
      expect(server.stats().switched["spoken"]).to.deep.equal({ open: 0, total: 1 });
    }));

  for (const [what, module, protocol] of [
    ["nobody speaks it", new Spoken(), "unspoken"],
    ["its module does not speak over streams", new Spoken(false), "spoken"],
  ] as const) {
    it(`RFC 9220 section 3: 501 where ${what}`, () =>
      carrying({ protocols: [module] }, async (serve, { server }) => {
        const stream = serve({ method: "CONNECT", protocol });
        await turns(3);
        expect([stream.events[0]?.slice(0, 3), stream.events.at(-1)]).to.deep.equal(["501", "end"]);
        expect(server.stats().switched["spoken"]).to.equal(undefined);
      }));
  }

  it("a module that declines: the application answers", () =>
    carrying(
      { protocols: [new Spoken(true, () => decline())], respond: ({ method }) => ({ body: method }) },
      async (serve) => {
        const stream = serve({ method: "CONNECT", protocol: "spoken" });
        await turns(3);
        expect(stream.events).to.deep.equal(["200 content-length: 7", "CONNECT", "end"]);
      },
    ));

  it("a field that a module cannot say: a fault and 500", () =>
    carrying(
      { protocols: [new Spoken(true, () => switchTo("state", { headers: { Upgrade: "x" } }))] },
      async (serve, { faults }) => {
        const stream = serve({ method: "CONNECT", protocol: "spoken" });
        await turns(3);
        expect([stream.events[0]?.slice(0, 3), faults.map(({ code }) => code)]).to.deep.equal([
          "500",
          ["ERR_TURNOUT_MODULE"],
        ]);
      },
    ));

  it("T-63: while the server closes: 503", () => {
    const carrier = gate();
    return carrying(
      { protocols: [new Spoken()], timeouts: { drainMs: 1_000 } },
      async (serve, { server }, { transport }) => {
        transport!.end = () => carrier.open(); // the carrier stays for the time being
        const closing = server.close();
        await carrier.opened;
        const stream = serve({ method: "CONNECT", protocol: "spoken" });
        await turns(3);
        expect(stream.events[0]).to.match(/^503 /);
        stream.destroy();
        transport!.destroy();
        await closing;
      },
    );
  });
});
