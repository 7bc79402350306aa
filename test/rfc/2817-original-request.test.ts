import { expect } from "chai";
import type { HttpRequest, ResponseLike } from "turnout";
import { expectOrdinary, upgradeTo } from "../support/exchanges.ts";
import { byUpgrade, servingTls } from "../support/tls-serving.ts";

/** Says where a request came, and what it said of its host and its fields. */
async function describeFields(request: HttpRequest): Promise<ResponseLike> {
  const names = [...request.headers].map(([name, value]) => `${name.toLowerCase()}=${value}`);
  return { body: `${request.secure ? "inside" : "in clear"} ${request.host} ${names.join(" ")}\n` };
}

describe("RFC 2817 section 3.3: the request that is answered inside TLS is the one that was sent", () => {
  it("T-85 RFC 9110 section 7.6.1: the fields of the request, but for those of its connection", () =>
    servingTls(
      byUpgrade,
      async ({ upgraded }) => {
        const fields = "Cookie: a=b\r\nX-Twice: 1\r\nX-Twice: 2\r\nX-Latin: \xe9";
        const { client } = await upgraded(
          `GET /x HTTP/1.1\r\nHost: h:1\r\n${fields}\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n`,
        );
        expect((await client.response()).body).to.equal(
          "inside h:1 host=h:1 cookie=a=b x-twice=1 x-twice=2 x-latin=\xc3\xa9\n",
        );
      },
      { respond: describeFields },
    ));

  it("T-50 RFC 9112 section 3.2.2: an absolute-form target keeps its host", () =>
    servingTls(
      byUpgrade,
      async ({ upgraded }) => {
        const { client } = await upgraded(upgradeTo("TLS/1.2", "GET http://there:81/x HTTP/1.1"));
        expect((await client.response()).body).to.match(/^inside there:81 /);
      },
      { respond: describeFields },
    ));

  for (const option of ["Content-Length", "Host", "X-Forwarded-For", "Authorization"]) {
    it(`T-95 RFC 9110 section 7.6.1: Connection: Upgrade, ${option} takes nothing away`, () =>
      servingTls(
        byUpgrade,
        async ({ upgraded }) => {
          const { client } = await upgraded(
            `POST /x HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.1\r\nAuthorization: Basic eA==\r\nConnection: Upgrade, ${option}\r\nUpgrade: TLS/1.2\r\nContent-Length: 5\r\n\r\nHELLO`,
          );
          expect((await client.response()).body).to.equal("h 192.0.2.1 Basic eA== HELLO\n");
        },
        {
          respond: async (request) => {
            const [forwarded, authorization] = ["x-forwarded-for", "authorization"].map((n) => request.headers.get(n));
            return { body: `${request.host} ${forwarded} ${authorization} ${await request.text()}\n` };
          },
        },
      ));
  }

  it("T-49: a head as long as the limit is not too long inside", () => {
    const fields = Array.from({ length: 97 }, (_, at) => `x${at}:y\r\n`).join("");
    const head = `GET /x HTTP/1.1\r\nHost:h\r\nConnection:Upgrade\r\nUpgrade:TLS/1.2\r\n${fields}\r\n`;
    return servingTls(
      byUpgrade,
      async ({ upgraded }) => {
        const { client } = await upgraded(head);
        await expectOrdinary(client, "GET /x 0");
      },
      { limits: { maxHeadBytes: head.length } },
    );
  });
});
