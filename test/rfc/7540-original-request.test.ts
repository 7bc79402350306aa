import { expect } from "chai";
import { Http2Protocol } from "turnout/http2";
import { continueHead, expectIgnored, expectOrdinary } from "../support/exchanges.ts";
import { clientOpening, literals, pseudoFields, requestOn } from "../support/http2-frames.ts";
import { Http2Raw, h2cUpgrade, upgradeToHttp2 } from "../support/http2-raw.ts";
import { servingHttp2 } from "../support/http2-serving.ts";

/** The content as it came: its length, and whether it is `x`s to the end. */
const measured = {
  respond: async (request: { bytes(): Promise<Buffer> }) => {
    const content = await request.bytes();
    return { body: `${content.length} ${content.equals(Buffer.alloc(content.length, "x"))}` };
  },
};

function chunked(content: string, size: number): string {
  let framed = "";
  for (let at = 0; at < content.length; at += size) {
    const chunk = content.slice(at, at + size);
    framed += `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
  }
  return `${framed}0\r\n\r\n`;
}

const line = "POST /x HTTP/1.1";

describe("RFC 7540 section 3.2: the content of the original request", () => {
  for (const length of [0, 1, 5, 16_384, 16_385, 60_000, 65_535]) {
    const content = "x".repeat(length);
    for (const [how, fields, framed] of [
      ["with Content-Length", [`Content-Length: ${length}`], content],
      ["chunked", ["Transfer-Encoding: chunked"], chunked(content, 7_000)],
    ] as const) {
      it(`T-74: ${length} bytes ${how} are on stream 1, which the client has ended`, () =>
        servingHttp2(async ({ connect, faults }) => {
          const http2 = await upgradeToHttp2(await connect(), { line, fields, content: framed });
          expect(await http2.answerOn(1)).to.deep.equal({ status: 200, body: `${length} true`, reset: undefined });
          http2.send(requestOn(3));
          expect((await http2.answerOn(3)).body).to.equal("0 true");
          expect(faults).to.deep.equal([]);
        }, measured));
    }
  }

  for (const length of [65_536, 100_000]) {
    const content = "x".repeat(length);
    it(`T-74: ${length} bytes with Content-Length are more than stream 1 can carry: HTTP/1.1`, () =>
      servingHttp2(async ({ connect, server }) => {
        const client = await connect();
        client.send(h2cUpgrade({ line, fields: [`Content-Length: ${length}`], content }));
        expect((await client.response()).body).to.equal(`${length} true`);
        expect(server.stats().switched).to.deep.equal({});
        client.send(h2cUpgrade());
        expect((await client.response()).status).to.equal(101);
      }, measured));

    it(`T-74: ${length} chunked bytes turn out to be too many: HTTP/1.1`, () =>
      servingHttp2(async ({ connect, server }) => {
        const client = await connect();
        client.send(h2cUpgrade({ line, fields: ["Transfer-Encoding: chunked"], content: chunked(content, 9_000) }));
        expect((await client.response()).body).to.equal(`${length} true`);
        expect(server.stats().switched).to.deep.equal({});
      }, measured));
  }

  it("T-74: content, the preface and SETTINGS glued to each other", () =>
    servingHttp2(async ({ connect }) => {
      const client = await connect();
      const content = "x".repeat(30_000);
      client.send(
        Buffer.concat([
          Buffer.from(h2cUpgrade({ line, fields: ["Content-Length: 30000"], content })),
          clientOpening,
          requestOn(3),
        ]),
      );
      await client.takeUntil("\r\n\r\n");
      const http2 = new Http2Raw(client);
      expect((await http2.answerOn(1)).body).to.equal("30000 true");
      expect((await http2.answerOn(3)).body).to.equal("0 true");
    }, measured));

  it("T-74: no 101 before the content is there", () =>
    servingHttp2(async ({ connect }) => {
      const client = await connect();
      await client.sendSegment(h2cUpgrade({ line, fields: ["Content-Length: 5"], content: "xxxx" }));
      expect(client.pending).to.equal("");
      client.send("x");
      expect((await client.response()).status).to.equal(101);
      expect((await new Http2Raw(client).send(clientOpening).answerOn(1)).body).to.equal("5 true");
    }, measured));

  it("T-42 RFC 9110 section 7.8: with Expect the 100 comes before the 101, and no second one on the stream", () =>
    servingHttp2(async ({ connect }) => {
      const client = await connect();
      client.send(h2cUpgrade({ line, fields: ["Content-Length: 5", "Expect: 100-continue"] }));
      expect(await client.takeUntil("\r\n\r\n")).to.equal(continueHead);
      client.send("xxxxx");
      expect((await client.response()).status).to.equal(101);
      const http2 = new Http2Raw(client).send(clientOpening);
      expect((await http2.answerOn(1)).body).to.equal("5 true");
      expect(http2.seen.filter((words) => words.startsWith("headers"))).to.deep.equal(["headers 1 200"]);
    }, measured));
});

/** The request's fields, as the application sees them. */
const showFields = {
  limits: { maxHeadBytes: 65_536, maxFields: 200 },
  protocols: [new Http2Protocol({ limits: { maxFields: 200, maxHeaderListBytes: 65_536 } })],
  respond: (request: { headers: Iterable<[string, string]>; host: string; httpVersion: string }) => ({
    body: JSON.stringify([...request.headers].filter(([name]) => name !== "host")),
    headers: { "x-host": request.host, "x-version": request.httpVersion },
  }),
};

/** The fields that the application sees when an Upgrade with `fields` has been switched. */
function shows(
  title: string,
  fields: readonly string[],
  seen: readonly (readonly [string, string])[],
  connection?: string,
): void {
  it(title, () =>
    servingHttp2(async ({ connect, faults }) => {
      const http2 = await upgradeToHttp2(await connect(), {
        fields,
        ...(connection === undefined ? {} : { connection }),
      });
      const { status, body } = await http2.answerOn(1);
      expect([status, JSON.parse(Buffer.from(body, "latin1").toString()), faults]).to.deep.equal([200, seen, []]);
    }, showFields),
  );
}

describe("RFC 9113 section 8.2.2: the fields of the original request, as the application sees them", () => {
  shows(
    "T-66: none of those that belong to the HTTP/1.1 connection",
    ["Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "TE: gzip", "Accept: */*"],
    [["accept", "*/*"]],
  );
  shows(
    "T-66 RFC 9110 section 7.6.1: none of those that Connection names",
    ["Own: 1", "X-Trace: 2", "Accept: a"],
    [["accept", "a"]],
    "Upgrade, HTTP2-Settings, own ,X-TRACE",
  );
  shows("T-66: TE: trailers alone is left of TE", ["TE: gzip;q=0.5, trailers"], [["te", "trailers"]]);
  shows(
    "T-66: TE named in Connection, as it has to be",
    ["TE: trailers"],
    [["te", "trailers"]],
    "Upgrade, HTTP2-Settings, TE",
  );
  shows("T-66: nothing like trailers in TE", ["TE: trailers-not"], []);
  shows(
    "T-66: names are in lower case, order and repetitions stay",
    ["X-B: 1", "X-A: 2", "X-B: 3", "Accept: a", "Accept: b"],
    [
      ["x-b", "1"],
      ["x-a", "2"],
      ["x-b", "3"],
      ["accept", "a"],
      ["accept", "b"],
    ],
  );
  shows(
    "T-66: an empty value, a tab, and bytes beyond ASCII",
    ["X-A:", "X-B: a\tb", "X-C: \xe4\xff"],
    [
      ["x-a", ""],
      ["x-b", "a\tb"],
      ["x-c", "\xe4\xff"],
    ],
  );
  shows("RFC 9113 section 8.2.3: Cookie stays", ["Cookie: a=b; c=d"], [["cookie", "a=b; c=d"]]);

  const long = Array.from({ length: 20 }, (_, at) => `X-${at}: ${"y".repeat(1_000)}`);
  shows(
    "T-66 RFC 9113 section 6.10: 20 KB of fields",
    long,
    long.map((one): [string, string] => {
      const [name = "", value = ""] = one.split(": ");
      return [name.toLowerCase(), value];
    }),
  );
  for (const length of [126, 127, 128, 254, 255, 256, 16_000, 16_383, 16_384, 16_385, 50_000]) {
    shows(
      `T-66 RFC 7541 section 5.1: a value of ${length} bytes`,
      [`X-A: ${"v".repeat(length)}`],
      [["x-a", "v".repeat(length)]],
    );
  }

  it("T-66 RFC 9113 section 4.3: the client's own compression state begins with its first own request", () =>
    servingHttp2(async ({ connect }) => {
      // A literal with incremental indexing, and then the entry 62 that it has made.
      const http2 = await upgradeToHttp2(await connect(), { fields: ["X-A: 1", "X-B: 2"] });
      await http2.answerOn(1);
      const added = Buffer.from("\x40\x05x-own\x02me", "latin1");
      const block = (bytes: Buffer) => Buffer.concat([literals(pseudoFields()), bytes]);
      const headers = (stream: number, bytes: Buffer) =>
        Buffer.concat([Buffer.from([0, 0, block(bytes).length, 1, 5, 0, 0, 0, stream]), block(bytes)]);
      http2.send(headers(3, added), headers(5, Buffer.of(0x80 | 62)));
      expect(JSON.parse((await http2.answerOn(3)).body)).to.deep.equal([["x-own", "me"]]);
      expect(JSON.parse((await http2.answerOn(5)).body)).to.deep.equal([["x-own", "me"]]);
    }, showFields));

  it("T-66: more than the server takes over HTTP/1.1 is refused there", () =>
    servingHttp2(async ({ connect, server }) => {
      const client = (await connect()).send(h2cUpgrade({ fields: [`X-A: ${"v".repeat(20_000)}`] }));
      expect((await client.response()).status).to.equal(431);
      expect(server.stats().switched).to.deep.equal({});
    }));

  it("T-74: CONNECT is not switched", () =>
    servingHttp2(async ({ connect, server }) => {
      const client = (await connect()).send(h2cUpgrade({ line: "CONNECT h:443 HTTP/1.1", host: "h:443" }));
      expect((await client.response()).status).to.equal(501);
      expect(server.stats().switched).to.deep.equal({});
    }));

  it("T-66: offered besides others, it is as good as they are: the next one is asked where it is declined", () =>
    servingHttp2(async ({ connect }) => {
      const http2 = await upgradeToHttp2(await connect(), { token: "nope/1, h2c" });
      expect((await http2.answerOn(1)).status).to.equal(200);
      await expectIgnored((await connect()).send(h2cUpgrade({ token: "h2c, nope/1", settings: ["?"] })));
      await expectOrdinary((await connect()).send(h2cUpgrade({ token: "nope/1" })), "GET /x 0");
    }));
});
