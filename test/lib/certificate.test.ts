import { X509Certificate } from "node:crypto";
import { expect } from "chai";
import { selfSigned } from "turnout/testing";

describe("selfSigned", () => {
  const { cert, key } = selfSigned();
  const certificate = new X509Certificate(cert);

  it("RFC 5280 section 4.1: is signed by its own key", () => {
    expect(certificate.verify(certificate.publicKey)).to.equal(true);
    expect(certificate.issuer).to.equal(certificate.subject);
    expect(key).to.match(/^-----BEGIN PRIVATE KEY-----/);
  });

  it("RFC 5280 section 4.2.1.6: is for localhost by every name, and for nobody else", () => {
    expect(certificate.checkHost("localhost")).to.equal("localhost");
    expect([certificate.checkIP("127.0.0.1"), certificate.checkIP("::1")]).to.deep.equal(["127.0.0.1", "::1"]);
    expect(certificate.checkHost("example.org")).to.equal(undefined);
    expect(certificate.ca).to.equal(false);
  });

  it("RFC 5280 section 4.1.2.5: is valid now, and no longer than a week", () => {
    const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
    expect(Date.now()).to.be.within(from, to);
    expect(to - Date.now()).to.be.at.most(7 * 86_400_000);
  });

  it("RFC 5280 section 4.1.2.2: has a serial number of its own", () => {
    const other = new X509Certificate(selfSigned().cert);
    expect(other.serialNumber).not.to.equal(certificate.serialNumber);
    expect(certificate.serialNumber).to.match(/^[4-7][0-9A-F]{31}$/);
  });
});
