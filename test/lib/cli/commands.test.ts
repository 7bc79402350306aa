import { expect } from "chai";
import { selfSigned } from "turnout/testing";
import { TlsProtocol } from "turnout/tls";
import { WebSocketProtocol } from "turnout/websocket";
import { banner } from "../../../lib/cli/banner.ts";
import { type BundledName, bundled } from "../../../lib/cli/bundled.ts";
import { commandsFor, harmless, tongues } from "../../../lib/cli/commands.ts";
import { makeModules } from "../../../lib/cli/protocols.ts";

const all = Object.keys(bundled) as BundledName[];
const titles = (protocols: readonly BundledName[]): string[] => commandsFor("h:1", protocols).map(({ title }) => title);

describe("commands to copy", () => {
  it("are those of HTTP/1.1 where nothing else is spoken", () => {
    expect(titles([])).to.deep.equal(["HTTP/1.1", "content, sent back"]);
  });

  for (const [protocol, count] of [
    ["websocket", 2],
    ["http2", 3],
    ["tls", 2],
    ["echo", 0],
    ["example", 1],
  ] as const) {
    it(`${count} more where ${protocol} is spoken`, () => {
      expect(titles([protocol])).to.have.length(2 + count);
    });
  }

  for (const [authority, addressed, dialled] of [
    ["h:81", "h:81", "h 81"],
    ["h", "h:80", "h 80"],
    ["127.0.0.1:8080", "127.0.0.1:8080", "127.0.0.1 8080"],
    ["[::1]:8080", "[::1]:8080", "::1 8080"],
  ] as const) {
    it(`${authority} is put into each as it has to be`, () => {
      const commands = commandsFor(authority, all).map(({ command }) => command);
      expect(commands.filter((command) => command.includes(`//${authority}/`))).to.have.length(8);
      expect(commands).to.include(`openssl s_client -connect ${addressed} -alpn h2,http/1.1`);
      expect(commands.at(-1))
        .to.include(`Host: ${authority}\\r\\n`)
        .and.match(new RegExp(` \\| nc -q 1 ${dialled}$`));
    });
  }
});

describe("a host that a client says", () => {
  for (const host of ["h", "h:81", "a-b.example", "127.0.0.1:8080", "[::1]:65535"]) {
    it(`${host} is harmless`, () => {
      expect(harmless(host, "other")).to.equal(host);
    });
  }

  for (const host of ["", "a b", "$(id)", "a;b", "a'b", 'a"b', "<b>", "a:", "a:1/", "a:123456", "[::1", "a\n", "ä"]) {
    it(`${JSON.stringify(host)} is not`, () => {
      expect(harmless(host, "other")).to.equal("other");
    });
  }
});

describe("the banner", () => {
  const plain = (_style: unknown, text: string): string => text;
  const facts = { authority: "h:1", protocols: ["echo"] as const, require: "", tls: undefined };

  it("begins with where it listens, and what it speaks", () => {
    expect(banner(facts, plain)).to.match(
      /^turnout listens on http:\/\/h:1\/\nit speaks HTTP\/1\.1, echo\/1\n\n {2}HTTP\/1\.1 +curl -v http:\/\/h:1\/inspect\n(?:.+\n)*\n$/,
    );
  });

  it("tells how the certificate is known, and what is required", () => {
    const tls = { fingerprint: "AB:CD" };
    expect(
      banner({ ...facts, tls, require: "echo/1" }, plain)
        .split("\n")
        .slice(2, 5),
    ).to.deep.equal([
      "TLS is on the same port: https://h:1/",
      "its certificate has the SHA-256 AB:CD",
      "every request has to switch to echo/1; others get 426",
    ]);
  });
});

describe("the bundled protocols", () => {
  it("have the tokens of their modules", () => {
    const tls = { protocol: new TlsProtocol(selfSigned()), fingerprint: "" };
    const modules = makeModules({ protocols: all, tls, webSocket: new WebSocketProtocol() });
    expect(modules.map(({ tokens }) => tokens)).to.deep.equal(Object.values(bundled));
    expect(makeModules({ protocols: [], tls: undefined, webSocket: modules[0]! })).to.deep.equal([]);
  });

  it("are told in words", () => {
    expect(tongues(all)).to.equal("HTTP/1.1, WebSocket, HTTP/2, TLS, echo/1, example/1 and foo/2");
  });
});
