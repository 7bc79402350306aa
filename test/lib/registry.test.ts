import { expect } from "chai";
import type { ProtocolModule } from "turnout";
import { Registry } from "../../lib/registry.ts";
import { h2cStandIn, type LineOptions, LineProtocol, tlsStandIn } from "../support/modules.ts";

/** A registry of modules that each have `tokens`. */
function registryOf(...modules: readonly (readonly [tokens: readonly string[], options?: LineOptions])[]): Registry {
  const made = modules.map(([tokens, options]) => new LineProtocol(tokens, options));
  return new Registry(made as unknown as ProtocolModule<unknown>[]);
}

describe("Registry", () => {
  it("RFC 9110 section 7.8: finds names in any case, and versions as they are", () => {
    const registry = registryOf([["WebSocket", "own/X"]]);
    expect(registry.find("websocket")?.token).to.equal("WebSocket");
    expect(registry.find("OWN/X")?.token).to.equal("own/X");
    for (const unknown of ["own/x", "own", "websocket/13", ""]) {
      expect(registry.find(unknown), unknown).to.equal(undefined);
    }
  });

  it("advertises all tokens in the server's order", () => {
    expect(registryOf([["b/1", "b/2"]], [["a"]]).advertisement).to.equal("b/1, b/2, a");
    expect(registryOf().advertisement).to.equal("");
  });

  it("ranks by module, and within it by token", () => {
    const registry = registryOf([["b/1", "b/2"]], [["a"]]);
    expect(["b/1", "b/2", "a"].map((token) => registry.find(token)?.rank)).to.deep.equal([0, 1, 2]);
  });

  it("RFC 9110 section 7.8: the 101 names what is on top behind the token", () => {
    const registry = new Registry([tlsStandIn() as unknown as ProtocolModule<unknown>]);
    expect(registry.find("TLS/1.2")).to.include({ token: "TLS/1.2", upgrade: "TLS/1.2, HTTP/1.1" });
    expect(registryOf([["a/1"]]).find("a/1")?.upgrade).to.equal("a/1");
  });

  it("reads once what deciding needs", () => {
    const registry = registryOf([["a"], { methods: ["GET", "POST"], maxBody: 9, hopFields: ["X-Hop"] }]);
    const { methods, maxBody, hopFields } = registry.find("a")!;
    expect([...methods], "methods").to.deep.equal(["GET", "POST"]);
    expect([maxBody, hopFields]).to.deep.equal([9, ["x-hop"]]);
    expect(registryOf([["a"], { methods: "*" }]).find("a")?.methods).to.equal("*");
    expect(new Registry([h2cStandIn() as unknown as ProtocolModule<unknown>]).find("h2c")?.hopFields).to.deep.equal([
      "http2-settings",
    ]);
  });

  for (const [title, options] of [
    ["a token", [["a b"]]],
    ["an empty token", [[""]]],
    ["what is on top", [["a"], { above: ["HTTP/1/1"] }]],
  ] as const) {
    it(`RFC 9110 section 7.8: ${title} that is not name[/version] is refused, by the module's name`, () => {
      expect(() => registryOf(options))
        .to.throw(/^LineProtocol: /)
        .with.property("code", "ERR_TURNOUT_TOKEN");
    });
  }

  for (const modules of [[[["a/1", "A/1"]]], [[["a/1"]], [["A/1"]]]] as const) {
    it(`one token cannot lead to two places: ${JSON.stringify(modules)}`, () => {
      expect(() => registryOf(...modules))
        .to.throw(/A\/1/)
        .with.property("code", "ERR_TURNOUT_TOKEN_TAKEN");
    });
  }
});
