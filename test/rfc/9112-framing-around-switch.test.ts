import { expect } from "chai";
import type { ServerOptions } from "turnout";
import { overEveryDelivery } from "../support/every-delivery.ts";
import {
  continueHead,
  described,
  describeRequest,
  expectIgnored,
  expectOrdinary,
  expectRefused,
  expectSwitch,
  getTwo,
  optionsUnderTest,
  postWithUpgradeTo,
  switchingHead,
  underTest,
  upgradeTo,
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

  it("T-42 RFC 9110 section 10.1.1: content that turns out too long has had its 100, and gets no second one", () =>
    underTest(async ({ connect }) => {
      const client = await connect();
      client.send(postWithUpgradeTo("own/1", `${expecting}\r\nTransfer-Encoding: chunked`));
      expect(await client.take(continueHead.length)).to.equal(continueHead);
      client.send(`41\r\n${"b".repeat(65)}\r\n`);
      client.send("0\r\n\r\n");
      await expectIgnored(client, "POST /x 65");
    }, taking));

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

/** Refused with `status` and closed, although the offer would be taken; what stands behind is not read as a request. */
function refuses(title: string, head: string, status: number, options: ServerOptions = optionsUnderTest()): void {
  it(`${title}: ${status}, no 101`, () =>
    underTest(async ({ connect, server }) => {
      await expectRefused((await connect()).send(`${head}\r\n\r\n${getTwo}`), status);
      expect(server.stats().switched).to.deep.equal({});
    }, options));
}

const upgrading = "Connection: Upgrade\r\nUpgrade: echo/1";

describe("RFC 9112: what is refused is not switched", () => {
  for (const [what, framing] of [
    ["Content-Length and Transfer-Encoding", "Content-Length: 5\r\nTransfer-Encoding: chunked"],
    ["Transfer-Encoding and Content-Length", "Transfer-Encoding: chunked\r\nContent-Length: 0"],
    ["two lengths", "Content-Length: 5\r\nContent-Length: 6"],
    ["a signed length", "Content-Length: +5"],
    ["chunked that is not last", "Transfer-Encoding: chunked, identity"],
    ["chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"],
  ] as const) {
    refuses(
      `T-45 RFC 9112 section 6.1, 6.3: ${what}`,
      `POST /x HTTP/1.1\r\nHost: h\r\n${upgrading}\r\n${framing}`,
      400,
    );
  }

  for (const [what, host] of [
    ["no Host", ""],
    ["two Host fields", "Host: h\r\nHost: h\r\n"],
    ["an empty Host", "Host:\r\n"],
    ["a Host with a path", "Host: h/x\r\n"],
    ["a Host with userinfo", "Host: u@h\r\n"],
    ["a Host with a space", "Host: h i\r\n"],
    ["a Host list", "Host: h, i\r\n"],
    ["a Host port that is none", "Host: h:8x\r\n"],
  ] as const) {
    refuses(`T-46 RFC 9112 section 3.2: ${what}`, `GET /x HTTP/1.1\r\n${host}${upgrading}`, 400);
  }

  for (const [clause, what, lines] of [
    ["5.2", "obs-fold inside Upgrade", "Connection: Upgrade\r\nUpgrade:\r\n echo/1"],
    ["5.2", "obs-fold inside Connection", "Connection: close,\r\n\tUpgrade\r\nUpgrade: echo/1"],
    ["5.1", "a space before the colon", "Connection: Upgrade\r\nUpgrade : echo/1"],
    ["5.1", "a tab before the colon", "Connection\t: Upgrade\r\nUpgrade: echo/1"],
    ["2.2", "a bare LF before Upgrade", "Connection: Upgrade\nUpgrade: echo/1"],
    ["2.2", "a bare LF behind Upgrade", "Connection: Upgrade\r\nUpgrade: echo/1\n"],
    ["2.2", "a bare CR inside Upgrade", "Connection: Upgrade\r\nUpgrade: echo\r/1"],
    ["2.2", "a bare CR before Upgrade", "Connection: Upgrade\rUpgrade: echo/1"],
  ] as const) {
    refuses(`T-47 RFC 9112 section ${clause}: ${what}`, `GET /x HTTP/1.1\r\nHost: h\r\n${lines}`, 400);
  }
  refuses(
    "T-47 RFC 9112 section 2.2: a bare LF behind the request line",
    `GET /x HTTP/1.1\nHost: h\r\n${upgrading}`,
    400,
  );

  for (const [version, status] of [
    ["HTTP/2.0", 505],
    ["HTTP/0.9", 505],
    ["HTTP/11", 400],
    ["http/1.1", 400],
  ] as const) {
    refuses(
      `T-48 RFC 9110 section 6.2, RFC 9112 section 2.3: ${version}`,
      `GET /x ${version}\r\nHost: h\r\n${upgrading}`,
      status,
    );
  }

  it("T-48 RFC 9110 section 2.5, 6.2: HTTP/1.2 is read as HTTP/1.1", () =>
    underTest(async ({ connect }) => {
      await expectSwitch((await connect()).send(upgradeTo("echo/1", "GET /x HTTP/1.2")), "echo/1", "GET /x\r\n");
    }));

  it("T-49 RFC 9112 section 2.2: a head of one byte a segment", async function () {
    this.timeout(10_000);
    await overEveryDelivery(optionsUnderTest(), upgradeTo("bogus/9, IRC/6.9"), (output, how) =>
      expect(output, how).to.equal(`${switchingHead("IRC/6.9")}IRC/6.9 GET /x\r\n`),
    );
  });

  const limited = { limits: { maxHeadBytes: 1024, maxFields: 4 } };
  const padded = (padding: string): string => `GET /x HTTP/1.1\r\nHost: h\r\n${padding}${upgrading}`;
  const longest = padded(`X: ${"p".repeat(1024 - padded("X: \r\n\r\n\r\n").length)}\r\n`);

  for (const [what, head] of [
    ["as long as the limit", longest],
    ["of as many fields as the limit", padded("X: y\r\n")],
  ] as const) {
    it(`T-49 RFC 9110 section 5.4: a head ${what} is switched`, () =>
      underTest(async ({ connect }) => {
        await expectSwitch((await connect()).send(`${head}\r\n\r\n`), "echo/1", "GET /x\r\n");
      }, limited));
  }
  refuses("T-49 RFC 9110 section 5.4: a byte more than the limit", longest.replace("X:", "X: "), 431, limited);
  refuses("T-49 RFC 9110 section 5.4: one field more, Upgrade last", padded("X: y\r\nX: y\r\n"), 431, limited);

  it("T-50 RFC 9112 section 3.2.2: an absolute-form target is normalised, and its host is the host", () =>
    underTest(
      async ({ connect }) => {
        for (const [target, origin, host] of [
          ["http://h/x", "/x", "h"],
          ["http://there:81/x?y", "/x?y", "there:81"],
          ["http://there?y", "/?y", "there"],
          ["http://there", "/", "there"],
        ] as const) {
          const client = (await connect()).send(upgradeTo("own/1", `GET ${target} HTTP/1.1`));
          await expectSwitch(client, "own/1", `${origin} at ${host}\r\n`);
        }
      },
      {
        protocols: [
          new LineProtocol(["own/1"], {
            takeOver: ({ target, host }, transport) => {
              transport.onData = (chunk) => transport.write(chunk);
              return transport.answer(`${target} at ${host}\r\n`);
            },
          }),
        ],
      },
    ));

  for (const [what, request] of [
    ["CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: h:443"],
    ["CONNECT in HTTP/1.0", "CONNECT h:443 HTTP/1.0"],
  ] as const) {
    refuses(
      `T-51 RFC 9110 section 9.3.6, RFC 9931: ${what} is refused, and what was sent behind it is not read`,
      `${request}\r\n${upgrading}`,
      501,
    );
  }
});

describe("T-95 RFC 9110 section 7.6.1: options of Connection that name fields of framing and routing", () => {
  for (const option of ["Content-Length", "Host", "X-Forwarded-For", "Transfer-Encoding"]) {
    it(`T-95 RFC 9110 section 7.6.1: Connection: Upgrade, ${option} takes nothing away`, () =>
      underTest(
        async ({ connect }) => {
          for (const token of ["echo/1", "nope/1"]) {
            const head = `POST /x HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.1\r\nConnection: Upgrade, ${option}\r\n`;
            const client = (await connect()).send(`${head}Upgrade: ${token}\r\nContent-Length: 5\r\n\r\nHELLO`);
            if (token === "echo/1") {
              await expectSwitch(client, "echo/1", "POST /x\r\nHELLO");
            } else {
              await expectOrdinary(client, "POST /x h 192.0.2.1 HELLO");
            }
          }
        },
        {
          respond: async (request) => ({
            body: `${request.method} ${request.target} ${request.host} ${request.headers.get("x-forwarded-for")} ${await request.text()}\n`,
          }),
        },
      ));
  }
});
