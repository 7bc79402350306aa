import { expect } from "chai";
import { Demonstration } from "../../support/demonstration.ts";
import { expectSwitch, upgradeTo } from "../../support/exchanges.ts";
import { RawClient } from "../../support/raw-client.ts";
import { openingHandshake } from "../../support/websocket-frames.ts";

/** Runs `test` with a server of its own. */
async function demonstrating(args: readonly string[], test: (connect: () => Promise<RawClient>) => Promise<void>) {
  const demonstration = await Demonstration.start("--quiet", ...args);
  const clients: RawClient[] = [];
  try {
    await test(async () => {
      const client = await RawClient.connect(demonstration.port);
      clients.push(client);
      return client;
    });
  } finally {
    for (const { stream } of clients) {
      stream.destroy();
    }
    expect(await demonstration.stop()).to.equal(0);
  }
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;

describe("what the demonstration server speaks", function () {
  this.timeout(10_000);

  it("RFC 9110 section 15.5.22: --require answers 426 to all that does not switch", () =>
    demonstrating(["--require", "echo/1"], async (connect) => {
      const client = await connect();
      for (const request of [get("/"), get("/ws"), get("/nowhere"), upgradeTo("example/1"), openingHandshake()]) {
        const seen = await client.send(request).response();
        expect([seen.status, seen.field("upgrade"), seen.field("connection")]).to.deep.equal([
          426,
          "echo/1",
          "Upgrade",
        ]);
      }
      await expectSwitch(
        client.send(upgradeTo("example/1, echo/1", "GET /inspect HTTP/1.1")),
        "echo/1",
        "GET /inspect\r\n",
      );
    }));

  it("RFC 6455 section 4.4: --require websocket says which version", () =>
    demonstrating(["--require", "websocket"], async (connect) => {
      const client = await connect();
      const seen = await client.send(get("/status/200")).response();
      expect([seen.status, seen.field("sec-websocket-version")]).to.deep.equal([426, "13"]);
      expect((await client.send(openingHandshake({}, "GET / HTTP/1.1")).response()).status).to.equal(101);
    }));

  it("--require h2c is content with HTTP/2, however it was begun", () =>
    demonstrating(["--require", "h2c"], async (connect) => {
      expect((await (await connect()).send(get("/")).response()).field("upgrade")).to.equal("h2c");
      const client = await connect();
      const offer = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
      client.send(`GET /status/204 HTTP/1.1\r\nHost: h\r\n${offer}\r\n`);
      expect((await client.response()).status).to.equal(101);
      client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
      await client.takeUntil("\x89"); // :status: 204 (RFC 7541 appendix A, index 9)
    }));

  it("--protocols: what is left out is neither spoken nor told of", () =>
    demonstrating(["--protocols", "echo"], async (connect) => {
      const client = await connect();
      for (const path of ["/ws", "/live", "/example", "/required"]) {
        expect((await client.send(get(path)).response()).status, path).to.equal(404);
      }
      expect((await client.send(openingHandshake({}, "GET /ws HTTP/1.1")).response()).status).to.equal(404);
      const { body } = await client.send(get("/")).response();
      expect(body)
        .to.include("It speaks HTTP/1.1, echo/1.")
        .and.not.match(/ws:|--http2|example/);
      await expectSwitch(client.send(upgradeTo("example/1, echo/1")), "echo/1", "GET /x\r\n");
    }));

  it("--protocols none: HTTP/1.1 alone", () =>
    demonstrating(["--protocols", "none"], async (connect) => {
      const client = await connect();
      const offers = upgradeTo("echo/1, example/1, websocket, h2c", "GET /inspect HTTP/1.1");
      expect((await client.send(offers).response()).status).to.equal(200);
    }));

  it("RFC 9110 section 12.5.1: a browser gets the page, and others get text", () =>
    demonstrating([], async (connect) => {
      const client = await connect();
      const browser = "GET / HTTP/1.1\r\nHost: h:81\r\nAccept: text/html,*/*;q=0.8\r\n\r\n";
      const page = await client.send(browser).response();
      expect([page.field("content-type"), page.field("vary")]).to.deep.equal(["text/html; charset=utf-8", "Accept"]);
      expect(page.field("content-security-policy")).to.include("connect-src 'self' ws://h:81 wss://h:81;");
      const text = await client.send("GET / HTTP/1.1\r\nHost: h:81\r\nAccept: */*\r\n\r\n").response();
      expect([text.field("content-type"), text.field("vary")]).to.deep.equal(["text/plain; charset=utf-8", "Accept"]);
      const head = await client.send(browser.replace("GET", "HEAD")).response("HEAD");
      expect(head.field("content-length")).to.equal(page.field("content-length"));
    }));
});
