import { expect } from "chai";
import { deliveries } from "../support/cuts.ts";
import { deliver } from "../support/every-delivery.ts";
import {
  continueHead,
  described,
  getTwo,
  optionsUnderTest,
  postWithUpgradeTo,
  switchingHead,
  upgradeTo,
  withoutDates,
} from "../support/exchanges.ts";
import { type Front, servingBehind, tcpFront, tlsFront } from "../support/fronts.ts";

const early = "0123456789abcdef".repeat(6_400);

/** What the client sends before its FIN, and all that it gets. */
const scripts: readonly (readonly [row: string, input: string, output: string])[] = [
  ["T-01", upgradeTo("example/1, foo/2"), `${switchingHead("foo/2")}foo/2 GET /x\r\n`],
  ["T-10", upgradeTo("nope/1") + getTwo, described("GET /x 0") + described("GET /two 0")],
  ["T-14", upgradeTo("foo/1, foo/2"), `${switchingHead("foo/1")}foo/1 GET /x\r\n`],
  ["T-21", `${upgradeTo("websocket")}ping`, `${switchingHead("websocket")}ping`],
  ["T-28", upgradeTo("IRC/6.9", "DELETE /x HTTP/1.1"), described("DELETE /x 0")],
  ["T-36", getTwo + upgradeTo("echo/1"), `${described("GET /two 0")}${switchingHead("echo/1")}GET /x\r\n`],
  [
    "T-39",
    `${postWithUpgradeTo("foo/2", "Content-Length: 5", "HELLO")}NEWPROTO`,
    `${switchingHead("foo/2")}foo/2 POST /x HELLO\r\nNEWPROTO`,
  ],
  [
    "T-40",
    `${postWithUpgradeTo("foo/2", "Transfer-Encoding: chunked", "5\r\nHELLO\r\n0\r\nCheck: 1\r\n\r\n")}NEWPROTO`,
    `${switchingHead("foo/2")}foo/2 POST /x HELLO Check=1\r\nNEWPROTO`,
  ],
  [
    "T-42",
    postWithUpgradeTo("foo/2", "Expect: 100-continue\r\nContent-Length: 5", "HELLO"),
    `${continueHead}${switchingHead("foo/2")}foo/2 POST /x HELLO\r\n`,
  ],
  ["T-52", upgradeTo("echo/1") + early, `${switchingHead("echo/1")}GET /x\r\n${early}`],
];

const fronts: readonly (readonly [string, Front])[] = [
  ["TCP", tcpFront],
  ["TLS", tlsFront()],
];

describe("T-60 RFC 9110 section 7.8: the same bytes over TLS", () => {
  for (const [wire, front] of fronts) {
    for (const [row, input, output] of scripts) {
      it(`T-60, ${row} over ${wire}: a script, and the client's end behind it`, () =>
        servingBehind(front, optionsUnderTest(), async ({ connect, server, faults }) => {
          const client = (await connect()).send(input).end();
          expect(withoutDates(await client.rest())).to.equal(output);
          expect(faults).to.deep.equal([]);
          expect(server.stats().refused).to.deep.equal({});
        }));
    }

    it(`T-60, T-12 over ${wire}: cut anywhere`, async function () {
      this.timeout(10_000);
      await servingBehind(front, optionsUnderTest(), async ({ connect, sockets }) => {
        for (const { how, pieces } of deliveries(Buffer.from(`${upgradeTo("echo/1")}EARLY`))) {
          const client = await connect();
          await deliver(client, sockets.at(-1)!, pieces);
          expect(await client.end().rest(), how).to.equal(`${switchingHead("echo/1")}GET /x\r\nEARLY`);
          client.stream.destroy();
        }
      });
    });
  }

  it("T-60: the request says that it came over TLS", () =>
    servingBehind(fronts[1]![1], { respond: ({ secure }) => ({ body: `secure: ${secure}` }) }, async ({ connect }) => {
      const client = (await connect()).send(getTwo);
      expect((await client.response()).body).to.equal("secure: true");
    }));
});
