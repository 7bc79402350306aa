import { createHash } from "node:crypto";
import { expect } from "chai";
import { describeRequest, expectIgnored, expectOrdinary, getTwo } from "../support/exchanges.ts";
import type { SeenResponse } from "../support/raw-client.ts";
import {
  type Echoing,
  echoing,
  type HandshakeFields,
  openingHandshake,
  openWebSocket,
  sampleAccept,
  sampleKey,
} from "../support/websocket-frames.ts";

/** Runs `test` against a server whose application answers what no module takes. */
function underTest(test: (echoing: Echoing) => Promise<void>): Promise<void> {
  return echoing({}, test, { respond: describeRequest });
}

/** An opening handshake with these fields is answered with a 101. */
function opens(title: string, fields: HandshakeFields, check: (response: SeenResponse) => void = () => {}): void {
  it(title, () =>
    underTest(async ({ connect, server }) => {
      check(await openWebSocket(await connect(), fields));
      expect(server.stats().switched).to.deep.equal({ websocket: { open: 1, total: 1 } });
    }),
  );
}

/** A request that is answered over HTTP/1.1 with `status`, and what else is told of the answer. */
function refuses(
  title: string,
  request: string,
  status: number,
  check: (response: SeenResponse) => void = () => {},
): void {
  it(title, () =>
    underTest(async ({ connect, server }) => {
      const response = await (await connect()).send(request).response(request.startsWith("HEAD") ? "HEAD" : "GET");
      expect(response.status).to.equal(status);
      expect(response.all("sec-websocket-accept")).to.deep.equal([]);
      check(response);
      expect(server.stats().switched).to.deep.equal({});
    }),
  );
}

describe("RFC 6455 section 4.2.2: the server's opening handshake", () => {
  it("RFC 6455 sections 1.3 and 4.2.2 (5): the 101, with nothing that was not asked for", () =>
    underTest(async ({ connect }) => {
      const client = (await connect()).send(openingHandshake());
      const lines = (await client.takeUntil("\r\n\r\n")).slice(0, -4).split("\r\n");
      expect(lines[0]).to.equal("HTTP/1.1 101 Switching Protocols");
      expect(lines.slice(1)).to.have.members([
        "Upgrade: websocket",
        "Connection: Upgrade",
        `Sec-WebSocket-Accept: ${sampleAccept}`,
      ]);
    }));

  for (const [key, accept] of [
    [sampleKey, sampleAccept],
    ["x3JJHMbDL1EzLkh9GBhXDw==", "HSmrc0sMlYUkAGmm5OPpG2HaGWk="],
    ["AQIDBAUGBwgJCgsMDQ4PEA==", "C/0nmHhBztSRGR1CwL6Tf4ZjwpY="],
  ] as const) {
    opens(
      `RFC 6455 section 4.2.2 (5.4): the Sec-WebSocket-Accept of ${key}`,
      { "Sec-WebSocket-Key": key },
      (response) => expect(response.field("sec-websocket-accept")).to.equal(accept),
    );
  }

  it("RFC 6455 section 4.2.2 (5.4): of keys that have every character of base64", () =>
    underTest(async ({ connect }) => {
      for (let first = 0; first < 256; first += 5) {
        const nonce = Buffer.from(Array.from({ length: 16 }, (_, at) => (first + at * 17) & 0xff));
        const key = nonce.toString("base64");
        const response = await openWebSocket(await connect(), { "Sec-WebSocket-Key": key });
        const hash = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
        expect(response.field("sec-websocket-accept")).to.equal(hash.digest("base64"));
      }
    }));
});

describe("RFC 6455 section 4.2.1 (3): Upgrade contains websocket", () => {
  for (const upgrade of [
    "h2c, websocket",
    "websocket, h2c",
    "h2c,websocket",
    ", websocket ,",
    "WebSocket",
    "WEBSOCKET",
    ["h2c", "websocket"],
    ["foo/1, bar", "h2c, WebSocket"],
  ]) {
    opens(
      `T-76 RFC 6455 section 4.2.1 (3): Upgrade: ${[upgrade].flat().join(" | ")}`,
      { Upgrade: upgrade },
      (response) => expect(response.field("upgrade")).to.equal("websocket"),
    );
  }

  for (const upgrade of [
    undefined,
    "",
    "h2c",
    "websocket2",
    "xwebsocket",
    "web socket",
    '"websocket"',
    "websocket/13",
  ]) {
    it(`T-76 RFC 6455 section 4.2.1 (3): ${upgrade === undefined ? "no Upgrade" : `Upgrade: ${upgrade}`} opens none`, () =>
      underTest(async ({ connect }) => {
        await expectIgnored((await connect()).send(openingHandshake({ Upgrade: upgrade })), "GET /chat 0");
      }));
  }
});

describe("RFC 6455 section 4.2.1 (4): Connection contains the token Upgrade", () => {
  for (const connection of [
    "keep-alive, Upgrade",
    "Upgrade, keep-alive",
    "upgrade",
    "UPGRADE",
    ",\tUpgrade ,",
    ["keep-alive", "Upgrade"],
    ["Upgrade", "keep-alive"],
    ["keep-alive, foo", "bar,upgrade"],
  ]) {
    opens(`RFC 6455 section 4.2.1 (4): Connection: ${[connection].flat().join(" | ")}`, { Connection: connection });
  }

  for (const connection of [
    undefined,
    "keep-alive",
    "Upgraded",
    "xUpgrade",
    "no-upgrade",
    "Upgrade-Insecure-Requests",
    "keep-alive, Upgrade2",
    '"Upgrade"',
    "Upgrade;q=1",
    "keep-alive Upgrade",
    ["Up", "grade"],
  ]) {
    const what = connection === undefined ? "no Connection" : `Connection: ${[connection].flat().join(" | ")}`;
    it(`RFC 6455 section 4.2.1 (4): ${what} opens none`, () =>
      underTest(async ({ connect }) => {
        await expectIgnored((await connect()).send(openingHandshake({ Connection: connection })), "GET /chat 0");
      }));
  }
});

describe("RFC 6455 section 4.2.1 (1): a GET of HTTP/1.1", () => {
  for (const connection of ["Upgrade", "keep-alive, Upgrade"]) {
    it(`T-77 RFC 6455 section 4.2.1 (1): HTTP/1.0 is answered as if nothing was offered (Connection: ${connection})`, () =>
      underTest(async ({ connect, server }) => {
        const handshake = openingHandshake({ Connection: connection }, "GET /chat HTTP/1.0");
        const client = (await connect()).send(handshake);
        await expectOrdinary(client, "GET /chat 0");
        expect(server.stats().switched).to.deep.equal({});
      }));
  }

  for (const [line, status] of [
    ["GET /chat HTTP/0.9", 505],
    ["GET /chat HTTP/2.0", 505],
    ["GET /chat HTTP/1.10", 400],
    ["GET /chat HTTP/1", 400],
    ["GET /chat http/1.1", 400],
    ["GET /chat", 400],
  ] as const) {
    refuses(`T-77 RFC 6455 section 4.2.1 (1): ${line}`, openingHandshake({}, line), status);
  }

  for (const method of ["POST", "HEAD", "DELETE", "PUT", "OPTIONS", "PATCH", "get", "GETS"]) {
    refuses(
      `T-77 RFC 6455 section 4.2.1 (1): ${method} is no GET`,
      openingHandshake({}, `${method} /chat HTTP/1.1`),
      405,
      (response) => expect(response.field("allow")).to.equal("GET"),
    );
  }

  it("T-77 RFC 6455 section 4.2.1 (1): behind a 405 the connection stays usable", () =>
    underTest(async ({ connect }) => {
      const client = (await connect()).send(openingHandshake({}, "DELETE /chat HTTP/1.1"));
      expect((await client.response()).status).to.equal(405);
      await expectOrdinary(client.send(getTwo), "GET /two 0");
      await openWebSocket(client);
    }));

  refuses(
    "T-77 RFC 6455 section 4.2.1 (1): POST with content",
    `${openingHandshake({ "Content-Length": "5" }, "POST /chat HTTP/1.1")}HELLO`,
    405,
  );
});

describe("RFC 6455 section 4.2.1 (2): Host", () => {
  for (const [what, host] of [
    ["missing", undefined],
    ["twice", ["h", "h"]],
    ["twice, and different", ["h", "evil"]],
    ["malformed", "h/evil"],
  ] as const) {
    refuses(`RFC 6455 section 4.2.1 (2): Host is ${what}`, openingHandshake({ Host: host }), 400);
  }
});

describe("RFC 6455 section 4.2.1 (5): Sec-WebSocket-Key", () => {
  const base64 = (length: number): string => Buffer.alloc(length, "k").toString("base64");

  for (const [what, key] of [
    ["missing", undefined],
    ["empty", ""],
    ["two, equal", [sampleKey, sampleKey]],
    ["two, different", [sampleKey, base64(16)]],
    ["two in one line", `${sampleKey}, ${sampleKey}`],
    ["15 bytes", base64(15)],
    ["17 bytes", base64(17)],
    ["0 bytes, padded", "=="],
    ["18 bytes without padding", base64(18)],
    ["no padding", sampleKey.slice(0, -2)],
    ["half the padding", sampleKey.slice(0, -1)],
    ["more padding", `${sampleKey}=`],
    ["base64 of the URL kind", "-_hlIHNhbXBsZSBub25jZQ=="],
    ["no base64", "dGhlIHNhbXBsZSBub25j!Q=="],
    ["white space within", "dGhlIHNhbXBs ZSBub25jZQ=="],
    ["a last character with bits that are lost", "dGhlIHNhbXBsZSBub25jZR=="],
    ["a parameter", `${sampleKey};x`],
    ["not ASCII", "dGhlIHNhbXBsZSBub25j\xe9Q=="],
  ] as const) {
    refuses(
      `T-77 RFC 6455 section 4.2.1 (5): ${what}`,
      openingHandshake({ "Sec-WebSocket-Key": key }),
      400,
      (response) => expect(response.all("upgrade")).to.deep.equal([]),
    );
  }

  for (const last of "AQgw") {
    opens(`RFC 6455 section 4.2.1 (5): 16 bytes that end in ${last}`, {
      "Sec-WebSocket-Key": `${"A".repeat(21)}${last}==`,
    });
  }

  opens(
    "RFC 6455 section 4.2.2 (5.4): white space around the key is none of it",
    { "Sec-WebSocket-Key": `\t  ${sampleKey} \t ` },
    (response) => expect(response.field("sec-websocket-accept")).to.equal(sampleAccept),
  );

  it("T-77 RFC 6455 section 4.2.1 (5): behind a 400 the connection stays usable", () =>
    underTest(async ({ connect }) => {
      const client = (await connect()).send(openingHandshake({ "Sec-WebSocket-Key": "?" }));
      expect((await client.response()).status).to.equal(400);
      await openWebSocket(client);
    }));
});
