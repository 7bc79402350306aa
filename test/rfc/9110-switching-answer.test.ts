import { expect } from "chai";
import type { Answered, OriginalRequest, ServerOptions, Transport } from "turnout";
import { reject, switchTo } from "turnout";
import {
  described,
  describeRequest,
  expectIgnored,
  expectOrdinary,
  expectSwitch,
  gate,
  getTwo,
  postWithUpgradeTo,
  switchingHead,
  underTest,
  upgradeTo,
  withoutDates,
} from "../support/exchanges.ts";
import { answerInALine, LineProtocol } from "../support/modules.ts";

const serverError = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 26\r\n\r\n500 Internal Server Error\n";

describe("RFC 9110 section 15.2.2: the 101", () => {
  for (const [token, upgrade, answer] of [
    ["echo/1", "echo/1", "GET /x\r\n"],
    ["foo/2", "foo/2", "foo/2 GET /x\r\n"],
    ["foo/1", "foo/1", "foo/1 GET /x\r\n"],
    ["IRC/6.9", "IRC/6.9", "IRC/6.9 GET /x\r\n"],
    ["RTA/x11", "RTA/x11", "RTA/x11 GET /x\r\n"],
    ["websocket", "websocket", ""],
    ["TLS/1.2", "TLS/1.2, HTTP/1.1", "TLS/1.2 GET /x\r\n"],
  ] as const) {
    const row =
      token === "TLS/1.2"
        ? "T-22 RFC 9110 section 7.8 (ascending layers), RFC 2817 section 3.3"
        : "T-21 RFC 9110 section 15.2.2, RFC 9112 section 6.1";
    it(`${row}: the whole 101 to ${token}`, () =>
      underTest(async ({ connect }) => {
        await expectSwitch((await connect()).send(upgradeTo(token)), upgrade, answer);
      }));
  }

  it("T-21 RFC 9110 section 15.2.2: an offer whose field has to be named in Connection", () =>
    underTest(async ({ connect }) => {
      const head = "GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n";
      await expectSwitch((await connect()).send(`${head}HTTP2-Settings: AAMAAABk\r\n\r\n`), "h2c", "h2c GET /x\r\n");
      await expectIgnored((await connect()).send(upgradeTo("h2c")));
    }));

  it("T-21 RFC 9110 section 15.2.2: the module's own fields stand behind the core's", () =>
    underTest(
      async ({ connect }) => {
        const client = (await connect()).send(upgradeTo("own/1"));
        const head = switchingHead("own/1").slice(0, -2);
        expect(await client.takeUntil("\r\n\r\n")).to.equal(`${head}X-One: 1\r\nX-Two: a\r\nX-Two: b\r\n\r\n`);
        expect(await client.takeUntil("\r\n")).to.equal("own/1 GET /x\r\n");
      },
      {
        protocols: [
          new LineProtocol(["own/1"], {
            accept: () => switchTo(undefined, { headers: { "X-One": "1", "X-Two": ["a", "b"] } }),
          }),
        ],
      },
    ));

  for (const [name, value] of [
    ["Upgrade", "foo/2"],
    ["Connection", "close"],
    ["Content-Length", "0"],
    ["Transfer-Encoding", "chunked"],
    ["X-Split", "a\r\nX-Injected: b"],
    ["X-Split", "a\nb"],
    ["X-Nul", "a\0b"],
    ["X-Name\r\nX-Injected", "b"],
    ["", "b"],
  ] as const) {
    it(`T-23 RFC 9110 section 5.5, RFC 9112 section 11.1: ${JSON.stringify(name)}: ${JSON.stringify(value)} from a module is refused before the 101`, () =>
      underTest(
        async ({ connect, faults }) => {
          const client = (await connect()).send(upgradeTo("own/1"));
          expect((await client.response()).status).to.equal(500);
          await expectOrdinary(client.send(getTwo), "GET /two 0");
          expect(faults.map(({ code, module }) => [code, module])).to.deep.equal([
            ["ERR_TURNOUT_MODULE", "LineProtocol"],
          ]);
          expect(faults[0]?.cause).to.have.property("code", "ERR_TURNOUT_RESPONSE");
        },
        {
          respond: describeRequest,
          protocols: [
            new LineProtocol(["own/1"], { accept: () => switchTo(undefined, { headers: { [name]: value } }) }),
          ],
        },
      ));
  }

  it("T-23 RFC 9110 section 7.8: what came behind the head of an offer that failed is not parsed as HTTP", () =>
    underTest(
      async ({ connect }) => {
        const all = await (await connect()).send(upgradeTo("own/1") + getTwo).rest();
        expect(withoutDates(all)).to.equal(serverError.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
      },
      {
        respond: describeRequest,
        protocols: [new LineProtocol(["own/1"], { accept: () => switchTo(undefined, { headers: { Upgrade: "x" } }) })],
      },
    ));

  it("T-24 RFC 9110 section 7.8: to another place a module can only redirect", () =>
    underTest(
      async ({ connect }) => {
        const client = (await connect()).send(upgradeTo("own/1"));
        const response = await client.response();
        expect([response.status, response.field("location")]).to.deep.equal([307, "http://other/x"]);
        expect(response.all("upgrade")).to.deep.equal([]);
        client.send(getTwo);
        await expectOrdinary(client, "GET /two 0");
      },
      {
        protocols: [
          new LineProtocol(["own/1"], { accept: () => reject(307, "", { headers: { Location: "http://other/x" } }) }),
        ],
      },
    ));

  for (const status of [101, 100, 200, 299, 600, Number.NaN]) {
    it(`T-24 RFC 9110 section 7.8: a module cannot refuse with ${status}`, () =>
      underTest(
        async ({ connect, faults }) => {
          const client = (await connect()).send(upgradeTo("own/1"));
          expect(withoutDates(await client.end().rest())).to.equal(serverError);
          expect(faults[0]?.cause).to.have.property("code", "ERR_TURNOUT_DECISION");
        },
        { protocols: [new LineProtocol(["own/1"], { accept: () => reject(status) })] },
      ));
  }
});

type TakeOver = (request: OriginalRequest, transport: Transport<undefined>) => Answered | Promise<Answered>;

/** The module fails after the 101: nothing but the 101 was sent, and the connection is gone. */
function breaksOff(
  title: string,
  takeOver: TakeOver,
  code: string,
  cause?: unknown,
  options: ServerOptions = {},
): void {
  it(title, () =>
    underTest(
      async ({ connect, faults, server }) => {
        const client = (await connect()).send(upgradeTo("own/1"));
        expect(await client.gone()).to.equal(switchingHead("own/1"));
        expect(faults).to.have.length(1);
        expect(faults[0]).to.include({ code, module: "LineProtocol" });
        expect(faults[0]?.cause).to.equal(cause);
        expect(server.stats().unanswered).to.equal(code === "ERR_TURNOUT_NOT_ANSWERED" ? 1 : 0);
        expect(server.stats().answered).to.deep.equal({});
      },
      { protocols: [new LineProtocol(["own/1"], { takeOver })], ...options },
    ),
  );
}

describe("RFC 9110 section 7.8: the server is expected to continue by responding to the request", () => {
  const forgeries: [string, unknown][] = [
    ["nothing", undefined],
    ["null", null],
    ["true", true],
    ["an empty object", {}],
    ["an object of the receipt's shape", { owner: {} }],
    ["a promise of undefined", Promise.resolve(undefined)],
    ["a promise of an object", Promise.resolve({})],
  ];
  for (const [name, value] of forgeries) {
    breaksOff(`T-25 RFC 9110 section 7.8: ${name} is no receipt`, () => value as Answered, "ERR_TURNOUT_NOT_ANSWERED");
  }

  it("T-25 RFC 9110 section 7.8: neither is the receipt of another connection, nor a copy of the right one", async () => {
    const receipts: Answered[] = [];
    const takeOver: TakeOver = (request, transport) => {
      if (request.target === "/copy") {
        return Object.create(transport.answer("copied\r\n")) as Answered;
      }
      receipts.push(answerInALine(request, transport));
      return receipts[0]!;
    };
    await underTest(
      async ({ connect, faults }) => {
        await expectSwitch((await connect()).send(upgradeTo("own/1")), "own/1", "own/1 GET /x\r\n");
        for (const target of ["/x", "/copy"]) {
          const client = (await connect()).send(upgradeTo("own/1", `GET ${target} HTTP/1.1`));
          expect(await client.gone()).to.match(/^HTTP\/1\.1 101 /);
        }
        expect(faults.map(({ code }) => code)).to.deep.equal(["ERR_TURNOUT_NOT_ANSWERED", "ERR_TURNOUT_NOT_ANSWERED"]);
      },
      { protocols: [new LineProtocol(["own/1"], { takeOver })] },
    );
  });

  const failure = new Error("on purpose");
  breaksOff(
    "T-26 RFC 9110 section 7.8: takeOver throws: the connection is destroyed, without any HTTP in the new protocol",
    () => {
      throw failure;
    },
    "ERR_TURNOUT_MODULE",
    failure,
  );
  breaksOff(
    "T-26 RFC 9110 section 7.8: takeOver rejects: the same",
    () => Promise.reject(failure),
    "ERR_TURNOUT_MODULE",
    failure,
  );
  breaksOff(
    "T-26 RFC 9110 section 7.8: what takeOver rejects with may be nothing",
    () => Promise.reject(undefined),
    "ERR_TURNOUT_MODULE",
  );
  breaksOff(
    "T-27: takeOver never settles: closed when answerMs is over",
    () => new Promise(() => {}),
    "ERR_TURNOUT_NOT_ANSWERED",
    undefined,
    { timeouts: { answerMs: 50 } },
  );
});

describe("RFC 9110 section 7.8: the request's semantics have to be honoured", () => {
  for (const [row, request, line] of [
    [
      "T-28 RFC 9110 section 7.8 (MUST NOT): DELETE and websocket",
      upgradeTo("websocket", "DELETE /x HTTP/1.1"),
      "DELETE /x 0",
    ],
    [
      "T-28 RFC 9110 section 7.8 (MUST NOT): POST and a module for GET only",
      upgradeTo("IRC/6.9", "POST /x HTTP/1.1"),
      "POST /x 0",
    ],
    [
      "T-28 RFC 9110 section 7.8 (MUST NOT): the same with content",
      postWithUpgradeTo("IRC/6.9", "Content-Length: 2", "hi"),
      "POST /x 2",
    ],
    ["T-28 RFC 9110 section 9.1: methods have case", upgradeTo("IRC/6.9", "get /x HTTP/1.1"), "get /x 0"],
  ] as const) {
    it(`${row}: ignored`, () =>
      underTest(async ({ connect }) => {
        await expectIgnored((await connect()).send(request), line);
      }));
  }

  it("T-28 RFC 9110 section 7.8: the next offer that can honour it is taken", () =>
    underTest(async ({ connect }) => {
      const client = (await connect()).send(upgradeTo("IRC/6.9, foo/2", "POST /x HTTP/1.1"));
      await expectSwitch(client, "foo/2", "foo/2 POST /x\r\n");
    }));

  it("T-29 RFC 9110 section 7.8: OPTIONS * is answered in the new protocol", () =>
    underTest(async ({ connect }) => {
      const client = (await connect()).send(upgradeTo("foo/2", "OPTIONS * HTTP/1.1"));
      await expectSwitch(client, "foo/2", "foo/2 OPTIONS *\r\n");
    }));

  it("T-29 RFC 9110 section 7.8, 9.3.2: HEAD is ignored by a module that does not list it", () =>
    underTest(async ({ connect }) => {
      const client = (await connect()).send(upgradeTo("foo/2", "HEAD /x HTTP/1.1") + getTwo);
      expect(withoutDates(await client.end().rest())).to.equal(
        `HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n${described("GET /two 0")}`,
      );
    }));

  it("T-29 RFC 9110 section 7.8: HEAD is taken by a module that lists it", () =>
    underTest(
      async ({ connect }) => {
        const client = (await connect()).send(upgradeTo("own/1", "HEAD /x HTTP/1.1"));
        await expectSwitch(client, "own/1", "own/1 HEAD /x\r\n");
      },
      { protocols: [new LineProtocol(["own/1"], { methods: ["GET", "HEAD"] })] },
    ));
});

describe("RFC 9112 section 9: the connection up to the switch", () => {
  it("T-36 RFC 9112 section 9.3.2: what is pending before is answered whole, and then the 101 comes", async () => {
    const [asked, slow] = [gate(), gate()];
    const order: string[] = [];
    async function* content(): AsyncGenerator<string> {
      yield "slow";
      await slow.opened;
      order.push("content");
      yield "ly";
    }
    const accepts = new LineProtocol(["own/1"], {
      accept: () => {
        order.push("accept");
        return switchTo();
      },
    });
    await underTest(
      async ({ connect }) => {
        const client = (await connect()).send(`GET /slow HTTP/1.1\r\nHost: h\r\n\r\n${upgradeTo("own/1")}`);
        await asked.opened;
        expect(await client.takeUntil("slow\r\n")).to.match(/^HTTP\/1\.1 200 /);
        slow.open();
        const head = switchingHead("own/1");
        const rest = `2\r\nly\r\n0\r\n\r\n${head}own/1 GET /x\r\n`;
        expect(await client.take(rest.length)).to.equal(rest);
        expect(order).to.deep.equal(["content", "accept"]);
      },
      {
        protocols: [accepts],
        respond: () => {
          asked.open();
          return { body: content() };
        },
      },
    );
  });

  it("T-37 RFC 9110 section 7.8: an upgrade is the last request that maxRequests allows", () =>
    underTest(
      async ({ connect }) => {
        const client = (await connect()).send(getTwo);
        await expectOrdinary(client, "GET /two 0");
        await expectSwitch(client.send(upgradeTo("echo/1")), "echo/1", "GET /x\r\n");
      },
      { limits: { maxRequests: 2 } },
    ));

  it("T-37 RFC 9112 section 9.6: an offer that is ignored is a request as any other: the last one closes", () =>
    underTest(
      async ({ connect }) => {
        const client = (await connect()).send(getTwo + upgradeTo("nope/1") + getTwo);
        expect(withoutDates(await client.rest())).to.equal(
          described("GET /two 0") + described("GET /x 0", "Connection: close\r\n"),
        );
      },
      { limits: { maxRequests: 2 } },
    ));

  for (const options of ["Upgrade, close", "close, Upgrade"]) {
    it(`T-38 RFC 9110 section 7.6.1, RFC 9112 section 9.6: Connection: ${options} is switched: what closes is the HTTP connection`, () =>
      underTest(async ({ connect }) => {
        const request = `GET /x HTTP/1.1\r\nHost: h\r\nConnection: ${options}\r\nUpgrade: echo/1\r\n\r\n`;
        await expectSwitch((await connect()).send(request), "echo/1", "GET /x\r\n");
      }));
  }
});
