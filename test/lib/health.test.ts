import { expect } from "chai";
import { type HealthOptions, health, type ServerOptions } from "turnout";
import { Http2Protocol } from "turnout/http2";
import { underTest } from "../support/exchanges.ts";
import { codeOf, failureOf } from "../support/failures.ts";
import { dataOn, pseudoFields, requestOn } from "../support/http2-frames.ts";
import { h2cUpgrade, openHttp2 } from "../support/http2-raw.ts";
import type { RawClient, SeenResponse } from "../support/raw-client.ts";

const answering = (options: HealthOptions = {}): ServerOptions => ({
  protocols: [new Http2Protocol()],
  respond: health(options, ({ method, target }) => ({ body: `${method} ${target}\n` })),
});

const ask = (client: RawClient, line: string, fields = "Host: h\r\n"): Promise<SeenResponse> =>
  client.send(`${line}\r\n${fields}\r\n`).response(line.startsWith("HEAD") ? "HEAD" : "GET");

describe("health", () => {
  for (const [line, status, body] of [
    ["GET /healthz HTTP/1.1", 200, "live\n"],
    ["GET /readyz HTTP/1.1", 200, "ready\n"],
    ["GET /readyz?verbose HTTP/1.1", 200, "ready\n"],
    ["GET http://h/readyz HTTP/1.1", 200, "ready\n"],
    ["HEAD /healthz HTTP/1.1", 200, ""],
    ["HEAD /readyz HTTP/1.1", 200, ""],
    ["POST /readyz HTTP/1.1", 405, "405 Method Not Allowed\n"],
    ["OPTIONS /healthz HTTP/1.1", 405, "405 Method Not Allowed\n"],
    ["GET /readyz/ HTTP/1.1", 200, "GET /readyz/\n"],
    ["GET /Readyz HTTP/1.1", 200, "GET /Readyz\n"],
    ["POST / HTTP/1.1", 200, "POST /\n"],
  ] as const) {
    it(`${line}: ${status}`, () =>
      underTest(async ({ connect }) => {
        const response = await ask(await connect(), line);
        expect([response.status, response.body]).to.deep.equal([status, body]);
        if (status === 405) {
          expect(response.field("allow")).to.equal("GET, HEAD"); // RFC 9110 section 15.5.6
        } else if (!body.includes("/")) {
          expect(response.field("cache-control")).to.equal("no-store");
          expect(Number(response.field("content-length"))).to.be.above(4);
        }
      }, answering()));
  }

  for (const line of ["GET /readyz HTTP/1.0", "HEAD /healthz HTTP/1.0"]) {
    it(`${line}, without Host, as HAProxy asks`, () =>
      underTest(async ({ connect, server }) => {
        const client = await connect();
        expect((await ask(client, line, "")).status).to.equal(200);
        expect(await client.rest()).to.equal("");
        expect(server.stats().refused).to.deep.equal({});
      }, answering()));
  }

  it("is what HTTP/2 is answered, too", () =>
    underTest(async ({ connect, server }) => {
      const http2 = openHttp2(await connect(), requestOn(1, pseudoFields("/readyz")));
      expect(await http2.answerOn(1)).to.include({ status: 200, body: "ready\n" });
      const report = server.close({ delayMs: 60_000 });
      http2.send(requestOn(3, pseudoFields("/readyz")), requestOn(5, pseudoFields("/healthz")));
      expect(await http2.answerOn(3)).to.include({ status: 503, body: "draining\n" });
      expect(await http2.answerOn(5)).to.include({ status: 200, body: "live\n" });
      http2.send(requestOn(7, pseudoFields("/readyz"), false), dataOn(7, "content", true));
      expect(await http2.answerOn(7)).to.include({ status: 503 });
      void server.close();
      http2.client.end();
      await report;
    }, answering()));

  it("a request that offers h2c is answered as others are", () =>
    underTest(async ({ connect }) => {
      const client = (await connect()).send(h2cUpgrade({ line: "GET /readyz HTTP/1.1" }));
      expect((await client.response()).status).to.equal(101);
      expect((await openHttp2(client).answerOn(1)).body).to.equal("ready\n");
    }, answering()));

  it("other paths", () =>
    underTest(
      async ({ connect }) => {
        const client = await connect();
        for (const [path, body] of [
          ["/up", "live\n"],
          ["/traffic", "ready\n"],
          ["/healthz", "GET /healthz\n"],
          ["/readyz", "GET /readyz\n"],
        ] as const) {
          expect((await ask(client, `GET ${path} HTTP/1.1`)).body).to.equal(body);
        }
      },
      answering({ live: "/up", ready: "/traffic" }),
    ));

  for (const drainingStatus of [undefined, 404]) {
    it(`from close() on it is not ready, but lives: ${drainingStatus ?? "503 by default"}`, () =>
      underTest(
        async ({ connect, server }) => {
          const client = await connect();
          expect((await ask(client, "GET /readyz HTTP/1.1")).status).to.equal(200);
          expect(server.draining).to.equal(false);
          const report = server.close({ delayMs: 60_000 });
          expect(server.draining).to.equal(true);
          const response = await ask(client, "GET /readyz HTTP/1.1");
          expect([response.status, response.body]).to.deep.equal([drainingStatus ?? 503, "draining\n"]);
          expect(response.all("connection")).to.deep.equal([]);
          expect((await ask(client, "GET /healthz HTTP/1.1")).status).to.equal(200);
          expect((await ask(await connect(), "HEAD /readyz HTTP/1.0", "")).status).to.equal(drainingStatus ?? 503);
          void server.close({ graceMs: 0 });
          await report;
        },
        answering(drainingStatus === undefined ? {} : { drainingStatus }),
      ));
  }

  it("isReady says whether the application could serve, now or later", () => {
    let isGood: boolean | Promise<boolean> = false;
    let asked = 0;
    return underTest(
      async ({ connect, server }) => {
        const client = await connect();
        for (const [next, status] of [
          [false, 503],
          [true, 200],
          [Promise.resolve(false), 503],
          [Promise.resolve(true), 200],
        ] as const) {
          isGood = next;
          expect((await ask(client, "GET /readyz HTTP/1.1")).status).to.equal(status);
          expect((await ask(client, "GET /healthz HTTP/1.1")).status).to.equal(200);
        }
        expect(asked).to.equal(4);
        void server.close({ delayMs: 60_000 });
        expect((await ask(client, "GET /readyz HTTP/1.1")).status).to.equal(503);
        expect(asked).to.equal(4);
      },
      answering({
        isReady: ({ path }) => {
          expect(path).to.equal("/readyz");
          asked++;
          return isGood;
        },
      }),
    );
  });

  for (const [how, isReady] of [
    [
      "throws",
      () => {
        throw new Error("no database");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no database"))],
  ] as const) {
    it(`an isReady that ${how} is answered 500, and told`, () =>
      underTest(async ({ connect, faults }) => {
        expect((await ask(await connect(), "GET /readyz HTTP/1.1")).status).to.equal(500);
        expect(faults.map(codeOf)).to.deep.equal(["ERR_TURNOUT_RESPOND"]);
      }, answering({ isReady })));
  }

  for (const options of [
    { live: "healthz" },
    { ready: "" },
    { live: "/a", ready: "/a" },
    { drainingStatus: 200 },
    { drainingStatus: 302 },
    { drainingStatus: 600 },
    { drainingStatus: 503.5 },
  ]) {
    it(`${JSON.stringify(options)} makes no sense`, () => {
      expect(codeOf(failureOf(() => health(options, () => ({}))))).to.equal("ERR_TURNOUT_OPTION");
    });
  }
});
