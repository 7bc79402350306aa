import { once } from "node:events";
import { expect } from "chai";
import type { ServerOptions } from "turnout";
import { describeRequest, expectOrdinary, expectRefused, gate, getTwo } from "../support/exchanges.ts";
import { serving } from "../support/serving.ts";

const getX = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";

/** The server under test; `/x` is answered when the test says so. */
function withX(options: ServerOptions = {}) {
  const [asked, answer] = [gate(), gate()];
  const respond: ServerOptions["respond"] = async (request) => {
    if (request.path === "/x") {
      asked.open();
      await answer.opened;
    }
    return describeRequest(request);
  };
  return { options: { respond, ...options }, asked: asked.opened, answer: answer.open };
}

describe("the HTTP/1.1 track", () => {
  for (const method of ["POST", "HEAD"] as const) {
    it(`RFC 9110 section 15.5.14: a length beyond maxBodyBytes is refused unread, to ${method}`, () =>
      serving({ respond: describeRequest, limits: { maxBodyBytes: 10 } }, async ({ connect, server }) => {
        const client = (await connect()).send(`${method} /x HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n`);
        const seen = await client.response(method === "HEAD" ? "HEAD" : "GET");
        expect([seen.status, seen.field("connection"), await client.rest()]).to.deep.equal([413, "close", ""]);
        expect(server.stats()).to.deep.include({ refused: { ERR_TURNOUT_CONTENT_TOO_LARGE: 1 }, answered: {} });
      }));
  }

  it("RFC 9110 section 15.5.14: a length of maxBodyBytes is taken", () =>
    serving({ respond: describeRequest, limits: { maxBodyBytes: 10 } }, async ({ connect }) => {
      const client = (await connect()).send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n1234567890");
      await expectOrdinary(client.send(getTwo), "POST /x 10");
      await expectOrdinary(client, "GET /two 0");
    }));

  it("RFC 9112 section 9.6: closing, an answer that was announced to go on is the last all the same", async () => {
    const goOn = gate();
    const body = async function* () {
      yield "a";
      await goOn.opened;
      yield "b";
    };
    await serving({ respond: () => ({ body: body() }) }, async ({ connect, server }) => {
      const client = (await connect()).send(getX);
      client.stream.once("end", () => client.end());
      const head = await client.takeUntil("\r\n\r\n");
      expect(head).not.to.match(/^connection:/im);
      await client.takeUntil("1\r\na\r\n");
      const closing = server.close();
      goOn.open();
      expect(await client.rest()).to.equal("1\r\nb\r\n0\r\n\r\n");
      expect((await closing).http).to.deep.equal({ closed: 1, destroyed: 0 });
    });
  });

  it("RFC 9112 section 9.6: closing, a request that was begun is answered, and nothing behind it", async () => {
    const { options, asked, answer } = withX();
    await serving(options, async ({ connect, server }) => {
      const client = (await connect()).send(getX + getTwo);
      client.stream.once("end", () => client.end());
      await asked;
      const closing = server.close();
      answer();
      expect((await expectOrdinary(client, "GET /x 0")).field("connection")).to.equal("close");
      expect(await client.rest()).to.equal("");
      await closing;
      expect(server.stats().answered).to.deep.equal({ 200: 1 });
    });
  });

  it("RFC 9112 section 8: a head that is cut off gets no answer, and is nobody's fault", () =>
    serving({ respond: describeRequest }, async ({ connect, server }) => {
      const closed = once(server, "closed");
      const client = (await connect()).send(`${getTwo}GET /x HT`).end();
      await expectOrdinary(client, "GET /two 0");
      expect([await client.rest(), await closed, server.stats().refused]).to.deep.equal(["", [undefined], {}]);
    }));

  it("RFC 9112 section 9.3.2: a client that ends behind its requests gets all the answers", async () => {
    const { options, asked, answer } = withX();
    await serving(options, async ({ connect }) => {
      const client = (await connect()).send(getX + getTwo).end();
      await asked;
      answer();
      await expectOrdinary(client, "GET /x 0");
      await expectOrdinary(client, "GET /two 0");
      expect(await client.rest()).to.equal("");
    });
  });

  it("RFC 9110 section 15.5.9: headMs counts from a head's first byte", () => {
    const timeouts = { headMs: 30, keepAliveMs: 60_000 };
    return serving({ respond: describeRequest, timeouts }, async ({ connect }) => {
      const idle = (await connect()).send(getTwo);
      await expectOrdinary(idle, "GET /two 0");
      const slow = (await connect()).send(`${getTwo}GET`);
      await expectOrdinary(slow, "GET /two 0");
      await expectRefused(slow, 408);
      await expectOrdinary(idle.send(getTwo), "GET /two 0"); // headMs are over, and nothing had begun
    });
  });
});
