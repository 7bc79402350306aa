import { expect } from "chai";
import type { RequestInfo } from "turnout";
import { ExampleProtocol } from "turnout/example";
import { overEveryDelivery } from "../support/every-delivery.ts";
import {
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
import { foo, LineProtocol } from "../support/modules.ts";

/** The request is switched; `answer` is what the module says first. */
function switches(title: string, request: string, upgrade: string, answer: string): void {
  it(title, () =>
    underTest(async ({ connect }) => {
      await expectSwitch((await connect()).send(request), upgrade, answer);
    }),
  );
}

/** The request is answered as if it had offered nothing. */
function ignores(title: string, request: string, line?: string): void {
  it(title, () =>
    underTest(async ({ connect, server }) => {
      await expectIgnored((await connect()).send(request), line);
      expect(server.stats().switched).to.deep.equal({});
    }),
  );
}

/** The request is refused and the connection closed, whatever stands behind it. */
function refuses(title: string, request: string, status: number): void {
  it(title, () =>
    underTest(async ({ connect }) => {
      await expectRefused((await connect()).send(request + getTwo), status);
    }),
  );
}

const fields = (...lines: string[]): string => `GET /x HTTP/1.1\r\nHost: h\r\n${lines.join("\r\n")}\r\n\r\n`;

describe("RFC 9110 section 7.8: which offers are taken", () => {
  switches(
    "T-01 RFC 9110 section 7.8, 15.2.2: the first protocol that is spoken, and the request answered in it",
    upgradeTo("example/1, foo/2"),
    "foo/2",
    "foo/2 GET /x\r\n",
  );

  switches(
    "T-02 RFC 9110 section 7.8: HTTP/2.0, SHTTP/1.3, IRC/6.9, RTA/x11 in the client's order gives IRC/6.9",
    upgradeTo("HTTP/2.0, SHTTP/1.3, IRC/6.9, RTA/x11"),
    "IRC/6.9",
    "IRC/6.9 GET /x\r\n",
  );

  it("T-02 RFC 9110 section 7.8: the same in the server's order gives RTA/x11, registered first", () =>
    underTest(
      async ({ connect }) => {
        const client = (await connect()).send(upgradeTo("HTTP/2.0, SHTTP/1.3, IRC/6.9, RTA/x11"));
        await expectSwitch(client, "RTA/x11", "RTA/x11 GET /x\r\n");
      },
      { negotiate: "server", protocols: [new LineProtocol(["RTA/x11"]), new LineProtocol(["IRC/6.9"])] },
    ));

  ignores("T-02 RFC 9110 section 7.8: HTTP/2.0 is not h2c", upgradeTo("HTTP/2.0, SHTTP/1.3"));

  it("T-02 RFC 9110 section 7.8: where none of the four is spoken, a 200", () =>
    underTest(
      async ({ connect }) => {
        await expectIgnored((await connect()).send(upgradeTo("HTTP/2.0, SHTTP/1.3, IRC/6.9, RTA/x11")));
      },
      { protocols: [foo()] },
    ));

  switches(
    "T-03 RFC 9110 section 7.8: unknown offers around",
    upgradeTo("bogus/9, echo/1, zz"),
    "echo/1",
    "GET /x\r\n",
  );

  ignores("T-04 RFC 9110 section 7.6.1: Upgrade without Connection: upgrade is ignored", fields("Upgrade: echo/1"));

  ignores(
    "T-04 RFC 9110 section 7.6.1: Upgrade with another option of Connection is ignored",
    fields("Connection: keep-alive", "Upgrade: echo/1"),
  );

  switches(
    "T-05 RFC 9110 section 7.6.1, 7.8: names have no case; the 101 has the registered spelling",
    fields("connection: UPGRADE", "upgrade: ECHO/1"),
    "echo/1",
    "GET /x\r\n",
  );

  for (const more of ["", "Expect: 100-continue\r\n"]) {
    it(`T-06 RFC 9110 section 7.8, 15.2: HTTP/1.0 is neither switched nor sent any 1xx ${more.trim()}`.trim(), () =>
      underTest(async ({ connect }) => {
        const client = await connect();
        client.send(`GET /x HTTP/1.0\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo/1\r\n${more}\r\n`);
        expect(withoutDates(await client.rest())).to.equal(described("GET /x 0", "Connection: close\r\n"));
      }),
    );
  }

  it("T-06 RFC 9110 section 7.8: HTTP/1.0 with keep-alive is not switched, and stays", () =>
    underTest(async ({ connect }) => {
      const request = "GET /x HTTP/1.0\r\nConnection: keep-alive, Upgrade\r\nUpgrade: echo/1\r\n\r\n";
      const client = (await connect()).send(request);
      expect((await expectOrdinary(client, "GET /x 0")).field("connection")).to.equal("keep-alive");
      client.send(getTwo);
      await expectOrdinary(client, "GET /two 0");
    }));

  switches(
    "T-07 RFC 9110 section 7.6.1, 5.3: the options of all Connection lines count",
    fields("Connection: keep-alive, foo", "Connection: bar ,upgrade", "Upgrade: echo/1"),
    "echo/1",
    "GET /x\r\n",
  );

  for (const option of ["Upgrade-Insecure-Requests", "x-upgrade", "upgrade;q=1", '"upgrade"', "up grade"]) {
    ignores(
      `T-08 RFC 9110 section 7.6.1: Connection: ${option} is not the option upgrade`,
      fields(`Connection: ${option}`, "Upgrade: echo/1"),
    );
  }

  ignores("T-09 RFC 9110 section 7.8: Connection: upgrade without Upgrade is ignored", fields("Connection: upgrade"));

  ignores(
    "T-09 RFC 9110 section 7.8: the same with content",
    "POST /x HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nContent-Length: 5\r\n\r\nHELLO",
    "POST /x 5",
  );

  it("T-11 RFC 9112 section 6.3, 11.2: content that looks like a request is content", () =>
    underTest(async ({ connect, server }) => {
      const seen: string[] = [];
      server.on("answered", ({ method, target }) => seen.push(`${method} ${target}`));
      const smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n   ";
      expect(smuggled).to.have.length(38);
      const client = await connect();
      client.send(`${upgradeTo("nope/1")}POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 38\r\n\r\n`);
      await expectOrdinary(client, "GET /x 0");
      client.send(smuggled);
      await expectOrdinary(client, "POST /p 38");
      client.send(getTwo);
      await expectOrdinary(client, "GET /two 0");
      expect(seen).to.deep.equal(["GET /x", "POST /p", "GET /two"]);
    }));

  it("T-10 RFC 9110 section 7.8, RFC 9112 section 9.3.2: an ignored offer and a request behind it, in one segment", () =>
    underTest(async ({ connect }) => {
      const client = (await connect()).send(upgradeTo("nope/1") + getTwo);
      expect(withoutDates(await client.end().rest())).to.equal(described("GET /x 0") + described("GET /two 0"));
    }));

  it("T-12 RFC 9112 section 2.2: the same, cut anywhere", async function () {
    this.timeout(10_000);
    await overEveryDelivery(optionsUnderTest(), upgradeTo("nope/1") + getTwo, (output, how) =>
      expect(withoutDates(output), how).to.equal(described("GET /x 0") + described("GET /two 0")),
    );
  });

  it("T-12 RFC 9112 section 2.2: an offer that is taken, cut anywhere", async function () {
    this.timeout(10_000);
    await overEveryDelivery(optionsUnderTest(), `${upgradeTo("nope/1, echo/1")}EARLY`, (output, how) =>
      expect(output, how).to.equal(`${switchingHead("echo/1")}GET /x\r\nEARLY`),
    );
  });
});

describe("RFC 9110 section 7.8: the server's policy", () => {
  it("T-13 RFC 9110 section 7.8: a route that opted out is answered over HTTP/1.1, the others are switched", () =>
    underTest(
      async ({ connect }) => {
        const handshake = (target: string): string =>
          `GET ${target} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        await expectIgnored((await connect()).send(handshake("/plain")), "GET /plain 0");
        await expectSwitch((await connect()).send(handshake("/chat")), "websocket", "");
      },
      { negotiate: ({ path }, offers) => (path === "/plain" ? undefined : offers) },
    ));

  switches(
    "T-14 RFC 9110 section 7.8: foo/1, foo/2 in the client's order gives foo/1",
    upgradeTo("foo/1, foo/2"),
    "foo/1",
    "foo/1 GET /x\r\n",
  );

  it("T-14 RFC 9110 section 7.8: foo/1, foo/2 in the server's order gives foo/2", () =>
    underTest(
      async ({ connect }) => {
        await expectSwitch((await connect()).send(upgradeTo("foo/1, foo/2")), "foo/2", "foo/2 GET /x\r\n");
      },
      { negotiate: "server" },
    ));

  it("T-15 RFC 9110 section 7.8: a function chooses among what was offered", () =>
    underTest(
      async ({ connect }) => {
        await expectSwitch((await connect()).send(upgradeTo("zz, foo/1, foo/2")), "foo/2", "foo/2 GET /x\r\n");
      },
      {
        negotiate: (request: RequestInfo, offers: readonly string[]) => {
          expect([request.target, offers]).to.deep.equal(["/x", ["foo/1", "foo/2"]]);
          return "foo/2";
        },
      },
    ));

  for (const [chosen, name] of [
    ["foo/2", "spoken but not offered"],
    ["zz", "offered but not spoken"],
  ] as const) {
    it(`T-15 RFC 9110 section 7.8 (MUST NOT): what is ${name} cannot be chosen: 500, never a 101`, () =>
      underTest(
        async ({ connect, faults }) => {
          const client = (await connect()).send(upgradeTo("echo/1, zz"));
          expect((await client.response()).status).to.equal(500);
          expect(faults[0]?.cause).to.have.property("code", "ERR_TURNOUT_NOT_OFFERED");
          client.send(getTwo);
          await expectOrdinary(client, "GET /two 0");
        },
        { negotiate: () => chosen },
      ));
  }
});

describe("RFC 9110 section 5.6.1, 7.8: the field's grammar", () => {
  for (const list of [
    "a_protocol/1, example ,another_protocol/2.2",
    "a_protocol/1, example, another_protocol/2.2",
    "a_protocol/1,example,another_protocol/2.2",
    "\ta_protocol/1\t,\t example \t,another_protocol/2.2 ",
  ]) {
    it(`T-16 RFC 9110 section 5.6.1, 7.8: ${JSON.stringify(list)} has three members`, () =>
      underTest(
        async ({ connect }) => {
          const response = await (await connect()).send(upgradeTo(list)).response();
          expect(JSON.parse(response.body)).to.deep.equal(["a_protocol/1", "example", "another_protocol/2.2"]);
        },
        { respond: ({ offers }) => ({ body: JSON.stringify(offers) }) },
      ));
  }

  switches(
    "T-17 RFC 9110 section 5.6.1.2: empty members do not count",
    upgradeTo(", ,echo/1, ,"),
    "echo/1",
    "GET /x\r\n",
  );

  for (const empty of ["", " ", ",", ", ,\t,"]) {
    ignores(`T-18 RFC 9110 section 5.6.1.2: a field of ${JSON.stringify(empty)} offers nothing`, upgradeTo(empty));
  }

  for (const malformed of ["ec ho/1", '"echo/1"', "echo/", "/1", "echo/1/2", "echo /1", "echo/1;q=1", "\xe9cho/1"]) {
    ignores(`T-19 RFC 9110 section 7.8: ${JSON.stringify(malformed)} is no protocol`, upgradeTo(malformed));
    ignores(
      `T-19 RFC 9110 section 7.8: ${JSON.stringify(malformed)} spoils the whole field`,
      upgradeTo(`echo/1, ${malformed}`),
    );
  }

  refuses("T-19 RFC 9110 section 5.5: NUL in a value is refused", upgradeTo("echo\0/1"), 400);

  switches(
    "T-20 RFC 9110 section 5.3: the lines of a repeated field are one list, known offer last",
    fields("Connection: Upgrade", "Upgrade: bogus/9", "Upgrade: echo/1"),
    "echo/1",
    "GET /x\r\n",
  );

  switches(
    "T-20 RFC 9110 section 5.3: the lines of a repeated field are one list, known offer first",
    fields("Connection: Upgrade", "Upgrade: echo/1", "X: y", "upgrade: bogus/9"),
    "echo/1",
    "GET /x\r\n",
  );

  const others = (count: number): string => Array.from({ length: count }, (_, index) => `p${index}/1`).join(", ");

  switches("T-20 RFC 9110 section 17.5: 16 members", upgradeTo(`${others(15)}, echo/1`), "echo/1", "GET /x\r\n");
  ignores("T-20 RFC 9110 section 17.5: 17 members, the known one first", upgradeTo(`echo/1, ${others(16)}`));
  ignores("T-20 RFC 9110 section 17.5: 17 members, the known one last", upgradeTo(`${others(16)}, echo/1`));
  switches(
    "T-20 RFC 9110 section 17.5: 1,024 bytes",
    upgradeTo(`echo/1,${"p".repeat(1024 - 7)}`),
    "echo/1",
    "GET /x\r\n",
  );
  ignores("T-20 RFC 9110 section 17.5: 1,025 bytes", upgradeTo(`echo/1,${"p".repeat(1025 - 7)}`));
});

describe("the field's own examples", () => {
  it("Upgrade: example/1, foo/2 on GET /index.html is answered in example/1", () =>
    underTest(
      async ({ connect }) => {
        const request = "GET /index.html HTTP/1.1\r\nHost: www.example.com\r\nConnection: upgrade\r\n";
        const client = (await connect()).send(`${request}Upgrade: example/1, foo/2\r\n\r\n`);
        await expectSwitch(client, "example/1", "example/1 GET /index.html \r\n");
      },
      { protocols: [new ExampleProtocol()], respond: describeRequest },
    ));

  switches(
    "Upgrade: HTTP/2.0, SHTTP/1.3, IRC/6.9, RTA/x11 gives the first that is spoken",
    fields("Connection: upgrade", "Upgrade: HTTP/2.0, SHTTP/1.3, IRC/6.9, RTA/x11"),
    "IRC/6.9",
    "IRC/6.9 GET /x\r\n",
  );

  for (const spoken of ["a_protocol/1", "example", "another_protocol/2.2"]) {
    it(`Upgrade: a_protocol/1, example ,another_protocol/2.2 gives ${spoken}, where that is the one spoken`, () =>
      underTest(
        async ({ connect }) => {
          const client = (await connect()).send(upgradeTo("a_protocol/1, example ,another_protocol/2.2"));
          await expectSwitch(client, spoken, `${spoken} GET /x\r\n`);
        },
        { protocols: [new LineProtocol([spoken])] },
      ));
  }

  ignores("none of them is spoken: a 200", postWithUpgradeTo("a_protocol/1", "Content-Length: 2", "hi"), "POST /x 2");
});
