import { once } from "node:events";
import { expect } from "chai";
import type { Answered, ServerOptions, Transport } from "turnout";
import { gate, switchingHead, underTest, upgradeTo } from "../support/exchanges.ts";
import { codeOf } from "../support/failures.ts";
import { answerInALine, LineProtocol } from "../support/modules.ts";

type Own = Transport<undefined>;

const answer = "own/1 GET /x\r\n";
const reason = new Error("the module's");

const thrown: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw reason;
  },
  rejects: () => Promise.reject(reason),
  "rejects later": async () => {
    await new Promise((resolve) => setImmediate(resolve));
    throw reason;
  },
  "returns a thenable that rejects": () => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what is tested
    then: (_: unknown, reject: (cause: unknown) => void) => reject(reason),
  }),
};

/** For each callback, how it is brought about. */
const callbacks: Readonly<Record<string, (transport: Own, callback: () => unknown) => void>> = {
  onData: (transport, callback) => {
    transport.onData = callback;
  },
  onEnd: (transport, callback) => {
    transport.onData = () => {};
    transport.onEnd = callback;
  },
  onDrain: (transport, callback) => {
    transport.onDrain = callback;
    transport.write(Buffer.alloc(65_536));
  },
  onClose: (transport, callback) => {
    transport.onClose = callback;
    transport.onData = () => {};
  },
};

/** A server with one module that takes over as it is told, and a client that stays while another is tried. */
async function withModule(
  takeOver: (transport: Own) => Answered | Promise<Answered>,
  talk: (bytes: string) => string,
  expected: { readonly code: string; readonly cause?: unknown; readonly what?: RegExp },
  options: ServerOptions = {},
): Promise<void> {
  const failing = new LineProtocol(["own/1"], { takeOver: (_request, transport) => takeOver(transport) });
  const fine = new LineProtocol(["fine/1"]);
  await underTest(
    async ({ connect, server, faults }) => {
      const bystander = (await connect()).send(upgradeTo("fine/1"));
      await bystander.takeUntil("fine/1 GET /x\r\n");
      const client = await connect();
      const [closed, fault] = [once(server, "closed"), once(server, "fault")];
      client.send(talk(upgradeTo("own/1"))).end();
      await Promise.all([closed, fault]);
      await client.gone();
      expect(faults.map(codeOf)).to.deep.equal([expected.code]);
      expect(faults[0]).to.include({ module: "LineProtocol" });
      expect(faults[0]!.message).to.match(expected.what ?? /(?:)/);
      if ("cause" in expected) {
        expect(faults[0]!.cause).to.equal(expected.cause);
      }
      expect(server.stats()).to.include({ open: 1 });
      expect(await bystander.send("ping").take(4)).to.equal("ping");
    },
    { ...options, protocols: [failing, fine] },
  );
}

describe("a callback that fails ends its own connection, and is reported with its cause", () => {
  for (const [name, provoke] of Object.entries(callbacks)) {
    for (const [how, fail] of Object.entries(thrown)) {
      it(`${name} ${how}`, () =>
        withModule(
          (transport) => {
            provoke(transport, fail);
            return transport.answer(answer);
          },
          (head) => `${head}data`,
          { code: "ERR_TURNOUT_MODULE", cause: reason, what: new RegExp(`${name} threw`) },
        ));
    }
  }
});

describe("a takeOver that fails ends its own connection, and is reported", () => {
  for (const how of ["throws", "rejects", "rejects later"]) {
    it(how, () =>
      withModule(thrown[how] as () => Promise<Answered>, (head) => head, {
        code: "ERR_TURNOUT_MODULE",
        cause: reason,
        what: /takeOver threw/,
      }),
    );
  }

  let receiptOfAnother: Answered | undefined;
  const wrong: Readonly<Record<string, (transport: Own) => unknown>> = {
    "returns nothing": (transport) => void transport.answer(answer),
    "returns null": () => null,
    "returns a promise of nothing": async (transport) => void transport.answer(answer),
    "returns an object of its own": () => ({}),
    "returns what looks like a receipt": (transport) => Object.create(transport.answer(answer)),
    "returns the receipt of another transport": () => receiptOfAnother,
  };
  before(async () => {
    const module = new LineProtocol(["other/1"], {
      takeOver: (_request, transport) => {
        receiptOfAnother = transport.answer(answer);
        return receiptOfAnother;
      },
    });
    await underTest(
      async ({ connect }) => {
        await (await connect()).send(upgradeTo("other/1")).takeUntil(answer);
      },
      { protocols: [module] },
    );
  });
  for (const [how, takeOver] of Object.entries(wrong)) {
    it(`RFC 9110 section 7.8: ${how}: ERR_TURNOUT_NOT_ANSWERED`, () =>
      withModule(takeOver as (transport: Own) => Answered, (head) => head, { code: "ERR_TURNOUT_NOT_ANSWERED" }));
  }

  it("RFC 9110 section 7.8: gives no receipt within answerMs", () =>
    withModule(
      () => new Promise(() => {}),
      (head) => head,
      { code: "ERR_TURNOUT_NOT_ANSWERED", what: /in time/ },
      { timeouts: { answerMs: 30 } },
    ));

  for (const [title, second] of [
    ["answer() twice", (transport: Own) => transport.answer("again")],
    ["answer(), and then answeredByHandshake()", (transport: Own) => transport.answeredByHandshake()],
  ] as const) {
    it(`${title} throws ERR_TURNOUT_STATE, and writes nothing more`, async () => {
      const codes: unknown[] = [];
      const module = new LineProtocol(["own/1"], {
        takeOver: (request, transport) => {
          const receipt = answerInALine(request, transport);
          try {
            second(transport);
          } catch (error) {
            codes.push(codeOf(error));
          }
          return receipt;
        },
      });
      await underTest(
        async ({ connect, faults }) => {
          const output = await (await connect()).send(upgradeTo("own/1")).end().rest();
          expect(output).to.equal(`${switchingHead("own/1")}${answer}`);
          expect([codes, faults]).to.deep.equal([["ERR_TURNOUT_STATE"], []]);
        },
        { protocols: [module] },
      );
    });
  }
});

describe("a module in plain JavaScript", () => {
  for (const [what, value] of [
    ["a number", 5],
    ["an object", { length: 1 }],
    ["an array", [1, 2]],
  ] as const) {
    it(`that writes ${what} fails by itself`, () =>
      withModule(
        (transport) => {
          transport.onData = () => transport.write(value as unknown as string);
          return transport.answer(answer);
        },
        (head) => `${head}data`,
        { code: "ERR_TURNOUT_MODULE", what: /onData threw/ },
      ));
  }
});

describe("a takeOver that gives up", () => {
  it("after the client has left is no fault", async () => {
    const [taken, gone] = [gate(), gate()];
    const module = new LineProtocol(["own/1"], {
      takeOver: async () => {
        taken.open();
        await gone.opened;
        throw reason;
      },
    });
    await underTest(
      async ({ connect, server, faults }) => {
        const client = (await connect()).send(upgradeTo("own/1"));
        await taken.opened;
        const closed = once(server, "closed");
        client.reset();
        await closed;
        gone.open();
        await (await connect()).send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").response();
        expect(faults).to.deep.equal([]);
      },
      { protocols: [module] },
    );
  });
});
