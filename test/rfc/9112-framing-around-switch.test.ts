import { expect } from "chai";
import type { Respond, ServerOptions } from "turnout";
import { overEveryDelivery } from "../support/every-delivery.ts";
import {
  continueHead,
  described,
  describeRequest,
  expectIgnored,
  expectRefused,
  expectSwitch,
  gate,
  getTwo,
  postWithUpgradeTo,
  switchingHead,
  turns,
  underTest,
  withoutDates,
} from "../support/exchanges.ts";
import { LineProtocol } from "../support/modules.ts";

/** A module that takes up to 64 bytes of content, and one that takes none. */
const taking: ServerOptions = {
  respond: describeRequest,
  protocols: [
    new LineProtocol(["own/1"], { methods: "*", maxBody: 64 }),
    new LineProtocol(["none/1"], { methods: "*", maxBody: 0 }),
  ],
};

const chunkedHello = "3\r\nHEL\r\n2;ext=1\r\nLO\r\n0\r\nCheck: 1\r\n\r\n";

describe("RFC 9112 section 6.3: the content before the switch", () => {
  for (const [row, framing, content, answer] of [
    ["T-39 RFC 9110 section 7.8, RFC 9112 section 6.3", "Content-Length: 5", "HELLO", "own/1 POST /x HELLO"],
    ["T-40 RFC 9112 section 7.1", "Transfer-Encoding: chunked", chunkedHello, "own/1 POST /x HELLO Check=1"],
  ] as const) {
    const request = postWithUpgradeTo("own/1", framing, content);

    it(`${row}: ${framing} and the new protocol's first bytes, in one segment`, () =>
      underTest(async ({ connect }) => {
        const client = (await connect()).send(`${request}NEWPROTO`);
        await expectSwitch(client, "own/1", `${answer}\r\nNEWPROTO`);
      }, taking));

    it(`${row}: ${framing} and the new protocol's first bytes, cut anywhere`, async function () {
      this.timeout(10_000);
      await overEveryDelivery(taking, `${request}NEWPROTO`, (output, how) =>
        expect(output, how).to.equal(`${switchingHead("own/1")}${answer}\r\nNEWPROTO`),
      );
    });
  }

  it("T-39 RFC 9110 section 7.8: as much content as the module takes", () =>
    underTest(async ({ connect }) => {
      const content = "b".repeat(64);
      for (const request of [
        postWithUpgradeTo("own/1", "Content-Length: 64", content),
        postWithUpgradeTo("own/1", "Transfer-Encoding: chunked", `40\r\n${content}\r\n0\r\n\r\n`),
      ]) {
        await expectSwitch((await connect()).send(request), "own/1", `own/1 POST /x ${content}\r\n`);
      }
    }, taking));

  const tooLong = `28\r\n${"a".repeat(40)}\r\n28\r\n${"b".repeat(40)}\r\n1\r\nc\r\n0\r\n\r\n`;

  for (const [what, token, framing, content, length] of [
    ["longer than maxBody", "own/1", "Content-Length: 65", "b".repeat(65), 65],
    ["to a module that takes none", "none/1", "Content-Length: 1", "b", 1],
    ["chunked, longer than maxBody", "own/1", "Transfer-Encoding: chunked", tooLong, 81],
    ["chunked, to a module that takes none", "none/1", "Transfer-Encoding: chunked", tooLong, 81],
    ["chunked and empty, to a module that takes none", "none/1", "Transfer-Encoding: chunked", "0\r\n\r\n", 0],
  ] as const) {
    it(`T-41 RFC 9110 section 7.8 (MAY ignore): content ${what}: an ordinary request with all of it, cut anywhere`, async function () {
      this.timeout(10_000);
      const request = postWithUpgradeTo(token, framing, content);
      await overEveryDelivery(taking, request + getTwo, (output, how) =>
        expect(withoutDates(output), how).to.equal(described(`POST /x ${length}`) + described("GET /two 0")),
      );
    });
  }

  it("T-41 RFC 9110 section 7.8: a megabyte of it is streamed, not refused", () =>
    underTest(async ({ connect }) => {
      const content = "b".repeat(1_000_000);
      for (const request of [
        postWithUpgradeTo("own/1", "Content-Length: 1000000", content),
        postWithUpgradeTo("own/1", "Transfer-Encoding: chunked", `F4240\r\n${content}\r\n0\r\n\r\n`),
      ]) {
        await expectIgnored((await connect()).send(request), "POST /x 1000000");
      }
    }, taking));
});

const expecting = "Expect: 100-continue";

describe("RFC 9110 section 10.1.1: Expect before the switch", () => {
  for (const [framing, content, answer] of [
    ["Content-Length: 5", "HELLO", "own/1 POST /x HELLO"],
    ["Transfer-Encoding: chunked", chunkedHello, "own/1 POST /x HELLO Check=1"],
  ] as const) {
    const request = postWithUpgradeTo("own/1", `${expecting}\r\n${framing}`);

    it(`T-42 RFC 9110 section 7.8 (MUST), 10.1.1: 100, then the content, then 101 (${framing})`, () =>
      underTest(async ({ connect, server }) => {
        const client = (await connect()).send(request);
        expect(await client.take(continueHead.length)).to.equal(continueHead);
        expect(server.stats().switched).to.deep.equal({});
        await expectSwitch(client.send(content), "own/1", `${answer}\r\n`);
      }, taking));

    it(`T-42 RFC 9110 section 7.8 (MUST): the 100 comes first, even if the client has not waited for it (${framing})`, () =>
      underTest(async ({ connect }) => {
        const client = (await connect()).send(request + content);
        expect(await client.take(continueHead.length)).to.equal(continueHead);
        await expectSwitch(client, "own/1", `${answer}\r\n`);
      }, taking));
  }

  it("T-42 RFC 9110 section 10.1.1: content that turns out too long has had its 100, and gets no second one", async () => {
    const asked = gate();
    const respond: Respond = (request) => {
      asked.open();
      return describeRequest(request);
    };
    await underTest(
      async ({ connect }) => {
        const client = await connect();
        client.send(postWithUpgradeTo("own/1", `${expecting}\r\nTransfer-Encoding: chunked`));
        expect(await client.take(continueHead.length)).to.equal(continueHead);
        client.send(`41\r\n${"b".repeat(65)}\r\n`);
        await asked.opened;
        await turns(2); // in which the application has asked for more
        client.send("0\r\n\r\n");
        await expectIgnored(client, "POST /x 65");
      },
      { ...taking, respond },
    );
  });

  it("T-43 RFC 9110 section 7.8, 10.1.1: without content the 100 comes, too", () =>
    underTest(async ({ connect }) => {
      const head = "GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: own/1\r\n";
      const client = (await connect()).send(`${head}${expecting}\r\n\r\n`);
      expect(await client.take(continueHead.length)).to.equal(continueHead);
      await expectSwitch(client, "own/1", "own/1 GET /x\r\n");
    }, taking));

  it("T-43 RFC 9110 section 10.1.1, 15.2: in HTTP/1.0 Expect has no meaning: neither 100 nor 101", () =>
    underTest(async ({ connect }) => {
      const request = postWithUpgradeTo("own/1", `${expecting}\r\nContent-Length: 5`, "HELLO").replace("1.1", "1.0");
      const output = await (await connect()).send(request).rest();
      expect(withoutDates(output)).to.equal(described("POST /x 5", "Connection: close\r\n"));
    }, taking));

  for (const [framing, part] of [
    ["Content-Length: 5", ""],
    ["Content-Length: 5", "HELL"],
    ["Transfer-Encoding: chunked", ""],
    ["Transfer-Encoding: chunked", "5\r\nHELLO\r\n0\r\n"],
  ] as const) {
    it(`T-44 RFC 9110 section 7.8: ${framing}, and ${JSON.stringify(part)} is all that comes: 408, no 101`, () =>
      underTest(
        async ({ connect, server }) => {
          await expectRefused((await connect()).send(postWithUpgradeTo("own/1", framing, part)), 408);
          expect(server.stats().switched).to.deep.equal({});
        },
        { ...taking, timeouts: { bodyMs: 50 } },
      ));

    it(`T-44 RFC 9110 section 7.8: ${framing}, and the client ends after ${JSON.stringify(part)}: 400, no 101`, () =>
      underTest(async ({ connect, server }) => {
        await expectRefused((await connect()).send(postWithUpgradeTo("own/1", framing, part)).end(), 400);
        expect(server.stats().switched).to.deep.equal({});
      }, taking));
  }

  for (const content of ["X\r\n", "5\r\nHELLOX", "-1\r\n", "5\nHELLO", "0\r\nA B: c\r\n\r\n"]) {
    it(`T-44 RFC 9112 section 7.1: ${JSON.stringify(content)} is no chunked content: 400, no 101`, () =>
      underTest(async ({ connect, server }) => {
        const request = postWithUpgradeTo("own/1", "Transfer-Encoding: chunked", content);
        await expectRefused((await connect()).send(request + getTwo), 400);
        expect(server.stats().switched).to.deep.equal({});
      }, taking));
  }
});
