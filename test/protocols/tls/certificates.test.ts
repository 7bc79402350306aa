import { createSecureContext } from "node:tls";
import { expect } from "chai";
import { selfSigned } from "turnout/testing";
import { TlsProtocol, type TlsProtocolOptions } from "turnout/tls";
import { expectOrdinary, getTwo } from "../../support/exchanges.ts";
import { codeOf, failureOf, rejectionOf } from "../../support/failures.ts";
import { clientCertificate } from "../../support/tls-client-certificate.ts";
import { byUpgrade, certificate, certificateOf, servingTls } from "../../support/tls-serving.ts";

const other = selfSigned();
/** Both certificates have one name, so that a client cannot be told to trust the two of them. */
const anyOf = { rejectUnauthorized: false };

describe("TlsProtocol: certificates", () => {
  for (const [what, options] of [
    ["a certificate that is none", { cert: "none", key: certificate.key }],
    ["a key that is none", { cert: certificate.cert, key: "none" }],
    ["the key of another certificate", { cert: certificate.cert, key: other.key }],
    ["ciphers that are none", { ...certificate, ciphers: "none" }],
    ["a version that is none", { ...certificate, minVersion: "TLSv9" as "TLSv1.3" }],
  ] as readonly (readonly [string, TlsProtocolOptions])[]) {
    it(`${what}: thrown at once`, () => {
      expect(failureOf(() => new TlsProtocol(options))).to.be.instanceOf(Error);
    });
  }

  it("setSecureContext: new connections see the new certificate, old ones go on", () =>
    servingTls({}, async ({ secure, protocol }) => {
      const old = await secure(anyOf);
      expect(certificateOf(old.tls)).to.equal(certificate.cert);
      protocol.setSecureContext(other);
      const young = await secure(anyOf);
      expect(certificateOf(young.tls)).to.equal(other.cert);
      await expectOrdinary(old.client.send(getTwo), "GET /two 0");
      await expectOrdinary(young.client.send(getTwo), "GET /two 0");
    }));

  it("setSecureContext before the first connection", () =>
    servingTls({}, async ({ secure, protocol }) => {
      protocol.setSecureContext(other);
      expect(certificateOf((await secure(anyOf)).tls)).to.equal(other.cert);
    }));

  it("setSecureContext keeps the other options", () =>
    servingTls({ minVersion: "TLSv1.3" }, async ({ secure, protocol }) => {
      await secure();
      protocol.setSecureContext(other);
      const error = await rejectionOf(secure({ ...anyOf, maxVersion: "TLSv1.2" }));
      expect(codeOf(error)).to.equal("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
    }));

  it("SNICallback chooses the certificate by name", () => {
    const names: string[] = [];
    const SNICallback: TlsProtocolOptions["SNICallback"] = (name, done) => {
      names.push(name);
      done(null, name === "other.example" ? createSecureContext(other) : undefined);
    };
    return servingTls({ SNICallback }, async ({ secure }) => {
      const checkServerIdentity = (): undefined => undefined;
      const { tls } = await secure({ ...anyOf, servername: "other.example", checkServerIdentity });
      expect(certificateOf(tls)).to.equal(other.cert);
      expect(certificateOf((await secure(anyOf)).tls)).to.equal(certificate.cert);
      expect(names).to.deep.equal(["other.example", "localhost"]);
    });
  });

  it("SNICallback that fails: a failed handshake, and nothing else", () =>
    servingTls({ SNICallback: (_, done) => done(new Error("no")) }, async ({ secure, closings, server, faults }) => {
      await rejectionOf(secure());
      await closings(1);
      expect(server.stats()).to.deep.include({ open: 0, refused: { ERR_TURNOUT_TLS_HANDSHAKE: 1 } });
      expect(faults).to.deep.equal([]);
    }));

  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    const required = { requestCert: true, ca: clientCertificate.cert };

    it(`${maxVersion}: a client certificate that is required, and there`, () =>
      servingTls(required, async ({ secure }) => {
        const { client } = await secure({ ...clientCertificate, maxVersion });
        await expectOrdinary(client.send(getTwo), "GET /two 0");
      }));

    for (const [what, options] of [
      ["missing", {}],
      ["of somebody else", certificate],
    ] as const) {
      it(`${maxVersion}: a client certificate that is required, and ${what}: nothing is answered`, () =>
        servingTls(required, async ({ secure, closings, server, told }) => {
          // In TLS 1.3 the client hears of it when it reads.
          await secure({ ...options, maxVersion }).then(
            async ({ client }) => expect(await client.send(getTwo).gone()).to.equal(""),
            () => {},
          );
          await closings(1);
          expect(server.stats()).to.deep.include({
            open: 0,
            answered: {},
            refused: { ERR_TURNOUT_TLS_HANDSHAKE: 1 },
          });
          expect(told).to.have.lengthOf(3);
        }));
    }

    it(`${maxVersion}: the same behind an Upgrade`, () =>
      servingTls({ ...byUpgrade, ...required }, async ({ connect, within, closings, server }) => {
        const clear = await connect();
        clear.send("GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n");
        await clear.takeUntil("\r\n\r\n");
        await within(clear, { maxVersion }).then(
          async ({ client }) => expect(await client.gone()).to.equal(""),
          () => {},
        );
        await closings(1);
        expect(server.stats().answered).to.deep.equal({});
      }));
  }

  it("a client certificate that is asked for only: the request is answered without", () =>
    servingTls({ requestCert: true, rejectUnauthorized: false }, async ({ secure }) => {
      await expectOrdinary((await secure()).client.send(getTwo), "GET /two 0");
    }));

  it("RFC 5246 section 7.4.1.1: renegotiation again and again ends this connection at most", () =>
    servingTls({}, async ({ secure, faults, server }) => {
      const { tls, client } = await secure({ maxVersion: "TLSv1.2" });
      let isGone = false;
      const gone = client.gone().then(() => {
        isGone = true;
      });
      for (let count = 0; count < 6 && !isGone; count++) {
        await Promise.race([gone, new Promise<void>((done) => void tls.renegotiate({}, () => done()))]);
      }
      await expectOrdinary((await secure()).client.send(getTwo), "GET /two 0");
      expect(faults).to.deep.equal([]);
      expect(server.stats().answered).to.deep.equal({ 200: 1 });
    }));
});
