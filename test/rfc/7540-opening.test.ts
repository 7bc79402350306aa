import { expect } from "chai";
import { Http2Protocol } from "turnout/http2";
import { getTwo, nextClosed } from "../support/exchanges.ts";
import { codeOf } from "../support/failures.ts";
import { clientOpening, clientPreface, dataOn, requestOn, settingsFrame } from "../support/http2-frames.ts";
import { Http2Raw, h2cUpgrade } from "../support/http2-raw.ts";
import { type Http2Serving, servingHttp2 } from "../support/http2-serving.ts";
import type { RawClient } from "../support/raw-client.ts";

const notHttp2 = "ERR_TURNOUT_HTTP2_PREFACE";

/** Sends an Upgrade, and takes the 101. */
async function upgraded({ connect }: Http2Serving): Promise<RawClient> {
  const client = (await connect()).send(h2cUpgrade());
  expect((await client.response()).status).to.equal(101);
  return client;
}

/** The connection ended without a byte in answer, and nothing is left of it. */
async function expectNothing(serving: Http2Serving, client: RawClient, closed: Promise<unknown>): Promise<void> {
  expect(await client.gone()).to.equal("");
  await closed;
  const { open, answered, switched } = serving.server.stats();
  expect([open, answered, switched]).to.deep.equal([0, {}, { h2c: { open: 0, total: 1 } }]);
  expect(serving.faults).to.deep.equal([]);
}

describe("RFC 7540 section 3.2: between the 101 and the client's preface", () => {
  it("T-66 RFC 9113 section 3.4: the answer waits for the preface and SETTINGS, in whatever pieces they come", () =>
    servingHttp2(async (serving) => {
      const client = await upgraded(serving);
      const opening = [...clientOpening].map((byte) => Buffer.of(byte));
      for (const byte of opening.slice(0, -1)) {
        await client.sendSegment(byte);
      }
      expect([client.pending, serving.server.stats().answered]).to.deep.equal(["", {}]);
      const http2 = new Http2Raw(client.send(opening.at(-1)!));
      expect((await http2.answerOn(1)).body).to.equal("GET /x 0\n");
    }));

  it("T-66 RFC 9113 section 3.4: late is not too late", () =>
    servingHttp2(
      async (serving) => {
        const client = await upgraded(serving);
        await client.sendSegment(clientPreface.slice(0, 10));
        const other = await serving.connect();
        expect((await other.send(getTwo).response()).status).to.equal(200);
        const http2 = new Http2Raw(client.send(clientOpening.subarray(10)));
        expect((await http2.answerOn(1)).status).to.equal(200);
      },
      { protocols: [new Http2Protocol({ timeouts: { prefaceMs: 60_000 } })] },
    ));

  for (const [what, bytes] of [
    ["nothing", ""],
    ["half of the preface", clientPreface.slice(0, 12)],
    ["the preface without SETTINGS", clientPreface],
    ["half of SETTINGS", clientOpening.subarray(0, 30)],
    [
      "SETTINGS without all of its payload",
      Buffer.concat([Buffer.from(clientPreface), settingsFrame([3, 1]).subarray(0, 14)]),
    ],
  ] as const) {
    it(`T-66: ${what} until prefaceMs: destroyed, and counted as the client's fault`, () =>
      servingHttp2(
        async (serving) => {
          const closed = nextClosed(serving.server);
          const client = await upgraded(serving);
          client.send(bytes);
          await expectNothing(serving, client, closed);
          expect(serving.server.stats().refused).to.deep.equal({ [notHttp2]: 1 });
        },
        { protocols: [new Http2Protocol({ timeouts: { prefaceMs: 50 } })] },
      ));

    it(`T-66: ${what} and FIN: closed, and nobody's fault`, () =>
      servingHttp2(async (serving) => {
        const closed = nextClosed(serving.server);
        const client = await upgraded(serving);
        client.end(Buffer.from(bytes as string).toString("latin1"));
        await expectNothing(serving, client, closed);
        expect(serving.server.stats().refused).to.deep.equal({});
      }));

    it(`T-66: ${what} and RST: closed, and nobody's fault`, () =>
      servingHttp2(async (serving) => {
        const closed = nextClosed(serving.server);
        const client = await upgraded(serving);
        await client.sendSegment(bytes);
        client.reset();
        expect(codeOf(await closed)).to.equal("ERR_TURNOUT_RESET");
        const { open, switched, refused } = serving.server.stats();
        expect([open, switched, refused]).to.deep.equal([0, { h2c: { open: 0, total: 1 } }, {}]);
        expect(serving.faults).to.deep.equal([]);
      }));
  }

  it("T-66: FIN behind the opening: the original request is answered all the same", () =>
    servingHttp2(async (serving) => {
      const client = await upgraded(serving);
      client.send(clientOpening).end();
      expect(await new Http2Raw(client).untilClosed()).to.include.members([
        "settings",
        "headers 1 200",
        "data 1 9 end",
      ]);
    }));

  for (const [what, bytes] of [
    ["HTTP/1.1 goes on", getTwo],
    ["a wrong last byte", `${clientPreface.slice(0, -1)}X`],
    ["a wrong first byte", "X"],
    ["lower case", clientPreface.toLowerCase()],
    ["another version", "PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n"],
    ["frames without the preface", settingsFrame()],
  ] as const) {
    it(`T-66 RFC 9113 section 3.4: ${what}: destroyed, without a byte of HTTP/1.1`, () =>
      servingHttp2(async (serving) => {
        const closed = nextClosed(serving.server);
        const client = await upgraded(serving);
        client.send(bytes);
        await expectNothing(serving, client, closed);
        expect(serving.server.stats().refused).to.deep.equal({ [notHttp2]: 1 });
      }));
  }

  it("T-66 RFC 9113 section 3.4: a wrong byte is seen wherever it stands, and at once", async function () {
    this.timeout(20_000);
    await servingHttp2(
      async (serving) => {
        for (let at = 0; at < clientPreface.length; at++) {
          const client = await upgraded(serving);
          client.send(`${clientPreface.slice(0, at)}\0`);
          expect(await client.gone(), `at ${at}`).to.equal("");
        }
        expect(serving.server.stats().refused).to.deep.equal({ [notHttp2]: clientPreface.length });
      },
      { protocols: [new Http2Protocol({ timeouts: { prefaceMs: 60_000 } })] },
    );
  });

  for (const [what, frame] of [
    ["HEADERS", requestOn(3)],
    ["DATA", dataOn(1, "x")],
    ["an acknowledgement", Buffer.from([0, 0, 0, 4, 1, 0, 0, 0, 0])],
    ["SETTINGS of a stream", Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 1])],
    ["SETTINGS of 5 bytes", Buffer.from([0, 0, 5, 4, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5])],
  ] as const) {
    it(`T-66 RFC 9113 section 3.4: the first frame is ${what}: never a second answer, and other connections are served`, () =>
      servingHttp2(async (serving) => {
        const client = await upgraded(serving);
        const http2 = new Http2Raw(client).send(Buffer.from(clientPreface), frame);
        // What the frame means is for node:http2 to say: a connection error, or an answer on stream 1.
        await http2.until(({ type, stream }) => type === 7 || stream === 1);
        expect(http2.seen[0]).to.equal("settings");
        expect((await (await serving.connect()).send(getTwo).response()).status).to.equal(200);
        client.stream.destroy();
      }));
  }
});
