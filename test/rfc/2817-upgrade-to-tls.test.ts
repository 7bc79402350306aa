import { expect } from "chai";
import { type ResponseLike, upgradeRequired } from "turnout";
import { deliveries } from "../support/cuts.ts";
import {
  continueHead,
  described,
  describeRequest,
  expectOrdinary,
  expectSwitch,
  getTwo,
  postWithUpgradeTo,
  upgradeTo,
  withoutDates,
} from "../support/exchanges.ts";
import { byUpgrade, CutWire, servingTls, shortHello, tlsHead } from "../support/tls-serving.ts";
import { clientFrame, closeFrame, inWords, opcode, openWebSocket, takeFrame } from "../support/websocket-frames.ts";

/** What CUPS sends. */
const optionsForAll =
  "OPTIONS * HTTP/1.1\r\nConnection: upgrade\r\nHost: h\r\nUpgrade: TLS/1.2,TLS/1.1,TLS/1.0\r\nUser-Agent: CUPS\r\n\r\n";

describe("RFC 2817 section 3: a client upgrades to TLS, and is answered inside", () => {
  for (const [doors, options] of [
    ["Upgrade is the only door", byUpgrade],
    ["implicit TLS is open, too", { upgrade: true, iAcceptDesync: true }],
  ] as const) {
    it(`T-22, T-84 RFC 2817 section 3.2: OPTIONS *; ${doors}`, () =>
      servingTls(options, async ({ upgraded, told, server, faults }) => {
        const { client } = await upgraded(optionsForAll);
        await expectOrdinary(client, "OPTIONS * 0");
        client.send(getTwo);
        await expectOrdinary(client, "GET /two 0");
        expect(told).to.deep.equal([
          "switched OPTIONS * TLS/1.2",
          "answered OPTIONS * 200 inside",
          "answered GET /two 200 inside",
        ]);
        const { open, accepted, switched, answered, refused } = server.stats();
        expect([open, accepted, answered, refused]).to.deep.equal([1, 1, { 200: 2 }, {}]);
        expect(switched).to.deep.equal({ "TLS/1.2": { open: 1, total: 1 } });
        expect(faults).to.deep.equal([]);
      }));
  }

  it("T-84 RFC 2817 section 3.2: OPTIONS * answered without any content", () =>
    servingTls(
      byUpgrade,
      async ({ upgraded }) => {
        const { client } = await upgraded(optionsForAll);
        client.send(getTwo);
        const bytes = (await client.takeUntil("\r\n\r\n")) + (await client.takeUntil("\r\n\r\n"));
        expect(withoutDates(bytes)).to.equal("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".repeat(2));
      },
      { respond: () => ({}) },
    ));

  it("T-85 RFC 2817 section 3.1, 3.3: GET, and its answer byte for byte", () =>
    servingTls(byUpgrade, async ({ upgraded }) => {
      const { client } = await upgraded(upgradeTo("TLS/1.2"));
      expect(withoutDates(await client.end().rest())).to.equal(described("GET /x 0"));
    }));

  for (const [offer, token] of [
    ["TLS/1.2", "TLS/1.2"],
    ["TLS/1.3", "TLS/1.3"],
    ["TLS/1.3, TLS/1.2", "TLS/1.3"],
    ["TLS/1.2, TLS/1.3", "TLS/1.2"],
    ["TLS/1.0, TLS/1.1, TLS/1.2", "TLS/1.2"],
    ["tls/1.2", "TLS/1.2"],
  ] as const) {
    it(`T-22 RFC 2817 section 3.3: Upgrade: ${offer}: the 101 names ${token}, and then HTTP/1.1`, () =>
      servingTls(byUpgrade, async ({ connect, within }) => {
        const clear = (await connect()).send(upgradeTo(offer));
        expect(await clear.takeUntil("\r\n\r\n")).to.equal(tlsHead(token));
        const { client } = await within(clear);
        await expectOrdinary(client, "GET /x 0");
      }));
  }

  it("T-85: POST with content", () =>
    servingTls(byUpgrade, async ({ upgraded }) => {
      const { client } = await upgraded(postWithUpgradeTo("TLS/1.2", "Content-Length: 5", "HELLO"));
      await expectOrdinary(client, "POST /x 5");
      client.send(getTwo);
      await expectOrdinary(client, "GET /two 0");
    }));

  it("T-85: POST with content in chunks; the content comes whole", () =>
    servingTls(
      byUpgrade,
      async ({ upgraded }) => {
        const chunks = "5\r\nHELLO\r\n6\r\n WORLD\r\n0\r\n\r\n";
        const { client } = await upgraded(postWithUpgradeTo("TLS/1.2", "Transfer-Encoding: chunked", chunks));
        expect((await client.response()).body).to.equal("HELLO WORLD");
        client.send(getTwo);
        expect((await client.response()).body).to.equal("");
      },
      { respond: async (request) => ({ body: await request.text() }) },
    ));

  it("T-85: POST that waits for a 100 before its content", () =>
    servingTls(byUpgrade, async ({ connect, within }) => {
      const framing = "Expect: 100-continue\r\nContent-Length: 5";
      const clear = (await connect()).send(postWithUpgradeTo("TLS/1.2", framing));
      expect(await clear.takeUntil("\r\n\r\n")).to.equal(continueHead);
      expect(await clear.send("HELLO").takeUntil("\r\n\r\n")).to.equal(tlsHead());
      const { client } = await within(clear);
      await expectOrdinary(client, "POST /x 5");
    }));

  it("T-41: more content than can be kept is answered in clear text", () =>
    servingTls(byUpgrade, async ({ connect }) => {
      const client = (await connect()).send(
        postWithUpgradeTo("TLS/1.2", "Content-Length: 65537", "x".repeat(65_537)) + getTwo,
      );
      await expectOrdinary(client, "POST /x 65537");
      await expectOrdinary(client, "GET /two 0");
    }));

  it("T-85: 65,536 bytes of content, the most that can be kept", () =>
    servingTls(byUpgrade, async ({ upgraded }) => {
      const framing = "Content-Length: 65536";
      const { client } = await upgraded(postWithUpgradeTo("TLS/1.2", framing, "x".repeat(65_536)));
      await expectOrdinary(client, "POST /x 65536");
    }));

  for (const [method, answer] of [
    ["HEAD", ""],
    ["DELETE", "DELETE /x 0\n"],
    ["X-OWN", "X-OWN /x 0\n"],
  ] as const) {
    it(`T-85: ${method}`, () =>
      servingTls(byUpgrade, async ({ upgraded }) => {
        const { client } = await upgraded(upgradeTo("TLS/1.2", `${method} /x HTTP/1.1`));
        const { status, body } = await client.response(method === "HEAD" ? "HEAD" : "GET");
        expect([status, body]).to.deep.equal([200, answer]);
        client.send(getTwo);
        await expectOrdinary(client, "GET /two 0");
      }));
  }

  it("T-36: behind an earlier request whose answer takes its time", () => {
    let answer = (_: ResponseLike): void => {};
    const slow = new Promise<ResponseLike>((resolve) => {
      answer = resolve;
    });
    return servingTls(
      byUpgrade,
      async ({ connect, within }) => {
        const clear = await connect();
        await clear.sendSegment(getTwo + upgradeTo("TLS/1.2"));
        answer({ body: "slow\n" });
        await expectOrdinary(clear, "slow");
        expect(await clear.takeUntil("\r\n\r\n")).to.equal(tlsHead());
        await expectOrdinary((await within(clear)).client, "GET /x 0");
      },
      { respond: (request) => (request.path === "/two" ? slow : describeRequest(request)) },
    );
  });

  it("RFC 9110 section 15.5.22: 426 names TLS/1.2, and the same connection is upgraded", () =>
    servingTls(
      byUpgrade,
      async ({ connect, within }) => {
        const clear = (await connect()).send(getTwo);
        const refusal = await clear.response();
        expect(refusal.status).to.equal(426);
        expect(refusal.field("upgrade")).to.equal("TLS/1.2");
        expect(refusal.field("connection")).to.equal("Upgrade");
        clear.send(upgradeTo("TLS/1.2", "GET /two HTTP/1.1"));
        expect(await clear.takeUntil("\r\n\r\n")).to.equal(tlsHead());
        await expectOrdinary((await within(clear)).client, "GET /two 0");
      },
      { respond: (request) => (request.secure ? describeRequest(request) : upgradeRequired("TLS/1.2")) },
    ));

  it("T-12, T-87 RFC 9931: a ClientHello glued to the head, and both cut anywhere", async function () {
    this.timeout(20_000);
    await servingTls(byUpgrade, async ({ connect, within, server, told }) => {
      const head = upgradeTo("TLS/1.2");
      let places: number | undefined;
      for (let at = 0; at < (places ?? 1); at++) {
        const wire = new CutWire(
          await connect(),
          (flight) => {
            const all = [...deliveries(flight)];
            places = all.length;
            return all[at]!.pieces;
          },
          head,
        );
        const { client } = await within({ stream: wire }, shortHello);
        expect(wire.answer, `${at}`).to.equal(tlsHead());
        await expectOrdinary(client, "GET /x 0");
        client.stream.destroy();
      }
      expect(places).to.be.greaterThan(head.length + 50);
      expect(server.stats().refused).to.deep.equal({});
      expect(told.filter((what) => what.startsWith("answered"))).to.have.lengthOf(places!);
    });
  });
});

describe("RFC 2817 section 3.3: what is spoken inside", () => {
  it("an Upgrade to echo/1 in the second request", () =>
    servingTls(byUpgrade, async ({ upgraded, told, server, closings }) => {
      const { client } = await upgraded(upgradeTo("TLS/1.2"));
      await expectOrdinary(client, "GET /x 0");
      client.send(upgradeTo("echo/1", "GET /y HTTP/1.1"));
      await expectSwitch(client, "echo/1", "GET /y\r\n");
      expect(server.stats().open).to.equal(1);
      expect(await client.end().rest()).to.equal("");
      await closings(1);
      expect(told).to.deep.equal([
        "switched GET /x TLS/1.2",
        "answered GET /x 200 inside",
        "switched GET /y echo/1",
        "closed",
      ]);
    }));

  it("a WebSocket in the second request", () =>
    servingTls(byUpgrade, async ({ upgraded }) => {
      const { client } = await upgraded(upgradeTo("TLS/1.2"));
      await expectOrdinary(client, "GET /x 0");
      await openWebSocket(client);
      client.send(clientFrame(opcode.text, "hello"));
      expect(inWords(await takeFrame(client))).to.equal('text "hello"');
      client.send(closeFrame(1000));
      expect(inWords(await takeFrame(client))).to.equal("close 1000");
      expect(await client.rest()).to.equal("");
    }));

  for (const [where, offer] of [
    ["to TLS", "TLS/1.2"],
    ["to TLS among others that are unknown", "nope/1, TLS/1.3, TLS/1.2"],
  ] as const) {
    it(`T-89: an Upgrade ${where} is ignored`, () =>
      servingTls(byUpgrade, async ({ upgraded }) => {
        const { client } = await upgraded(upgradeTo("TLS/1.2"));
        await expectOrdinary(client, "GET /x 0");
        client.send(upgradeTo(offer) + getTwo);
        await expectOrdinary(client, "GET /x 0");
        await expectOrdinary(client, "GET /two 0");
      }));
  }
});
