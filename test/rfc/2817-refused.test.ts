import { expect } from "chai";
import type { HttpRequest, ResponseLike } from "turnout";
import { EchoProtocol } from "turnout/echo";
import { TlsProtocol, type TlsProtocolOptions } from "turnout/tls";
import { deliveries } from "../support/cuts.ts";
import { describeRequest, expectIgnored, expectOrdinary, getTwo, underTest, upgradeTo } from "../support/exchanges.ts";
import { codeOf, rejectionOf } from "../support/failures.ts";
import type { RawClient } from "../support/raw-client.ts";
import { byUpgrade, certificate, servingTls, type TlsServing, tlsHead } from "../support/tls-serving.ts";

/** The application, and what it was asked. */
function witness(): { readonly asked: string[]; respond(request: HttpRequest): Promise<ResponseLike> } {
  const asked: string[] = [];
  return {
    asked,
    respond: (request) => {
      asked.push(`${request.method} ${request.target}`);
      return describeRequest(request);
    },
  };
}

/** Nothing comes but an alert of TLS (RFC 8446 section 6), and the end. */
async function expectNoHttp(client: RawClient): Promise<void> {
  expect(await client.gone()).to.match(/^(?:\x15\x03[\s\S]{5})?$/);
}

/** The handshake failed: the server told so once, and nothing was answered. */
async function expectFailed({ told, closings, server, faults }: TlsServing): Promise<void> {
  await closings(1);
  const [, ...behind] = told;
  expect(told[0]).to.equal("switched GET /x TLS/1.2");
  expect(behind.filter((what) => !what.startsWith("closed"))).to.deep.equal(["refused ERR_TURNOUT_TLS_HANDSHAKE"]);
  expect(behind.filter((what) => what.startsWith("closed"))).to.have.lengthOf(1);
  const { open, answered, refused, switched } = server.stats();
  expect([open, answered, refused]).to.deep.equal([0, {}, { ERR_TURNOUT_TLS_HANDSHAKE: 1 }]);
  expect(switched).to.deep.equal({ "TLS/1.2": { open: 0, total: 1 } });
  expect(faults).to.deep.equal([]);
}

/** Takes the 101, with whatever was sent behind the request. */
async function tlsUpgrade(serving: TlsServing, behind = ""): Promise<RawClient> {
  const client = (await serving.connect()).send(upgradeTo("TLS/1.2") + behind);
  expect(await client.takeUntil("\r\n\r\n")).to.equal(tlsHead());
  return client;
}

describe("T-86 RFC 2817 section 3.3: clear text behind the upgrade is no request", () => {
  const injected: readonly (readonly [what: string, bytes: string])[] = [
    ["a request", getTwo],
    ["one byte", "G"],
    [
      "a request by which a secret would become content",
      "POST /steal HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\n",
    ],
    ["a request that offers TLS again", upgradeTo("TLS/1.2")],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["a lone CRLF", "\r\n"],
    ["200 KiB", "GET /two HTTP/1.1\r\n".repeat(10_000)],
  ];
  for (const [what, bytes] of injected) {
    it(`T-86: ${what} in the same write; a handshake behind it does not help`, () => {
      const { asked, respond } = witness();
      return servingTls(
        byUpgrade,
        async (serving) => {
          const client = await tlsUpgrade(serving, bytes);
          await rejectionOf(serving.within(client));
          await expectFailed(serving);
          expect(asked).to.deep.equal([]);
        },
        { respond },
      );
    });

    it(`T-86: ${what} behind the 101`, () => {
      const { asked, respond } = witness();
      return servingTls(
        byUpgrade,
        async (serving) => {
          const client = await tlsUpgrade(serving);
          await expectNoHttp(client.send(bytes).end());
          await expectFailed(serving);
          expect(asked).to.deep.equal([]);
        },
        { respond },
      );
    });
  }

  it("T-86: a request cut anywhere", async function () {
    this.timeout(10_000);
    const { asked, respond } = witness();
    await servingTls(
      byUpgrade,
      async ({ connect, closings, server }) => {
        let count = 0;
        for (const { pieces, how } of deliveries(Buffer.from(upgradeTo("TLS/1.2") + getTwo))) {
          const client = await connect();
          for (const piece of pieces) {
            await client.sendSegment(piece);
          }
          const output = await client.end().gone();
          expect(output.slice(0, tlsHead().length), how).to.equal(tlsHead());
          expect(output.slice(tlsHead().length), how).to.match(/^(?:\x15\x03[\s\S]{5})?$/);
          await closings(++count);
        }
        expect(asked).to.deep.equal([]);
        expect(server.stats().answered).to.deep.equal({});
        expect(server.stats().refused).to.deep.equal({ ERR_TURNOUT_TLS_HANDSHAKE: count });
      },
      { respond },
    );
  });

  it("T-86: content is not mistaken for the handshake, nor what is behind it for content", () => {
    const { asked, respond } = witness();
    return servingTls(
      byUpgrade,
      async ({ connect, closings }) => {
        const head =
          "POST /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\nContent-Length: 5\r\n\r\n";
        const client = (await connect()).send(`${head}HELLO${getTwo}`);
        expect(await client.takeUntil("\r\n\r\n")).to.equal(tlsHead());
        await expectNoHttp(client.end());
        await closings(1);
        expect(asked).to.deep.equal([]);
      },
      { respond },
    );
  });
});

describe("T-88 RFC 2817 section 3.3: a handshake that fails ends the connection", () => {
  for (const [what, bytes] of [
    ["bytes that are no TLS", "\x00\x01\x02\x03\x04\x05\x06\x07\x08"],
    ["a record that is no handshake", "\x17\x03\x03\x00\x05HELLO"],
    ["a ClientHello that is none", "\x16\x03\x01\x00\x05HELLO"],
    ["a record longer than any may be", "\x16\x03\x01\xff\xff"],
    ["an alert", "\x15\x03\x01\x00\x02\x02\x28"],
    ["SSL 2's hello", "\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10"],
    ["the beginning of a ClientHello, and the end", "\x16\x03\x01\x02\x00\x01"],
    ["nothing but the end", ""],
  ] as const) {
    it(`T-88: ${what}`, () =>
      servingTls(byUpgrade, async (serving) => {
        await expectNoHttp((await tlsUpgrade(serving)).send(bytes).end());
        await expectFailed(serving);
      }));
  }

  for (const [what, behind] of [
    ["after the 101", ""],
    ["within the ClientHello", "\x16\x03\x01\x02\x00\x01"],
  ] as const) {
    it(`T-88: a reset ${what}`, () =>
      servingTls(byUpgrade, async (serving) => {
        const client = await tlsUpgrade(serving, behind);
        client.reset();
        await expectFailed(serving);
      }));
  }

  it("T-88: the client does not trust the certificate", () =>
    servingTls(byUpgrade, async (serving) => {
      const client = await tlsUpgrade(serving);
      const error = await rejectionOf(serving.within(client, { ca: [], maxVersion: "TLSv1.2" }));
      expect(codeOf(error)).to.equal("DEPTH_ZERO_SELF_SIGNED_CERT");
      await serving.closings(1);
      expect(serving.server.stats().open).to.equal(0);
    }));

  it("T-88: no version in common", () =>
    servingTls({ ...byUpgrade, minVersion: "TLSv1.3" }, async (serving) => {
      const client = await tlsUpgrade(serving);
      const error = await rejectionOf(serving.within(client, { maxVersion: "TLSv1.2" }));
      expect(codeOf(error)).to.equal("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
      await expectFailed(serving);
    }));

  it("T-88: a client that stalls", () =>
    servingTls({ ...byUpgrade, handshakeTimeout: 30 }, async (serving) => {
      await expectNoHttp(await tlsUpgrade(serving));
      await expectFailed(serving);
    }));
});

describe("T-89 RFC 2817: where TLS is not offered, Upgrade to it is ignored", () => {
  it("T-89: without the module", () =>
    underTest(
      async ({ connect }) => {
        await expectIgnored((await connect()).send(upgradeTo("TLS/1.2")));
      },
      { protocols: [new EchoProtocol()] },
    ));

  for (const [what, options] of [
    ["by default", {}],
    ["where both doors are closed", { implicit: false }],
  ] as const) {
    it(`T-89: ${what}`, () =>
      servingTls(options, async ({ connect }) => {
        await expectIgnored((await connect()).send(upgradeTo("TLS/1.2")));
      }));
  }

  it("T-89: inside implicit TLS", () =>
    servingTls({ upgrade: true, iAcceptDesync: true }, async ({ secure }) => {
      const { client } = await secure();
      await expectIgnored(client.send(upgradeTo("TLS/1.2")));
    }));

  it("T-89: TLS 1.0 and 1.1 alone", () =>
    servingTls(byUpgrade, async ({ connect }) => {
      await expectIgnored((await connect()).send(upgradeTo("TLS/1.0, TLS/1.1, TLS/2, TLS, SSL/3")));
    }));

  it("T-06: HTTP/1.0", () =>
    servingTls(byUpgrade, async ({ connect }) => {
      await expectOrdinary((await connect()).send(upgradeTo("TLS/1.2", "GET /x HTTP/1.0")), "GET /x 0");
    }));

  it("where Upgrade is the only door, a ClientHello is no request", () =>
    servingTls(byUpgrade, async ({ secure, server }) => {
      await rejectionOf(secure());
      expect(server.stats().switched).to.deep.equal({});
    }));
});

describe("T-90: two doors with one certificate", () => {
  const made = (options: TlsProtocolOptions): unknown => {
    try {
      return new TlsProtocol({ ...certificate, ...options });
    } catch (error) {
      return `${(error as Error).name} ${codeOf(error)}`;
    }
  };

  it("T-90: are refused, unless the embedding program says that it knows", () => {
    for (const options of [{ upgrade: true }, { upgrade: true, implicit: true, iAcceptDesync: false }]) {
      expect(made(options)).to.equal("UsageError ERR_TURNOUT_OPTION");
    }
    for (const options of [{}, { implicit: true }, byUpgrade, { upgrade: true, iAcceptDesync: true }]) {
      expect(made(options)).to.be.instanceOf(TlsProtocol);
    }
  });
});
