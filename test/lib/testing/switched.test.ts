import { expect } from "chai";
import { decline, type Offer, reject } from "turnout";
import { EchoProtocol } from "turnout/echo";
import { switched } from "turnout/testing";
import { codeOf, rejectionOf } from "../../support/failures.ts";
import { answerInALine, h2cStandIn, LineProtocol } from "../../support/modules.ts";

describe("switched", () => {
  it("runs a module from its 101 to its end", async () => {
    const run = await switched(new EchoProtocol(), { target: "/a?b", early: "ping" });
    expect(run.decision).to.equal("switched");
    expect(run.head).to.equal("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo/1\r\nConnection: Upgrade");
    expect(String(await run.until("ping"))).to.equal("GET /a?b\r\nping");
    run.send("pong");
    expect(String(await run.until(18))).to.equal("GET /a?b\r\npingpong");
    run.send(Uint8Array.of(0xff));
    expect((await run.end()).toString("latin1")).to.equal("GET /a?b\r\npingpong\xff");
    expect((await run.end()).toString("latin1")).to.equal("GET /a?b\r\npingpong\xff");
    expect([String(run.sent).length, run.faults]).to.deep.equal([19, []]);
  });

  it("waits for nothing that has come already", async () => {
    const run = await switched(new EchoProtocol(), { early: "ping" });
    await run.until("ping");
    expect(String(await run.until("GET"))).to.equal("GET /\r\nping");
    expect(String(await run.until(3))).to.equal("GET /\r\nping");
  });

  it("sends method, fields, content and token as they are given", async () => {
    const module = new LineProtocol(["a", "b"], { methods: "*", maxBody: 9 });
    const headers = { "Content-Type": "text/plain" };
    const run = await switched(module, { method: "PUT", target: "/x", headers, body: "body", token: "b" });
    expect(String(await run.end())).to.equal("b PUT /x body\r\n");
  });

  it("RFC 9110 section 10.1.1: is not misled by a 100", async () => {
    const module = new LineProtocol(["a"], { methods: "*", maxBody: 9 });
    const run = await switched(module, { method: "PUT", headers: { Expect: "100-continue" }, body: "body" });
    expect([run.decision, String(await run.end())]).to.deep.equal(["switched", "a PUT / body\r\n"]);
  });

  it("names the module's hop-by-hop fields in Connection", async () => {
    const run = await switched(h2cStandIn(), { headers: { "HTTP2-Settings": "AAMAAABk" } });
    expect(run.decision).to.equal("switched");
  });

  it("tells an ordinary answer from a switch", async () => {
    for (const run of [
      await switched(new LineProtocol(["a"], { accept: decline })),
      await switched(new LineProtocol(["a"]), { method: "POST" }),
      await switched(new LineProtocol(["a"]), { token: "b" }),
    ]) {
      expect([run.decision, run.faults]).to.deep.equal(["ordinary", []]);
      expect(String(await run.end())).to.equal("ordinary\n");
    }
  });

  it("tells a refusal by its status, with its fields", async () => {
    const accept = () => reject(401, "who?\n", { headers: { "WWW-Authenticate": "Basic" } });
    const run = await switched(new LineProtocol(["a"], { accept }));
    expect(run.decision).to.equal(401);
    expect(run.head).to.match(/^HTTP\/1\.1 401 (?:.|\r\n)*\r\nWWW-Authenticate: Basic\r\n/);
    expect(String(await run.end())).to.equal("who?\n");
  });

  it("reports what the module throws", async () => {
    const reason = new Error("the module's");
    const accept = (_: Offer): never => {
      throw reason;
    };
    const run = await switched(new LineProtocol(["a"], { accept }));
    expect([run.decision, run.faults.map(({ cause }) => cause)]).to.deep.equal([500, [reason]]);
  });

  it("a connection that is destroyed fails what waits", async () => {
    const run = await switched(
      new LineProtocol(["a"], {
        takeOver: (request, transport) => {
          const receipt = answerInALine(request, transport);
          transport.onData = () => transport.destroy();
          return receipt;
        },
      }),
    );
    await run.until("a GET /\r\n");
    run.send("x");
    expect(String(await rejectionOf(run.until("never")))).to.match(/waited in vain/);
    expect(String(await rejectionOf(run.end()))).to.match(/reset/);
  });

  it("a module without a token is a mistake at once", async () => {
    expect(codeOf(await rejectionOf(switched(new LineProtocol(["a b"]))))).to.equal("ERR_TURNOUT_TOKEN");
  });
});
