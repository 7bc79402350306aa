import { expect } from "chai";
import { type Decision, decline, type Offer, type ProtocolModule, reject, switchTo } from "turnout";
import { consider, type Outcome } from "../../lib/consider.ts";
import { RequestInfo } from "../../lib/http/request.ts";
import { type Registration, Registry } from "../../lib/registry.ts";
import { codeOf, rejectionOf } from "../support/failures.ts";
import { LineProtocol } from "../support/modules.ts";
import { headOf } from "../support/parsed-head.ts";

type Accept = (offer: Offer) => Decision<undefined> | Promise<Decision<undefined>>;

const request = new RequestInfo(headOf("GET /x HTTP/1.1", "Host: h"), {
  peer: { address: undefined, port: undefined },
  secure: false,
});
const { signal } = new AbortController();

/** What comes of asking one module for each of `accepts`; they offer `p0`, `p1`, ... */
function asking(...accepts: Accept[]) {
  const modules = accepts.map((accept, index) => new LineProtocol([`p${index}`], { accept }));
  const registry = new Registry(modules as unknown as ProtocolModule<unknown>[]);
  const candidates = modules.map(({ tokens }) => registry.find(tokens[0]!)!);
  return { candidates, outcome: () => consider(candidates, request, () => signal) };
}

function switched(to: Registration | undefined, state: unknown): Outcome {
  return { do: "switch", to: to!, state, headers: undefined };
}

const state = (value: unknown): Decision<undefined> => switchTo(value) as Decision<undefined>;

describe("consider", () => {
  it("stays synchronous as long as the modules do", () => {
    const { candidates, outcome } = asking(decline, () => state("s"));
    expect(outcome()).to.deep.equal(switched(candidates[1], "s"));
  });

  it("asks nobody behind the one that takes", async () => {
    const asked: string[] = [];
    const accept =
      (decision: Decision<undefined>): Accept =>
      async ({ token }) => {
        asked.push(token);
        return decision;
      };
    const { candidates, outcome } = asking(accept(decline()), accept(state(1)), accept(state(2)));
    expect(await outcome()).to.deep.equal(switched(candidates[1], 1));
    expect(asked).to.deep.equal(["p0", "p1"]);
  });

  it("asks one after the other", async () => {
    const asked: string[] = [];
    let settle = (_: Decision<undefined>): void => {};
    const { outcome } = asking(
      () => {
        asked.push("p0");
        return new Promise<Decision<undefined>>((resolve) => {
          settle = resolve;
        });
      },
      () => {
        asked.push("p1");
        return decline();
      },
    );
    const pending = outcome();
    expect(asked).to.deep.equal(["p0"]);
    settle(decline());
    expect([await pending, asked]).to.deep.equal([{ do: "respond" }, ["p0", "p1"]]);
  });

  it("all declined: the application answers", async () => {
    expect(asking(decline, decline).outcome()).to.deep.equal({ do: "respond" });
    expect(await asking(decline, async () => decline()).outcome()).to.deep.equal({ do: "respond" });
    expect(asking().outcome()).to.deep.equal({ do: "respond" });
  });

  it("an offer has the request, the registered token, and the signal", () => {
    const offers: Offer[] = [];
    asking((offer) => {
      offers.push(offer);
      return decline();
    }).outcome();
    expect(offers[0]!.request).to.equal(request);
    expect([offers[0]!.token, offers[0]!.signal]).to.deep.equal(["p0", signal]);
  });

  it("the signal is made for those that want it", () => {
    const { candidates } = asking(decline);
    const unwanted = (): AbortSignal => {
      throw new Error("a signal was made");
    };
    expect(consider(candidates, request, unwanted)).to.deep.equal({ do: "respond" });
  });

  it("a refusal carries its status, body and fields", () => {
    const { candidates, outcome } = asking(() => reject(401, "who?", { headers: { "X-A": "1" } }), decline);
    expect(outcome()).to.deep.equal({
      do: "refuse",
      by: candidates[0],
      status: 401,
      body: "who?",
      headers: { "X-A": "1" },
    });
  });

  for (const status of [300, 599]) {
    it(`RFC 9110 section 15: ${status} is a status to refuse with`, () => {
      expect(asking(() => reject(status)).outcome()).to.include({ do: "refuse", status, body: "" });
    });
  }

  it("a decision that comes as a thenable is waited for", async () => {
    const thenable = {
      // biome-ignore lint/suspicious/noThenProperty: that is what is tested
      then: (resolve: (decision: Decision<undefined>) => void) => resolve(state("s")),
    };
    const { candidates, outcome } = asking(() => thenable as unknown as Promise<Decision<undefined>>);
    expect(await outcome()).to.deep.equal(switched(candidates[0], "s"));
  });

  const wrong: readonly [title: string, decision: unknown][] = [
    ...[101, 200, 299, 600, 400.5, Number.NaN, "400"].map((status): [string, unknown] => [
      `a refusal with ${JSON.stringify(status)}`,
      reject(status as number),
    ]),
    ["nothing", undefined],
    ["null", null],
    ["true", true],
    ["text", "switch"],
    ["an object of its own", { do: "accept" }],
  ];
  for (const [title, decision] of wrong) {
    it(`${title} is no decision, now or later`, async () => {
      const now = asking(() => decision as Decision<undefined>, decline);
      const later = asking(async () => decision as Decision<undefined>, decline);
      const expected = { name: "ModuleError", code: "ERR_TURNOUT_MODULE", module: "LineProtocol" };
      const thrown = await rejectionOf((async () => now.outcome())());
      const rejected = await rejectionOf(Promise.resolve(later.outcome()));
      for (const error of [thrown, rejected]) {
        expect(error).to.include(expected);
        expect(codeOf((error as Error).cause)).to.equal("ERR_TURNOUT_DECISION");
      }
      expect(() => now.outcome()).to.throw(); // at once, since the module answered at once
    });
  }

  it("what a module throws is kept as the cause, now or later", async () => {
    const reason = new Error("the module's");
    const throws = (): never => {
      throw reason;
    };
    expect(asking(throws).outcome).to.throw().with.property("cause", reason);
    const rejected = await rejectionOf(Promise.resolve(asking(decline, async () => throws()).outcome()));
    expect(rejected).to.include({ code: "ERR_TURNOUT_MODULE", cause: reason });
    // A module behind one that decided later is no other module's fault.
    const second = await rejectionOf(Promise.resolve(asking(async () => decline(), throws).outcome()));
    expect(second).to.include({ code: "ERR_TURNOUT_MODULE", cause: reason });
  });
});
