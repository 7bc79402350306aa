import { expect } from "chai";
import { admit, type OriginPolicy, type WebSocketOptions } from "turnout/websocket";
import { describeRequest, expectOrdinary, getTwo } from "../support/exchanges.ts";
import { echoing, type HandshakeFields, openingHandshake, openWebSocket } from "../support/websocket-frames.ts";

/** Under this policy these pages may connect, or may not. */
function judges(
  title: string,
  origin: OriginPolicy | undefined,
  admitted: boolean,
  cases: readonly (readonly [origin: HandshakeFields[string], host: string])[],
): void {
  for (const [page, host] of cases) {
    it(`${title}: ${page === undefined ? "no Origin" : [page].flat().join(" | ")} at ${host}`, async () => {
      const asked: string[] = [];
      const accept: WebSocketOptions<undefined>["accept"] = ({ request }) => {
        asked.push(request.host);
        return admit();
      };
      await echoing(
        { accept, ...(origin === undefined ? {} : { origin }) },
        async ({ connect, server }) => {
          const client = await connect();
          if (admitted) {
            await openWebSocket(client, { Host: host, Origin: page });
            return;
          }
          const response = await client.send(openingHandshake({ Host: host, Origin: page })).response();
          expect(response.status).to.equal(403);
          expect(response.all("upgrade")).to.deep.equal([]);
          expect(response.all("sec-websocket-accept")).to.deep.equal([]);
          expect(server.stats().switched).to.deep.equal({});
          await expectOrdinary(client.send(getTwo), "GET /two 0");
        },
        { respond: describeRequest },
      );
      expect(asked).to.deep.equal(admitted ? [host] : []);
    });
  }
}

describe("RFC 6455 section 10.2: pages of the same origin, when nothing else is said", () => {
  for (const origin of [undefined, "same-origin"] as const) {
    judges(`RFC 6455 section 10.2 (${origin ?? "default"}): let in`, origin, true, [
      [undefined, "example.org"],
      ["http://example.org", "example.org"],
      ["https://example.org", "example.org"],
      ["http://example.org:8080", "example.org:8080"],
      ["https://example.org:8443", "example.org:8443"],
    ]);
    judges(`T-79 RFC 6455 section 10.2 (${origin ?? "default"}): 403`, origin, false, [
      ["http://evil.example", "example.org"],
      ["https://evil.example", "example.org"],
      ["null", "example.org"],
    ]);
  }

  judges("RFC 6455 section 10.2, RFC 6454 section 4: a port that goes without saying", undefined, true, [
    ["http://example.org", "example.org:80"],
    ["http://example.org:80", "example.org"],
    ["https://example.org", "example.org:443"],
    ["https://example.org:443", "example.org"],
    ["http://[::1]", "[::1]:80"],
    ["http://[::1]:80", "[::1]"],
    ["http://[::1]:8080", "[::1]:8080"],
  ]);
  judges("T-79 RFC 6455 section 10.2, RFC 6454 section 4: another port", undefined, false, [
    ["http://example.org", "example.org:8080"],
    ["http://example.org:8080", "example.org"],
    ["http://example.org", "example.org:443"],
    ["https://example.org", "example.org:80"],
    ["https://example.org:80", "example.org"],
    ["http://example.org:808", "example.org:80"],
    ["http://[::1]:8080", "[::1]"],
    ["http://[::1]", "[::1]:8080"],
  ]);
  judges("RFC 6455 section 10.2, RFC 6454 section 4: case", undefined, true, [
    ["HTTP://EXAMPLE.org", "example.org"],
    ["https://example.org", "Example.ORG"],
  ]);
  judges("T-79 RFC 6455 section 10.2: looks alike, and is not", undefined, false, [
    ["http://example.org.evil.example", "example.org"],
    ["http://evil-example.org", "example.org"],
    ["http://sub.example.org", "example.org"],
    ["http://example.org", "sub.example.org"],
    ["http://example.org@evil.example", "example.org"],
    ["http://example.org:80@evil.example", "example.org"],
    ["http://evil.example/example.org", "example.org"],
    ["http://evil.example#example.org", "example.org"],
    ["http://evil.example?example.org", "example.org"],
    ["http://evil.example\\example.org", "example.org"],
    ["http://user@example.org", "example.org"],
    ["http://[::2]", "[::1]"],
  ]);
  judges("T-79 RFC 6455 section 10.2, RFC 6454 section 7: no origin", undefined, false, [
    ["", "example.org"],
    ["example.org", "example.org"],
    ["//example.org", "example.org"],
    ["http://", "example.org"],
    ["file://", "example.org"],
    ["http:example.org", "example.org"],
    ["http://example.org/", "example.org"],
    ["http://example.org/chat", "example.org"],
    ["NULL", "null"],
    ["null", "null"],
    ["http://example.org http://evil.example", "example.org"],
    ["http://evil.example http://example.org", "example.org"],
    [["http://example.org", "http://example.org"], "example.org"],
    [["http://example.org", "http://evil.example"], "example.org"],
  ]);

  it("RFC 6455 section 10.2, RFC 9112 section 3.2.2: the host is the one of an absolute target", () =>
    echoing({}, async ({ connect }) => {
      const line = "GET http://example.org/chat HTTP/1.1";
      const foreign = { Host: "evil.example", Origin: "http://evil.example" };
      const response = await (await connect()).send(openingHandshake(foreign, line)).response();
      expect(response.status).to.equal(403);
      const own = { Host: "evil.example", Origin: "http://example.org" };
      expect((await (await connect()).send(openingHandshake(own, line)).response()).status).to.equal(101);
    }));
});

describe("RFC 6455 section 10.2: policies", () => {
  judges("RFC 6455 section 10.2 (any): let in", "any", true, [
    [undefined, "h"],
    ["http://evil.example", "h"],
    ["null", "h"],
    ["", "h"],
  ]);

  const list = ["https://example.org", "http://localhost:5173"];
  judges("RFC 6455 section 10.2 (a list): let in", list, true, [
    [undefined, "h"],
    ["https://example.org", "h"],
    ["http://localhost:5173", "h"],
  ]);
  judges("T-79 RFC 6455 section 10.2 (a list): 403", list, false, [
    ["http://h", "h"],
    ["http://example.org", "h"],
    ["https://example.org.evil.example", "h"],
    ["https://example.org:8443", "h"],
    ["http://localhost", "h"],
    ["null", "h"],
    ["https://example.org, http://localhost:5173", "h"],
  ]);
  const rebound = ["http://evil.example:8080", "evil.example:8080"] as const;
  judges("T-79 RFC 6455 section 10.2 (a list): a page whose own name leads here (DNS rebinding): 403", list, false, [
    rebound,
  ]);
  judges("RFC 6455 section 10.2 (same-origin): such a page cannot be told from the server's own", "same-origin", true, [
    rebound,
  ]);
  judges("T-79 RFC 6455 section 10.2 (an empty list): 403", [], false, [["http://h", "h"]]);
  judges("RFC 6455 section 10.2 (a list with null): let in", ["null"], true, [["null", "h"]]);

  const byPath: OriginPolicy = (origin, request) => request.path === "/chat" && origin.endsWith(".example.org");
  judges("RFC 6455 section 10.2 (a function): let in", byPath, true, [
    [undefined, "h"],
    ["https://a.example.org", "h"],
  ]);
  judges("T-79 RFC 6455 section 10.2 (a function): 403", byPath, false, [
    ["http://h", "h"],
    ["null", "h"],
  ]);

  it("RFC 6455 section 10.2 (a function that throws): 500 and a fault, no 101", () =>
    echoing(
      {
        origin: () => {
          throw new Error("no idea");
        },
      },
      async ({ connect, faults }) => {
        const response = await (await connect()).send(openingHandshake({ Origin: "http://h" })).response();
        expect(response.status).to.equal(500);
        expect(faults.map(({ code }) => code)).to.deep.equal(["ERR_TURNOUT_MODULE"]);
      },
    ));
});
