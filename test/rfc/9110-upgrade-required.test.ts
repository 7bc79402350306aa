import { expect } from "chai";
import { type ResponseLike, type ServerOptions, upgradeRequired } from "turnout";
import {
  continueHead,
  described,
  describeRequest,
  expectOrdinary,
  expectSwitch,
  getTwo,
  postWithUpgradeTo,
  underTest,
  upgradeTo,
  withoutDates,
} from "../support/exchanges.ts";

/** `/required` is served in foo/2 only. */
const requiring: ServerOptions = {
  respond: (request) => (request.path === "/required" ? upgradeRequired("foo/2") : describeRequest(request)),
  negotiate: ({ path }, offers) => (path === "/required" ? offers.filter((token) => token === "foo/2") : offers),
};

const getRequired = "GET /required HTTP/1.1\r\nHost: h\r\n\r\n";

function required(connection = "Connection: Upgrade\r\n"): string {
  return (
    "HTTP/1.1 426 Upgrade Required\r\ncontent-type: text/plain; charset=utf-8\r\nContent-Length: 24\r\n" +
    `Upgrade: foo/2\r\n${connection}\r\nUpgrade Required: foo/2\n`
  );
}

describe("RFC 9110 section 15.5.22: 426", () => {
  it("T-30 RFC 9110 section 15.5.22 (MUST), 7.8: names the protocol, and the connection stays usable", () =>
    underTest(async ({ connect }) => {
      const client = (await connect()).send(getRequired + getTwo);
      expect(withoutDates(await client.end().rest())).to.equal(required() + described("GET /two 0"));
    }, requiring));

  it("T-31 RFC 9110 section 15.5.22: the upgrade that it asks for, on the same connection", () =>
    underTest(async ({ connect }) => {
      const client = (await connect()).send(getRequired);
      expect((await client.response()).status).to.equal(426);
      client.send(upgradeTo("foo/2", "GET /required HTTP/1.1"));
      await expectSwitch(client, "foo/2", "foo/2 GET /required\r\n");
    }, requiring));

  it("T-32 RFC 9110 section 7.8: several protocols are named in the order of preference", () =>
    underTest(
      async ({ connect }) => {
        const response = await (await connect()).send(getTwo).response();
        expect(response.field("upgrade")).to.equal("RTA/x11, foo/2, IRC/6.9");
        expect(response.field("connection")).to.equal("Upgrade");
      },
      { respond: () => upgradeRequired("RTA/x11", "foo/2", "IRC/6.9") },
    ));

  it("T-32 RFC 9110 section 7.8: a 426 that names none gets all that are registered, in their order", () =>
    underTest(
      async ({ connect }) => {
        const response = await (await connect()).send(getTwo).response();
        expect(response.field("upgrade")).to.equal("echo/1, foo/2, foo/1, IRC/6.9, RTA/x11, websocket, h2c, TLS/1.2");
        expect(response.field("connection")).to.equal("Upgrade");
      },
      { respond: () => ({ status: 426 }) },
    ));

  it("T-33 RFC 9110 section 15.5.22: to a client that offers something else", () =>
    underTest(async ({ connect }) => {
      const client = (await connect()).send(upgradeTo("websocket", "GET /required HTTP/1.1"));
      expect(withoutDates(await client.end().rest())).to.equal(required());
    }, requiring));

  it("T-33 RFC 9110 section 15.5.22: to a client of HTTP/1.0, without any 1xx", () =>
    underTest(async ({ connect }) => {
      const request = "GET /required HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: foo/2\r\nExpect: 100-continue\r\n\r\n";
      const output = await (await connect()).send(request).rest();
      expect(withoutDates(output)).to.equal(required("Connection: Upgrade, close\r\n"));
    }, requiring));

  it("T-33 RFC 9112 section 9.3: to a client of HTTP/1.0 that keeps its connection, and is told that it may", () =>
    underTest(async ({ connect }) => {
      const client = (await connect()).send("GET /required HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      const response = await client.response();
      expect(response.status).to.equal(426);
      const options = response.field("connection")?.split(", ");
      expect(options).to.have.members(["Upgrade", "keep-alive"]);
    }, requiring));
});

const advertising: ServerOptions = {
  advertise: true,
  respond: async (request): Promise<ResponseLike> => {
    const status = Number(/^\/(\d{3})$/.exec(request.path)?.[1] ?? 200);
    return status === 200 ? describeRequest(request) : { status, headers: { Upgrade: "foo/2", Connection: "Upgrade" } };
  },
};

const advertisement = "echo/1, foo/2, foo/1, IRC/6.9, RTA/x11, websocket, h2c, TLS/1.2";

describe("RFC 9110 section 7.8: advertising", () => {
  it("T-34 RFC 9110 section 7.8 (MAY): the first ordinary 200 names the protocols, the next does not", () =>
    underTest(async ({ connect }) => {
      const client = (await connect()).send(getTwo);
      const response = await client.response();
      expect([response.field("upgrade"), response.field("connection")]).to.deep.equal([advertisement, "Upgrade"]);
      client.send(getTwo);
      await expectOrdinary(client, "GET /two 0");
    }, advertising));

  it("T-34: without the option nothing is named", () =>
    underTest(async ({ connect }) => {
      await expectOrdinary((await connect()).send(getTwo), "GET /two 0");
    }));

  for (const status of [204, 304]) {
    it(`T-34 RFC 9110 section 7.8: a ${status} names nothing, and the 200 behind it does`, () =>
      underTest(async ({ connect }) => {
        const client = (await connect()).send(`GET /${status} HTTP/1.1\r\nHost: h\r\n\r\n${getTwo}`);
        const first = await client.response();
        expect([first.status, ...first.all("upgrade"), ...first.all("connection")]).to.deep.equal([status]);
        expect((await client.response()).field("upgrade")).to.equal(advertisement);
      }, advertising));
  }

  it("T-34 RFC 9110 section 7.8: a 100 names nothing", () =>
    underTest(async ({ connect }) => {
      const client = (await connect()).send(
        "POST /p HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
      );
      expect(await client.takeUntil("\r\n\r\n")).to.equal(continueHead);
      expect((await client.send("hi").response()).field("upgrade")).to.equal(advertisement);
    }, advertising));

  for (const [what, request, line] of [
    ["unknown", upgradeTo("nope/1"), "GET /x 0"],
    ["known, but the method does not fit", upgradeTo("IRC/6.9", "DELETE /x HTTP/1.1"), "DELETE /x 0"],
    ["too long in content", postWithUpgradeTo("foo/2", "Content-Length: 65", "b".repeat(65)), "POST /x 65"],
    ["malformed", upgradeTo("echo/1/2"), "GET /x 0"],
    ["not named in Connection", "GET /x HTTP/1.1\r\nHost: h\r\nUpgrade: echo/1\r\n\r\n", "GET /x 0"],
  ] as const) {
    it(`T-94 a 200 to a request with Upgrade names no protocol (${what}); the next ordinary one does`, () =>
      underTest(async ({ connect }) => {
        const client = (await connect()).send(request);
        expect((await expectOrdinary(client, line)).all("connection")).to.deep.equal([]);
        expect((await client.send(getTwo).response()).field("upgrade")).to.equal(advertisement);
      }, advertising));
  }

  it("T-94 neither does one in which the application says Upgrade, or a refusal of the application's", () =>
    underTest(async ({ connect }) => {
      for (const status of [201, 401, 500]) {
        const response = await (await connect()).send(upgradeTo("nope/1", `GET /${status} HTTP/1.1`)).response();
        expect([response.status, ...response.all("upgrade"), ...response.all("connection")]).to.deep.equal([status]);
      }
    }, advertising));
});

describe("RFC 9110 section 15.2.2: only the core writes a 101", () => {
  for (const status of [101, 100, 103, 199]) {
    for (const [what, request] of [
      ["an ordinary request", "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"],
      ["an upgrade request", upgradeTo("nope/1")],
    ] as const) {
      it(`T-35 RFC 9110 section 15.2.2: a ${status} from the application to ${what} is a 500`, () =>
        underTest(
          async ({ connect, faults }) => {
            const output = await (await connect()).send(request).end().rest();
            expect(output).to.match(/^HTTP\/1\.1 500 /);
            expect(output).not.to.match(/upgrade/i);
            expect(faults.map(({ code }) => code)).to.deep.equal(["ERR_TURNOUT_RESPOND"]);
            expect(faults[0]?.cause).to.have.property("code", "ERR_TURNOUT_RESPONSE");
          },
          { respond: () => ({ status, headers: { Upgrade: "nope/1", Connection: "Upgrade" } }) },
        ));
    }
  }
});
