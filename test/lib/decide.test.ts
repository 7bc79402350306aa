import { assert, expect } from "chai";
import { decline, type Negotiate, type Offer, ProtocolModule, reject, switchTo, type Transport } from "turnout";
import type { Answered } from "../../lib/answered.ts";
import { consider, type Outcome } from "../../lib/consider.ts";
import { type DecidingHead, decide, type Verdict } from "../../lib/decide.ts";
import type { RequestInfo } from "../../lib/http/request.ts";
import { Registry } from "../../lib/registry.ts";

class Stub extends ProtocolModule<unknown> {
  readonly tokens: readonly string[];
  override methods: readonly string[] | "*" = ["GET"];
  override maxBody = 0;
  override hopFields: readonly string[] = [];
  override above: readonly string[] = [];
  decision: () => ReturnType<ProtocolModule<unknown>["accept"]> = () => switchTo(this.tokens[0]);

  constructor(...tokens: string[]) {
    super();
    this.tokens = tokens;
  }

  override accept(_offer: Offer): ReturnType<ProtocolModule<unknown>["accept"]> {
    return this.decision();
  }

  takeOver(_request: unknown, transport: Transport): Answered {
    return transport.answeredByHandshake();
  }
}

const request = {} as RequestInfo;

function head(upgrade: string, more: Partial<DecidingHead> = {}): DecidingHead {
  return {
    method: "GET",
    wantsUpgrade: true,
    contentLength: 0,
    values: () => [upgrade],
    namedInConnection: (option) => option === "upgrade",
    ...more,
  };
}

const body = Object.assign(new Stub("body/1"), { methods: ["POST"], maxBody: 5 });
const any = Object.assign(new Stub("any"), { methods: "*" });
const hop = Object.assign(new Stub("hop"), { hopFields: ["Hop-Settings"] });
const registry = new Registry([new Stub("foo/2", "foo/1"), body, any, hop]);

function verdict(
  upgrade: string,
  more: Partial<DecidingHead> = {},
  negotiate: Negotiate = "client",
  draining = false,
): string {
  const decided: Verdict = decide(head(upgrade, more), registry, negotiate, draining, () => request);
  return decided.do === "consider" ? decided.candidates.map(({ token }) => token).join(" ") : decided.do;
}

describe("RFC 9110 section 7.8: deciding", () => {
  const cases: readonly (readonly [string, string, string, Partial<DecidingHead>?, Negotiate?])[] = [
    ["the client's order", "foo/1, zz, foo/2", "foo/1 foo/2"],
    ["the server's order", "any, foo/1, foo/2", "foo/2 foo/1 any", {}, "server"],
    ["what is offered twice is asked once", "any, ANY, any", "any"],
    ["names have no case, versions have", "FOO/2, any", "foo/2 any"],
    ["nothing that is spoken", "zz", "respond"],
    ["Upgrade that does not count", "foo/2", "respond", { wantsUpgrade: false }],
    ["a method that a module does not list", "foo/2, any", "any", { method: "PUT" }],
    ["content that fits", "body/1", "body/1", { method: "POST", contentLength: 5 }],
    ["content that does not", "body/1", "respond", { method: "POST", contentLength: 6 }],
    ["content of unknown length may fit", "body/1, any", "body/1", { method: "POST", contentLength: -1 }],
    ["a field that Connection does not name", "hop", "respond"],
    ["a field that Connection names", "hop", "hop", { namedInConnection: () => true }],
    ["a function that chooses one", "foo/1, any", "any", {}, () => "ANY"],
    ["a function that chooses an order", "foo/1, any", "any foo/1", {}, (_request, offers) => offers.toReversed()],
    ["a function that names one twice", "any", "any", {}, () => ["any", "ANY"]],
    ["a function that chooses none", "foo/1", "respond", {}, () => undefined],
  ];
  for (const [title, upgrade, expected, more, negotiate] of cases) {
    it(`${title}: ${upgrade} -> ${expected}`, () => {
      assert.equal(verdict(upgrade, more, negotiate), expected);
    });
  }

  it("a function gets what could be switched to, in the registered spelling", () => {
    let seen: readonly string[] = [];
    verdict("zz, FOO/1, hop, any", {}, (given, offers) => {
      assert.equal(given, request);
      seen = offers;
      return [];
    });
    assert.deepEqual(seen, ["foo/1", "any"]);
  });

  it("MUST NOT switch to what was not offered", () => {
    expect(() => verdict("foo/1", {}, () => "foo/2"))
      .to.throw()
      .with.property("code", "ERR_TURNOUT_NOT_OFFERED");
  });

  it("while the server closes, what would be switched is refused", () => {
    assert.equal(verdict("foo/1", {}, "client", true), "refuse");
    assert.equal(verdict("zz", {}, "client", true), "respond");
  });
});

describe("asking the candidates", () => {
  const first = new Stub("first");
  const second = new Stub("second");
  const candidates = ["first", "second"].map((token) => new Registry([first, second]).find(token)!);
  const ask = (): Outcome | Promise<Outcome> => consider(candidates, request, () => AbortSignal.abort());
  const failed = async (): Promise<unknown> => {
    try {
      return await ask();
    } catch (error) {
      return error;
    }
  };

  it("stays synchronous as long as the modules do", () => {
    first.decision = decline;
    second.decision = () => switchTo(7, { headers: { a: "1" } });
    assert.deepInclude(ask(), { do: "switch", state: 7, headers: { a: "1" } });
  });

  it("goes on after a promise that declines, and ends with an ordinary answer", async () => {
    first.decision = async () => decline();
    second.decision = async () => decline();
    assert.deepEqual(await ask(), { do: "respond" });
  });

  it("a refusal ends it", async () => {
    first.decision = async () => reject(403, "no");
    second.decision = () => assert.fail("it was asked");
    assert.deepInclude(await ask(), { do: "refuse", status: 403, body: "no" });
  });

  for (const status of [200, 299, 600, 400.5]) {
    it(`refuses to refuse with ${status}`, async () => {
      first.decision = () => reject(status);
      assert.nestedPropertyVal(await failed(), "cause.code", "ERR_TURNOUT_DECISION");
    });
  }

  it("what is no decision is the module's failure", async () => {
    for (const nothing of [undefined, null, {}, "switch"]) {
      first.decision = () => nothing as never;
      const error = await failed();
      assert.nestedPropertyVal(error, "cause.code", "ERR_TURNOUT_DECISION");
      assert.propertyVal(error, "module", "Stub");
    }
  });

  it("what a module throws, or rejects with, is kept as the cause", async () => {
    const cause = new Error("no");
    first.decision = () => {
      throw cause;
    };
    assert.propertyVal(await failed(), "cause", cause);
    first.decision = () => Promise.reject(cause);
    assert.propertyVal(await failed(), "cause", cause);
  });
});

describe("the registry", () => {
  it("names all tokens in the server's order", () => {
    assert.equal(registry.advertisement, "foo/2, foo/1, body/1, any, hop");
    assert.equal(new Registry([]).advertisement, "");
  });

  it("the 101 names what runs on top behind the token", () => {
    const layered = Object.assign(new Stub("TLS/1.2"), { above: ["HTTP/1.1"] });
    assert.equal(new Registry([layered]).find("tls/1.2")?.upgrade, "TLS/1.2, HTTP/1.1");
  });

  for (const token of ["", "a b", "a/", "/1", "a/1/2", "a,b"]) {
    it(`refuses the token ${JSON.stringify(token)}`, () => {
      expect(() => new Registry([new Stub(token)]))
        .to.throw()
        .with.property("code", "ERR_TURNOUT_TOKEN");
    });
  }

  it("refuses a token that another module has, in whatever case", () => {
    expect(() => new Registry([new Stub("a/1"), new Stub("A/1")]))
      .to.throw()
      .with.property("code", "ERR_TURNOUT_TOKEN_TAKEN");
  });
});
