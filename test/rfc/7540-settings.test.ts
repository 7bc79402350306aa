import { expect } from "chai";
import { expectIgnored } from "../support/exchanges.ts";
import {
  clientPreface,
  code,
  pseudoFields,
  requestOn,
  setting,
  settingsFrame,
  settingsPayload,
  windowUpdate,
} from "../support/http2-frames.ts";
import { Http2Raw, h2cUpgrade, upgradeToHttp2, usualSettings } from "../support/http2-raw.ts";
import { servingHttp2 } from "../support/http2-serving.ts";

const encoded = (...settings: (readonly [number, number])[]): string =>
  settingsPayload(...settings).toString("base64url");
const many = (count: number): (readonly [number, number])[] =>
  Array.from({ length: count }, () => [setting.maxConcurrentStreams, 100] as const);

describe("RFC 7540 section 3.2.1: HTTP2-Settings is decoded before the 101", () => {
  for (const [what, field] of [
    ["not base64url: a character of base64", "AAMAAABkAAQ/////"],
    ["not base64url: a plus", "AAMAAABkAAQ+AAAA"],
    ["padding", "AAMAAABkAAQAAP__AAIAAAAA=="],
    ["padding of what needs it", `${Buffer.alloc(6).toString("base64url")}=`],
    ["a space within", "AAMAAABk AAQAAP__"],
    ["a comma, as of a list", `${usualSettings}, ${usualSettings}`],
    ["quoted", `"${usualSettings}"`],
    ["5 bytes", Buffer.alloc(5).toString("base64url")],
    ["7 bytes", Buffer.alloc(7).toString("base64url")],
    ["a length that no bytes have", `${usualSettings}A`],
    ["bits that are left over", "AAR"],
    ["ENABLE_PUSH 2", encoded([setting.enablePush, 2])],
    ["INITIAL_WINDOW_SIZE 2^31", encoded([setting.initialWindowSize, 2 ** 31])],
    ["INITIAL_WINDOW_SIZE 2^32-1", encoded([setting.initialWindowSize, 2 ** 32 - 1])],
    ["MAX_FRAME_SIZE 16,383", encoded([setting.maxFrameSize, 16_383])],
    ["MAX_FRAME_SIZE 2^24", encoded([setting.maxFrameSize, 2 ** 24])],
    ["ENABLE_CONNECT_PROTOCOL 2", encoded([setting.enableConnectProtocol, 2])],
    ["an illegal value behind legal ones", encoded([3, 100], [4, 10], [setting.enablePush, 7])],
    ["25 settings", encoded(...many(25))],
  ] as const) {
    it(`T-69: ignored: ${what}`, () =>
      servingHttp2(async ({ connect, server, faults }) => {
        await expectIgnored((await connect()).send(h2cUpgrade({ settings: [field] })));
        expect([server.stats().switched, faults]).to.deep.equal([{}, []]);
      }));
  }

  for (const [what, field] of [
    ["nothing at all", ""],
    ["what a browser of old would say", usualSettings],
    ["the ends of the ranges", encoded([2, 0], [4, 2 ** 31 - 1], [5, 16_384], [5, 2 ** 24 - 1], [8, 1])],
    ["a setting that nobody knows", encoded([0xff00, 2 ** 32 - 1])],
    ["24 settings", encoded(...many(24))],
  ] as const) {
    it(`T-69: taken: ${what}`, () =>
      servingHttp2(async ({ connect }) => {
        const http2 = await upgradeToHttp2(await connect(), { settings: [field] });
        expect(await http2.answerOn(1)).to.deep.equal({ status: 200, body: "GET /x 0\n", reset: undefined });
        http2.send(requestOn(3));
        expect((await http2.answerOn(3)).status).to.equal(200);
      }));
  }

  it("T-66 RFC 9113 section 6.9.2: INITIAL_WINDOW_SIZE 10 holds the answer after 10 bytes, until WINDOW_UPDATE", () =>
    servingHttp2(
      async ({ connect }) => {
        const http2 = await upgradeToHttp2(await connect(), { settings: [encoded([setting.initialWindowSize, 10])] });
        const first = await http2.until(
          ({ stream, payload, type: kind }) => stream === 1 && kind === 0 && payload.length > 0,
        );
        await http2.ping();
        expect(first.payload.toString()).to.equal("0123456789");
        expect(http2.seen.filter((words) => words.startsWith("data"))).to.deep.equal(["data 1 10"]);
        http2.send(windowUpdate(1, 5));
        expect((await http2.until(({ stream }) => stream === 1)).payload.toString()).to.equal("abcde");
        http2.send(windowUpdate(1, 100));
        expect((await http2.answerOn(1)).body).to.equal("fghij");
      },
      { respond: () => ({ body: "0123456789abcdefghij" }) },
    ));

  it("T-66 RFC 9113 section 6.5.3: the client's own SETTINGS come after the field's, and the last word is theirs", () =>
    servingHttp2(
      async ({ connect }) => {
        const client = (await connect()).send(h2cUpgrade({ settings: [encoded([setting.initialWindowSize, 10])] }));
        await client.response();
        const http2 = new Http2Raw(client).send(
          Buffer.from(clientPreface),
          settingsFrame([setting.initialWindowSize, 15]),
        );
        await http2.until(({ type: kind }) => kind === 0);
        await http2.ping();
        expect(http2.seen.filter((words) => words.startsWith("data"))).to.deep.equal(["data 1 15"]);
        http2.send(windowUpdate(1, 5), requestOn(3, pseudoFields("/y")));
        expect((await http2.answerOn(1)).body).to.equal("fghij");
        await http2.until(({ stream }) => stream === 3);
      },
      { respond: () => ({ body: "0123456789abcdefghij" }) },
    ));

  it("T-66 RFC 9113 section 6.5.2: MAX_FRAME_SIZE of the client's is the longest frame it gets", () =>
    servingHttp2(
      async ({ connect }) => {
        const http2 = await upgradeToHttp2(await connect());
        await http2.answerOn(1);
        const lengths = http2.seen
          .filter((words) => words.startsWith("data"))
          .map((words) => Number(words.split(" ")[2]));
        expect(lengths.reduce((sum, one) => sum + one, 0)).to.equal(60_000);
        expect(Math.max(...lengths)).to.be.at.most(16_384);
      },
      { respond: () => ({ body: "x".repeat(60_000) }) },
    ));

  it("T-69 RFC 9113 section 6.5.2: an illegal value in the client's own SETTINGS is a connection error", () =>
    servingHttp2(async ({ connect, server }) => {
      const client = (await connect()).send(h2cUpgrade());
      await client.response();
      const http2 = new Http2Raw(client).send(
        Buffer.from(clientPreface),
        settingsFrame([setting.initialWindowSize, 2 ** 31]),
      );
      const [first, second, ...more] = await http2.untilClosed();
      expect([first, more]).to.deep.equal(["settings", []]);
      // Section 5.4.1: the code is for debugging; node:http2 has INTERNAL_ERROR for all errors of this kind.
      expect(second).to.be.oneOf([`goaway ${code.flowControlError}`, `goaway ${code.internalError}`]);
      client.stream.destroy();
      expect(server.stats().answered).to.deep.equal({});
    }));
});
