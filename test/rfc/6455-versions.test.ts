import { expect } from "chai";
import { describeRequest, expectOrdinary, getTwo } from "../support/exchanges.ts";
import {
  clientFrame,
  type Echoing,
  echoing,
  type HandshakeFields,
  inWords,
  opcode,
  openingHandshake,
  openWebSocket,
  takeFrame,
} from "../support/websocket-frames.ts";

function underTest(test: (echoing: Echoing) => Promise<void>): Promise<void> {
  return echoing({}, test, { respond: describeRequest });
}

const withVersion = (version: HandshakeFields[string]): string =>
  openingHandshake({ "Sec-WebSocket-Version": version });

describe("RFC 6455 section 4.4: versions", () => {
  for (const [what, version] of [
    ["12", "12"],
    ["14", "14"],
    ["8", "8"],
    ["0", "0"],
    ["013", "013"],
    ["+13", "+13"],
    ["-13", "-13"],
    ["13.0", "13.0"],
    ["0xd", "0xd"],
    ["1e1", "1e1"],
    ["13a", "13a"],
    ["1 3", "1 3"],
    ["a quoted 13", '"13"'],
    ["13, 8", "13, 8"],
    ["8, 13", "8, 13"],
    ["13, 13", "13, 13"],
    ["13 and a comma", "13,"],
    ["two lines, 13 and 8", ["13", "8"]],
    ["two lines, 13 and 13", ["13", "13"]],
    ["256 + 13", "269"],
    ["empty", ""],
    ["missing", undefined],
  ] as const) {
    it(`T-78 RFC 6455 section 4.2.2 (4) (MUST), RFC 9110 section 15.5.22: version ${what}: 426, and the connection stays usable`, () =>
      underTest(async ({ connect, server }) => {
        const client = (await connect()).send(withVersion(version));
        const response = await client.response();
        expect(response.status).to.equal(426);
        expect(response.field("upgrade")).to.equal("websocket");
        expect(response.field("connection")).to.equal("Upgrade");
        expect(response.field("sec-websocket-version")).to.equal("13");
        expect(response.all("sec-websocket-accept")).to.deep.equal([]);
        expect(response.body).not.to.equal("");
        expect(server.stats().switched).to.deep.equal({});

        await expectOrdinary(client.send(getTwo), "GET /two 0");
        await openWebSocket(client, {}, clientFrame(opcode.text, "at last"));
        expect(inWords(await takeFrame(client))).to.equal('text "at last"');
      }));
  }

  it("RFC 6455 section 4.2.1 (6): white space around 13 is none of it", () =>
    underTest(async ({ connect }) => {
      await openWebSocket(await connect(), { "Sec-WebSocket-Version": " \t13\t " });
    }));

  it("RFC 6455 section 4.4: a client that speaks several asks again, with one that the 426 names", () =>
    underTest(async ({ connect }) => {
      const client = (await connect()).send(withVersion("25"));
      const version = (await client.response()).field("sec-websocket-version")!;
      await openWebSocket(client, { "Sec-WebSocket-Version": version });
    }));
});

describe("RFC 6455 section 4.4: what comes behind a handshake of another version", () => {
  for (const [what, behind] of [
    ["a request", "GET /internal HTTP/1.1\r\nHost: h\r\n\r\n"],
    ["a frame", clientFrame(opcode.text, "Hello").toString("latin1")],
  ] as const) {
    it(`T-92 T-78 RFC 6455 section 4.2.2 (4), RFC 9931 section 3: ${what} in the same segment is nothing: 426 and close`, () =>
      underTest(async ({ connect, server }) => {
        const client = (await connect()).send(withVersion("1337") + behind);
        const response = await client.response();
        expect(response.status).to.equal(426);
        expect(response.field("upgrade")).to.equal("websocket");
        expect(response.field("sec-websocket-version")).to.equal("13");
        expect(response.field("connection")!.split(/, */)).to.have.members(["Upgrade", "close"]);
        expect(await client.rest()).to.equal("");
        expect(server.stats().answered).to.deep.equal({ 426: 1 });
      }));
  }

  it("T-92 RFC 6455 section 4.2.2 (4): a request that comes after the 426 is a request, and no tunnelled one", () =>
    underTest(async ({ connect, server }) => {
      const client = (await connect()).send(withVersion("1337"));
      expect((await client.response()).status).to.equal(426);
      await expectOrdinary(client.send("GET /internal HTTP/1.1\r\nHost: h\r\n\r\n"), "GET /internal 0");
      expect(server.stats().answered).to.deep.equal({ 426: 1, 200: 1 });
    }));

  it("T-92 RFC 6455 section 4.2.2 (4): frames that come after the 426 are no requests: 400 and close", () =>
    underTest(async ({ connect, server }) => {
      const client = (await connect()).send(withVersion("1337"));
      expect((await client.response()).status).to.equal(426);
      client.send(clientFrame(opcode.text, "Hello\r\n\r\n"));
      const response = await client.response();
      expect([response.status, response.field("connection")]).to.deep.equal([400, "close"]);
      expect(await client.rest()).to.equal("");
      expect(server.stats().switched).to.deep.equal({});
    }));
});
