import { expect } from "chai";
import type { PeerErrorCode, ServerOptions } from "turnout";
import { overEveryDelivery } from "../support/every-delivery.ts";
import {
  expectOrdinary,
  expectRefused,
  expectSwitch,
  getTwo,
  optionsUnderTest,
  switchingHead,
  underTest,
  upgradeTo,
} from "../support/exchanges.ts";
import { LineProtocol } from "../support/modules.ts";

/**
 * Refused and closed, although the offer would be taken. `behind` is what follows the head, and is not read as a
 * request; by default a good one.
 */
function refuses(
  title: string,
  head: string,
  [status, code]: readonly [number, PeerErrorCode],
  { behind = getTwo, options = {} }: { readonly behind?: string; readonly options?: ServerOptions } = {},
): void {
  it(`${title}: ${status}, no 101`, () =>
    underTest(async ({ connect, server }) => {
      await expectRefused((await connect()).send(`${head}\r\n\r\n${behind}`), status);
      const { switched, answered, refused } = server.stats();
      expect([switched, answered, refused]).to.deep.equal([{}, {}, { [code]: 1 }]);
    }, options));
}

const upgrading = "Connection: Upgrade\r\nUpgrade: echo/1";

describe("RFC 9112: what is refused is not switched", () => {
  // Content that is right by either length, so that only the contradiction can be what is refused.
  for (const [what, framing, code] of [
    ["Content-Length and Transfer-Encoding", "Content-Length: 5\r\nTransfer-Encoding: chunked", "FRAMING"],
    ["Transfer-Encoding and Content-Length", "Transfer-Encoding: chunked\r\nContent-Length: 5", "FRAMING"],
    ["two lengths", "Content-Length: 5\r\nContent-Length: 6", "CONTENT_LENGTH"],
    ["two equal lengths", "Content-Length: 5\r\nContent-Length: 5", "CONTENT_LENGTH"],
    ["a signed length", "Content-Length: +5", "CONTENT_LENGTH"],
    ["chunked that is not last", "Transfer-Encoding: chunked, identity", "TRANSFER_ENCODING"],
    ["chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "TRANSFER_ENCODING"],
  ] as const) {
    const head = `POST /x HTTP/1.1\r\nHost: h\r\n${upgrading}\r\n${framing}`;
    refuses(`T-45 RFC 9112 section 6.1, 6.3: ${what}`, head, [400, `ERR_TURNOUT_${code}`], { behind: "0\r\n\r\n" });
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
    const head = `GET /x HTTP/1.1\r\n${host}${upgrading}`;
    refuses(`T-46 RFC 9112 section 3.2: ${what}`, head, [400, "ERR_TURNOUT_HOST"]);
  }

  for (const [clause, what, lines, code] of [
    ["5.2", "obs-fold inside Upgrade", "Connection: Upgrade\r\nUpgrade:\r\n echo/1", "FIELD_FOLDED"],
    ["5.2", "obs-fold inside Connection", "Connection: close,\r\n\tUpgrade\r\nUpgrade: echo/1", "FIELD_FOLDED"],
    ["5.1", "a space before the colon", "Connection: Upgrade\r\nUpgrade : echo/1", "FIELD_NAME"],
    ["5.1", "a tab before the colon", "Connection\t: Upgrade\r\nUpgrade: echo/1", "FIELD_NAME"],
    ["2.2", "a bare LF before Upgrade", "Connection: Upgrade\nUpgrade: echo/1", "LINE_END"],
    ["2.2", "a bare LF behind Upgrade", "Connection: Upgrade\r\nUpgrade: echo/1\n", "LINE_END"],
    ["2.2", "a bare CR inside Upgrade", "Connection: Upgrade\r\nUpgrade: echo\r/1", "LINE_END"],
    ["2.2", "a bare CR before Upgrade", "Connection: Upgrade\rUpgrade: echo/1", "LINE_END"],
  ] as const) {
    const head = `GET /x HTTP/1.1\r\nHost: h\r\n${lines}`;
    refuses(`T-47 RFC 9112 section ${clause}: ${what}`, head, [400, `ERR_TURNOUT_${code}`]);
  }
  refuses("T-47 RFC 9112 section 2.2: a bare LF behind the request line", `GET /x HTTP/1.1\nHost: h\r\n${upgrading}`, [
    400,
    "ERR_TURNOUT_LINE_END",
  ]);

  for (const [version, status, code] of [
    ["HTTP/2.0", 505, "VERSION_UNSUPPORTED"],
    ["HTTP/0.9", 505, "VERSION_UNSUPPORTED"],
    ["HTTP/11", 400, "VERSION"],
    ["http/1.1", 400, "VERSION"],
  ] as const) {
    const head = `GET /x ${version}\r\nHost: h\r\n${upgrading}`;
    refuses(`T-48 RFC 9110 section 6.2, RFC 9112 section 2.3: ${version}`, head, [status, `ERR_TURNOUT_${code}`]);
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
  refuses(
    "T-49 RFC 9110 section 5.4: a byte more than the limit",
    longest.replace("X:", "X: "),
    [431, "ERR_TURNOUT_HEAD_TOO_LARGE"],
    { options: limited },
  );
  refuses(
    "T-49 RFC 9110 section 5.4: one field more than the limit, Upgrade last",
    padded("X: y\r\nX: y\r\n"),
    [431, "ERR_TURNOUT_TOO_MANY_FIELDS"],
    { options: limited },
  );

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
      [501, "ERR_TURNOUT_CONNECT"],
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
