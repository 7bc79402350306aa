import { expect } from "chai";
import { Http2Protocol } from "turnout/http2";
import { deliveries } from "../support/cuts.ts";
import { deliver } from "../support/every-delivery.ts";
import { describeRequest, expectOrdinary, getTwo, nextClosed } from "../support/exchanges.ts";
import { servingBehind, tcpFront } from "../support/fronts.ts";
import { clientOpening, clientPreface, http2FramesIn, pseudoFields, requestOn } from "../support/http2-frames.ts";
import { Http2Raw, openHttp2 } from "../support/http2-raw.ts";
import { ask, servingHttp2 } from "../support/http2-serving.ts";

const options = { protocols: [new Http2Protocol()], respond: describeRequest };

describe("RFC 9113 section 3.3: prior knowledge", () => {
  it("T-72: Node's own client, and HTTP/1.1 on other connections of the same port", () =>
    servingHttp2(async ({ session, connect, server, faults }) => {
      const [old, http2] = [await connect(), session()];
      const { status, body } = await ask(http2, { ":path": "/a" });
      expect([status, body.toString()]).to.deep.equal([200, "GET /a 0\n"]);
      await expectOrdinary(old.send(getTwo), "GET /two 0");
      expect((await ask(http2, { ":method": "POST", ":path": "/b" }, "12345")).body.toString()).to.equal("POST /b 5\n");
      expect([server.stats().switched, faults]).to.deep.equal([{ h2: { open: 1, total: 1 } }, []]);
    }));

  it("T-72: however the preface, SETTINGS and a request are cut", async function () {
    this.timeout(60_000);
    await servingBehind(tcpFront, options, async ({ connect, sockets, server, faults }) => {
      let total = 0;
      for (const { how, pieces } of deliveries(Buffer.concat([clientOpening, requestOn(1)]))) {
        const client = await connect();
        if (how === "byte by byte") {
          for (const piece of pieces) {
            await client.sendSegment(piece);
          }
        } else {
          await deliver(client, sockets.at(-1)!, pieces.slice(0, 1));
          client.send(Buffer.concat(pieces.slice(1)));
        }
        const http2 = new Http2Raw(client);
        expect((await http2.answerOn(1)).body, how).to.equal("GET /x 0\n");
        expect(http2.seen[0], how).to.equal("settings");
        client.stream.destroy();
        total++;
      }
      expect([server.stats().answered, server.stats().refused, faults]).to.deep.equal([{ 200: total }, {}, []]);
    });
  });

  for (const method of ["POST", "PUT", "PATCH", "PROPFIND", "PRI", "PRIX", "P"]) {
    it(`T-72: ${method} begins like the preface, and is HTTP/1.1, however it is cut`, async function () {
      this.timeout(20_000);
      await servingBehind(tcpFront, options, async ({ connect, sockets, server }) => {
        for (const { how, pieces } of deliveries(
          Buffer.from(`${method} /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi`),
        )) {
          const client = await connect();
          await deliver(client, sockets.at(-1)!, pieces);
          expect((await client.response()).body, how).to.equal(`${method} /x 2\n`);
          client.stream.destroy();
        }
        expect(server.stats().switched).to.deep.equal({});
      });
    });
  }

  it("T-72: other connections are served while one has not said what it speaks", () =>
    servingHttp2(async ({ connect, session }) => {
      const late = await connect();
      await late.sendSegment("P");
      expect((await ask(session())).status).to.equal(200);
      await expectOrdinary((await connect()).send(getTwo), "GET /two 0");
      late.send("OST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
      await expectOrdinary(late, "POST /x 0");
    }));

  it("T-72: the event `opened`, and a connection that counts once", () =>
    servingHttp2(async ({ session, server }) => {
      const events: string[] = [];
      server.on("opened", (token) => events.push(`opened ${token}`));
      server.on("switched", (_request, token) => events.push(`switched ${token}`));
      server.on("answered", ({ httpVersion, target }, status) => events.push(`${httpVersion} ${target} ${status}`));
      server.on("closed", (error) => events.push(`closed ${error?.code}`));
      const http2 = session();
      await ask(http2, { ":path": "/a" });
      await ask(http2, { ":path": "/b" });
      const closed = nextClosed(server);
      http2.close();
      await closed;
      expect(events).to.deep.equal(["opened h2", "2.0 /a 200", "2.0 /b 200", "closed undefined"]);
      const { open, accepted, answered, switched } = server.stats();
      expect({ open, accepted, answered, switched }).to.deep.equal({
        open: 0,
        accepted: 1,
        answered: { 200: 2 },
        switched: { h2: { open: 0, total: 1 } },
      });
    }));
});

describe("RFC 9113 section 3.4: what only resembles the preface", () => {
  for (const [what, bytes] of [
    ["a wrong last byte", `${clientPreface.slice(0, -1)}X`],
    ["HTTP/1.1 behind the first line", "PRI * HTTP/2.0\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"],
    ["fields behind the first line", "PRI * HTTP/2.0\r\nHost: h\r\n\r\n"],
    ["bare line feeds", "PRI * HTTP/2.0\n\nSM\n\n0000000000000000"],
    ["the preface without its first bytes of SM", "PRI * HTTP/2.0\r\n\r\n\r\n\r\n0000"],
  ] as const) {
    it(`T-72: ${what}: closed without an answer of HTTP/1.1`, () =>
      servingHttp2(async ({ connect, server }) => {
        const closed = nextClosed(server);
        const client = (await connect()).send(bytes);
        const output = await client.gone();
        await closed;
        expect(output).not.to.include("HTTP/1");
        expect(http2FramesIn(output).map(({ type }) => type)).to.satisfy((types: number[]) =>
          types.every((one) => one === 4 || one === 7),
        );
        expect([server.stats().answered, server.stats().open]).to.deep.equal([{}, 0]);
      }));
  }

  it("T-72: wherever in the tail the wrong byte stands", async function () {
    this.timeout(20_000);
    await servingHttp2(async ({ connect, server }) => {
      for (let at = 14; at < clientPreface.length; at++) {
        const client = (await connect()).send(`${clientPreface.slice(0, at)}\0${clientPreface.slice(at + 1)}${getTwo}`);
        expect(await client.gone(), `at ${at}`).not.to.include("HTTP/1");
        client.stream.destroy();
      }
      expect(server.stats().answered).to.deep.equal({});
    });
  });

  it("T-72: what differs before the version is known is a bad request of HTTP/1.1", () =>
    servingHttp2(async ({ connect }) => {
      for (const bytes of [
        "PRI * HTTP/1.1\r\nHost: h\r\n\r\n",
        "PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n",
        "PRI /x HTTP/2.0\r\n\r\n",
      ]) {
        const client = (await connect()).send(bytes);
        expect((await client.response()).status, bytes).to.be.oneOf([400, 505]);
        expect(await client.rest()).to.equal("");
      }
    }));

  for (const before of [getTwo, "POST /two HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"]) {
    it(`T-73: the preface as second request (behind ${before.slice(0, 4).trim()}): refused, and closed`, () =>
      servingHttp2(async ({ connect, server }) => {
        const client = (await connect()).send(before);
        expect((await client.response()).status).to.equal(200);
        client.send(Buffer.concat([clientOpening, requestOn(1, pseudoFields("/internal"))]));
        const refusal = await client.response();
        expect(refusal.status).to.be.oneOf([400, 505]);
        expect(refusal.field("connection")).to.equal("close");
        expect(await client.rest()).to.equal("");
        expect(server.stats().switched).to.deep.equal({});
      }));
  }

  for (const length of [1, 3, 14, 18, 23]) {
    it(`T-72: ${length} bytes of the preface, and no more: closed after headMs, without a word`, () =>
      servingHttp2(
        async ({ connect, server }) => {
          const closed = nextClosed(server);
          const client = await connect();
          client.send(clientPreface.slice(0, length));
          expect(await client.rest()).to.equal("");
          client.end();
          await closed;
          const { open, answered, switched } = server.stats();
          expect([open, answered, switched]).to.deep.equal([0, {}, {}]);
        },
        { timeouts: { headMs: 50 } },
      ));

    it(`T-72: ${length} bytes of the preface while the server closes: closed, without a word`, () =>
      servingHttp2(async ({ connect, server }) => {
        const client = await connect();
        await client.sendSegment(clientPreface.slice(0, length));
        const closing = server.close();
        expect(await client.rest()).to.equal("");
        client.end();
        const { http, switched } = await closing;
        expect([http, switched]).to.deep.equal([{ closed: 1, destroyed: 0 }, {}]);
      }));
  }

  it("T-72: nothing at all until headMs, and FIN, and RST: closed", () =>
    servingHttp2(
      async ({ connect, server }) => {
        const silent = await connect();
        expect(await silent.rest()).to.equal("");
        silent.end();
        const ended = (await connect()).end();
        expect(await ended.rest()).to.equal("");
        const gone = await connect();
        const closed = nextClosed(server);
        gone.reset();
        await closed;
        expect(server.stats().answered).to.deep.equal({});
      },
      { timeouts: { headMs: 50 } },
    ));

  it("T-72 RFC 9113 section 3.4: requests at once behind the opening are answered; frames without a preface are not", () =>
    servingHttp2(async ({ connect }) => {
      const http2 = openHttp2(await connect(), requestOn(1), requestOn(3));
      expect((await http2.answerOn(3)).status).to.equal(200);
      expect((await http2.answerOn(1)).status).to.equal(200);
      const client = (await connect()).send(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
      expect((await client.response()).status).to.equal(400);
    }));
});
