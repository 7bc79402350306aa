import { expect } from "chai";
import type { ProxyHeader } from "turnout";
import { readProxyHeader } from "../../../lib/proxy/read-header.ts";
import { failureOf } from "../../support/failures.ts";
import {
  checksummed,
  sslTlv,
  sslType,
  tlv,
  tlvType,
  type Version2Shape,
  version2,
} from "../../support/proxy-headers.ts";

/** What a header says that has this behind its addresses. */
const headerWith = (...tlvs: Uint8Array[]): ProxyHeader => readProxyHeader(version2({ tlvs }), 4096)!.header;

const refuses = (title: string, code: string, ...tlvs: Uint8Array[]): void => {
  it(title, () => {
    expect(failureOf(() => headerWith(...tlvs)))
      .to.include({ name: "PeerError", code })
      .and.to.be.instanceOf(Error);
  });
};

const malformed = "ERR_TURNOUT_PROXY_MALFORMED";

describe("what a PROXY header says besides", () => {
  it("nothing", () => {
    const { alpn, authority, uniqueId, ssl, tlvs } = headerWith();
    expect([alpn, authority, uniqueId, ssl, tlvs]).to.deep.equal([undefined, undefined, undefined, undefined, []]);
  });

  it("sections 2.2.1 and 2.2.2: ALPN and authority", () => {
    const header = headerWith(tlv(tlvType.alpn, "h2"), tlv(tlvType.authority, "b\u00fccher.example"));
    expect(header).to.include({ alpn: "h2", authority: "b\u00fccher.example" });
  });

  it("section 2.2.4: NOOP says nothing, however often", () => {
    expect(headerWith(tlv(tlvType.noop), tlv(tlvType.noop, "abc"), tlv(tlvType.alpn, "h2"))).to.deep.include({
      alpn: "h2",
      tlvs: [],
    });
  });

  it("section 2.2.5: a unique id of up to 128 bytes", () => {
    for (const id of [Buffer.alloc(0), Buffer.of(0, 255), Buffer.alloc(128, "x")]) {
      expect(headerWith(tlv(tlvType.uniqueId, id)).uniqueId).to.deep.equal(id);
    }
  });

  it("sections 2.2.7 and 2.2.8: what is not understood is kept, in order, and again", () => {
    const others = [
      { type: tlvType.netns, value: Buffer.from("blue") },
      { type: 0xea, value: Buffer.from("\u0001vpce-08d2") },
      { type: 0xff, value: Buffer.alloc(0) },
      { type: 0xea, value: Buffer.from("again") },
    ];
    const header = headerWith(...others.map(({ type, value }) => tlv(type, value)), tlv(tlvType.alpn, "h2"));
    expect(header).to.deep.include({ alpn: "h2", tlvs: others });
  });

  it("what is kept does not change with the bytes that were read", () => {
    const bytes = version2({ tlvs: [tlv(tlvType.uniqueId, "id"), tlv(0xe0, "own")] });
    const { header } = readProxyHeader(bytes, 4096)!;
    bytes.fill(0);
    expect([String(header.uniqueId), String(header.tlvs[0]!.value)]).to.deep.equal(["id", "own"]);
  });

  it("UNSPEC says it, too", () => {
    const tlvs = [tlv(tlvType.authority, "h")];
    const { header } = readProxyHeader(version2({ family: 0, block: Buffer.alloc(0), tlvs }), 4096)!;
    expect(header).to.include({ authority: "h", source: undefined });
  });

  refuses("section 2.2.5: a unique id of 129 bytes", malformed, tlv(tlvType.uniqueId, Buffer.alloc(129)));
  refuses("section 2.2.2: an authority that is no UTF-8", malformed, tlv(tlvType.authority, Buffer.of(0xc3)));
  for (const text of ["a\0", "a\n", "\x1b[0m", "a\x7f"]) {
    refuses(`an authority with ${JSON.stringify(text)}`, malformed, tlv(tlvType.authority, text));
  }
  for (const [name, type] of Object.entries(tlvType)) {
    if (type !== tlvType.noop && type !== tlvType.netns) {
      const twice = type === tlvType.ssl ? sslTlv(1, 0) : tlv(type, type === tlvType.crc32c ? Buffer.alloc(4) : "x");
      refuses(`two of a kind: ${name}`, malformed, twice, twice);
    }
  }
});

describe("the checksum of a PROXY header", () => {
  const shapes: Readonly<Record<string, Version2Shape>> = {
    alone: {},
    "behind something": { tlvs: [tlv(tlvType.authority, "example.org")] },
    "of UNSPEC": { family: 0, block: Buffer.alloc(0) },
  };
  for (const [where, shape] of Object.entries(shapes)) {
    it(`section 2.2.3: ${where}, right`, () => {
      const bytes = checksummed(shape);
      expect(readProxyHeader(bytes, 4096)).to.deep.include({ end: bytes.length });
    });

    it(`section 2.2.3: ${where}, with any byte behind the fixed part changed`, () => {
      const bytes = checksummed(shape);
      const type = bytes.length - 7; // with another one it is no checksum any more
      for (const at of Array.from(bytes.keys()).filter((at) => at >= 16 && at !== type)) {
        const changed = Buffer.from(bytes);
        changed[at]! ^= 0x01;
        const { code } = failureOf(() => readProxyHeader(changed, 4096)) as { code: string };
        // Without its length the checksum is not found either.
        expect(code, String(at)).to.be.oneOf(
          at < bytes.length - 4 ? ["ERR_TURNOUT_PROXY_CHECKSUM", malformed] : ["ERR_TURNOUT_PROXY_CHECKSUM"],
        );
      }
    });
  }

  it("section 2.2.3: in the middle, what was read together with more", () => {
    const bytes = checksummed({ tlvs: [tlv(tlvType.authority, "h")] });
    const read = readProxyHeader(Buffer.concat([bytes, Buffer.from("GET /")]), 4096);
    expect(read).to.deep.include({ end: bytes.length });
    expect(read!.header.authority).to.equal("h");
  });

  it("section 2.2.3: the bytes that were read stay as they are", () => {
    const bytes = checksummed();
    const before = Buffer.from(bytes);
    readProxyHeader(bytes, 4096);
    expect(bytes).to.deep.equal(before);
  });

  refuses("section 2.2.3: of zeros", "ERR_TURNOUT_PROXY_CHECKSUM", tlv(tlvType.crc32c, Buffer.alloc(4)));
  for (const length of [0, 3, 5]) {
    refuses(`section 2.2.3: of ${length} bytes`, malformed, tlv(tlvType.crc32c, Buffer.alloc(length)));
  }
});

describe("what a PROXY header says of TLS", () => {
  const nothing = { version: undefined, commonName: undefined, cipher: undefined };

  for (const [client, verify, tls, certificate, verified] of [
    [0, 0, false, false, false],
    [0x01, 0, true, false, false],
    [0x01, 1, true, false, false],
    [0x03, 0, true, true, true],
    [0x05, 0, true, true, true],
    [0x07, 0, true, true, true],
    [0x07, 20, true, true, false],
    [0x07, 2 ** 31, true, true, false],
    [0xf9, 0, true, false, false],
  ] as const) {
    it(`section 2.2.6: client ${client}, verify ${verify}`, () => {
      const { ssl } = headerWith(sslTlv(client, verify));
      expect(ssl).to.deep.include({ ...nothing, tls, certificate, verified, tlvs: [] });
    });
  }

  it("section 2.2.6: with all that is said of it", () => {
    const { ssl } = headerWith(
      sslTlv(
        0x07,
        0,
        tlv(sslType.version, "TLSv1.3"),
        tlv(sslType.commonName, "Zo\u00eb"),
        tlv(sslType.cipher, "TLS_AES_256_GCM_SHA384"),
        tlv(sslType.signature, "RSA-SHA256"),
        tlv(sslType.key, "RSA2048"),
        tlv(0x28, "DER"),
      ),
    );
    expect(ssl).to.deep.equal({
      tls: true,
      certificate: true,
      verified: true,
      version: "TLSv1.3",
      commonName: "Zo\u00eb",
      cipher: "TLS_AES_256_GCM_SHA384",
      signatureAlgorithm: "RSA-SHA256",
      keyAlgorithm: "RSA2048",
      tlvs: [{ type: 0x28, value: Buffer.from("DER") }],
    });
  });

  for (let length = 0; length < 5; length++) {
    refuses(`section 2.2.6: of ${length} bytes`, malformed, tlv(tlvType.ssl, Buffer.alloc(length)));
  }
  refuses("section 2.2.6: with a TLV that does not end", malformed, sslTlv(1, 0, Buffer.of(0x21, 0, 1)));
  refuses("a Common Name that is no UTF-8", malformed, sslTlv(7, 0, tlv(sslType.commonName, Buffer.of(0xff))));
  refuses("a Common Name with a NUL", malformed, sslTlv(7, 0, tlv(sslType.commonName, "a\0b")));
  refuses("two Common Names", malformed, sslTlv(7, 0, tlv(sslType.commonName, "a"), tlv(sslType.commonName, "b")));
});
