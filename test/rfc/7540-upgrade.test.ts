import { expect } from "chai";
import { Http2Protocol } from "turnout/http2";
import { deliveries } from "../support/cuts.ts";
import { deliver } from "../support/every-delivery.ts";
import {
  describeRequest,
  expectIgnored,
  expectOrdinary,
  expectRefused,
  getTwo,
  nextClosed,
} from "../support/exchanges.ts";
import { servingBehind, tcpFront } from "../support/fronts.ts";
import { clientOpening, flag, pseudoFields, requestOn, settingsAck, type } from "../support/http2-frames.ts";
import { Http2Raw, h2cUpgrade, type UpgradeShape, upgradeToHttp2, usualSettings } from "../support/http2-raw.ts";
import { servingHttp2 } from "../support/http2-serving.ts";

const switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n";

describe("RFC 7540 section 3.2: an Upgrade to h2c", () => {
  it("T-66: 101, then SETTINGS first, and the answer to the original request on stream 1", () =>
    servingHttp2(async ({ connect, server, faults }) => {
      const client = await connect();
      client.send(h2cUpgrade());
      expect(await client.takeUntil("\r\n\r\n")).to.equal(switched);
      const http2 = new Http2Raw(client).send(clientOpening);
      expect(await http2.answerOn(1)).to.deep.equal({ status: 200, body: "GET /x 0\n", reset: undefined });
      expect(http2.seen[0]).to.equal("settings");
      expect(server.stats().switched).to.deep.equal({ h2c: { open: 1, total: 1 } });
      const closed = nextClosed(server);
      expect(await client.end().rest()).to.equal("");
      expect(await closed).to.equal(undefined);
      const { open, switched: tokens, accepted } = server.stats();
      expect([open, accepted, tokens, faults]).to.deep.equal([0, 1, { h2c: { open: 0, total: 1 } }, []]);
    }));

  it("T-66 RFC 7540 section 3.2.1: the client's SETTINGS are acknowledged once, those of the field are not", () =>
    servingHttp2(async ({ connect }) => {
      const http2 = await upgradeToHttp2(await connect());
      await http2.answerOn(1);
      http2.send(settingsAck, requestOn(3));
      await http2.answerOn(3);
      await http2.ping();
      expect(http2.seen.filter((words) => words === "settings ack")).to.have.length(1);
      expect(http2.seen.filter((words) => words === "settings")).to.have.length(1);
    }));

  it("T-66 RFC 7540 section 3.2: further streams on the same connection, one after the other and at one time", () =>
    servingHttp2(async ({ connect, server }) => {
      const http2 = await upgradeToHttp2(await connect());
      expect((await http2.answerOn(1)).body).to.equal("GET /x 0\n");
      http2.send(requestOn(3, pseudoFields("/three")));
      expect((await http2.answerOn(3)).body).to.equal("GET /three 0\n");
      http2.send(requestOn(5, pseudoFields("/five")), requestOn(7, pseudoFields("/seven")));
      expect((await http2.answerOn(5)).body).to.equal("GET /five 0\n");
      expect((await http2.answerOn(7)).body).to.equal("GET /seven 0\n");
      expect(server.stats().answered).to.deep.equal({ 200: 4 });
    }));

  it("T-66: the request, the preface, SETTINGS and the next request, however they are cut", async function () {
    this.timeout(60_000);
    const bytes = Buffer.concat([
      Buffer.from(h2cUpgrade({ settings: [""] })),
      clientOpening,
      settingsAck,
      requestOn(3, pseudoFields("/three")),
    ]);
    await servingBehind(
      tcpFront,
      { protocols: [new Http2Protocol()], respond: describeRequest },
      async ({ connect, sockets, server, faults }) => {
        let total = 0;
        for (const { how, pieces } of deliveries(bytes)) {
          const client = await connect();
          const sent = how === "byte by byte" ? pieces : [];
          if (sent.length > 0) {
            for (const piece of sent) {
              await client.sendSegment(piece);
            }
          } else {
            await deliver(client, sockets.at(-1)!, pieces.slice(0, 1));
            client.send(Buffer.concat(pieces.slice(1)));
          }
          expect(await client.takeUntil("\r\n\r\n"), how).to.equal(switched);
          const http2 = new Http2Raw(client);
          expect(await http2.answerOn(1), how).to.deep.equal({ status: 200, body: "GET /x 0\n", reset: undefined });
          expect((await http2.answerOn(3)).body, how).to.equal("GET /three 0\n");
          await http2.ping();
          expect(
            http2.seen.filter((words) => words === "settings ack"),
            how,
          ).to.have.length(1);
          client.stream.destroy();
          total++;
        }
        expect([server.stats().answered, faults]).to.deep.equal([{ 200: 2 * total }, []]);
      },
    );
  });

  it("T-66: an absolute target, a query and an asterisk are said as HTTP/2 says them", () =>
    servingHttp2(
      async ({ connect }) => {
        for (const [line, seen] of [
          ["GET http://other:81/a?b=c HTTP/1.1", "GET /a?b=c other:81"],
          ["GET http://other HTTP/1.1", "GET / other"],
          ["GET /?x=%20 HTTP/1.1", "GET /?x=%20 h"],
          ["OPTIONS * HTTP/1.1", "OPTIONS * h"],
          ["DELETE /d HTTP/1.1", "DELETE /d h"],
        ] as const) {
          const http2 = await upgradeToHttp2(await connect(), { line });
          expect((await http2.answerOn(1)).body, line).to.equal(seen);
        }
      },
      { respond: ({ method, target, host }) => ({ body: `${method} ${target} ${host}` }) },
    ));

  it("T-66 RFC 9110 section 9.3.2: HEAD gets its fields and END_STREAM, and no DATA", () =>
    servingHttp2(async ({ connect }) => {
      const http2 = await upgradeToHttp2(await connect(), { line: "HEAD /x HTTP/1.1" });
      const frame = await http2.until(({ stream }) => stream === 1);
      expect([frame.type, frame.flags & flag.endStream]).to.deep.equal([type.headers, flag.endStream]);
    }));
});

/** Requests that are answered over HTTP/1.1 as if they had offered nothing. */
function ignores(title: string, shape: UpgradeShape, line = "GET /x 0"): void {
  it(title, () =>
    servingHttp2(async ({ connect, server, faults }) => {
      await expectIgnored((await connect()).send(h2cUpgrade(shape)), line);
      expect([server.stats().switched, server.stats().refused, faults]).to.deep.equal([{}, {}, []]);
    }),
  );
}

describe("RFC 7540 section 3.2: what is no Upgrade to h2c is answered over HTTP/1.1", () => {
  ignores("T-67: no HTTP2-Settings", { settings: [] });
  ignores("T-67: two HTTP2-Settings", { settings: [usualSettings, usualSettings] });
  ignores("T-67: two HTTP2-Settings, one of them empty", { settings: ["", usualSettings] });
  ignores("T-68: HTTP2-Settings is not named in Connection", { connection: "Upgrade" });
  ignores("T-68: Upgrade is not named in Connection", { connection: "HTTP2-Settings" });
  ignores("T-68: something like HTTP2-Settings is named in Connection", { connection: "Upgrade, HTTP2-Settings-2" });
  ignores("T-70: h2 is not h2c", { token: "h2" });
  ignores("T-70: nor is HTTP/2.0", { token: "HTTP/2.0" });
  ignores("T-70: nor is h2c/1", { token: "h2c/1" });

  it("T-66 RFC 9110 section 7.8: HTTP/1.0 cannot switch", () =>
    servingHttp2(async ({ connect, server }) => {
      await expectOrdinary((await connect()).send(h2cUpgrade({ line: "GET /x HTTP/1.0" })), "GET /x 0");
      expect(server.stats().switched).to.deep.equal({});
    }));

  for (const connection of ["upgrade,http2-settings", "HTTP2-Settings , keep-alive, UPGRADE"]) {
    it(`T-68 RFC 9110 section 7.6.1: Connection: ${connection}`, () =>
      servingHttp2(async ({ connect }) => {
        const http2 = await upgradeToHttp2(await connect(), { connection });
        expect((await http2.answerOn(1)).status).to.equal(200);
      }));
  }

  it("T-91 RFC 9113 section 3.1: what is not switched is not smuggled either: the preface behind it is refused", () =>
    servingHttp2(async ({ connect, server }) => {
      const client = await connect();
      client.send(h2cUpgrade({ connection: "Upgrade" }));
      client.send(Buffer.concat([clientOpening, requestOn(3, pseudoFields("/internal"))]));
      await expectOrdinary(client, "GET /x 0");
      const refusal = await client.response();
      expect(refusal.status).to.be.oneOf([400, 505]);
      expect(refusal.field("connection")).to.equal("close");
      expect(await client.rest()).to.equal("");
      expect(server.stats().answered[200]).to.equal(1);
    }));
});

describe("who may upgrade to h2c", () => {
  const forwarded = [
    "Via: 1.1 p",
    "Forwarded: for=1.2.3.4",
    "X-Forwarded-For: 1.2.3.4",
    "x-forwarded-proto: https",
    "X-Real-IP: 1",
  ];
  for (const field of forwarded) {
    ignores(`T-91: not by default behind an intermediary (${field})`, { fields: [field] });

    it(`T-91: with upgrade "on" also behind an intermediary (${field})`, () =>
      servingHttp2(
        async ({ connect }) => {
          const http2 = await upgradeToHttp2(await connect(), { fields: [field] });
          expect((await http2.answerOn(1)).body).to.equal("GET /x 0\n");
        },
        { protocols: [new Http2Protocol({ upgrade: "on" })] },
      ));
  }

  it('T-91: with upgrade "off" nobody, but prior knowledge stays', () =>
    servingHttp2(
      async ({ connect, server }) => {
        await expectIgnored((await connect()).send(h2cUpgrade()));
        const http2 = new Http2Raw(await connect()).send(clientOpening, requestOn(1));
        expect((await http2.answerOn(1)).body).to.equal("GET /x 0\n");
        expect(server.stats().switched).to.deep.equal({ h2: { open: 1, total: 1 } });
      },
      { protocols: [new Http2Protocol({ upgrade: "off" })] },
    ));

  it("T-46 RFC 9112 section 3.2: a bad Host is refused before anything is switched", () =>
    servingHttp2(async ({ connect, server }) => {
      for (const host of ["", "a b", "user@h", "h/x"]) {
        await expectRefused((await connect()).send(h2cUpgrade({ host })), 400);
      }
      expect(server.stats().switched).to.deep.equal({});
    }));

  it("T-74: requests before and, where it is ignored, behind it are those of HTTP/1.1", () =>
    servingHttp2(async ({ connect }) => {
      const client = (await connect()).send(getTwo + h2cUpgrade({ settings: ["!"] }) + getTwo + h2cUpgrade());
      await expectOrdinary(client, "GET /two 0");
      await expectOrdinary(client, "GET /x 0");
      await expectOrdinary(client, "GET /two 0");
      expect(await client.takeUntil("\r\n\r\n")).to.equal(switched);
      const http2 = new Http2Raw(client).send(clientOpening);
      expect((await http2.answerOn(1)).body).to.equal("GET /x 0\n");
    }));
});
