import { expect } from "chai";
import type { ProxyHeader } from "turnout";
import { deliveries } from "../../support/cuts.ts";
import { proxyOutcomeOf } from "../../support/proxy-header-fuzz.ts";
import { tcp4Block, tcp6Block, tlv, tlvType, unixAddress, version2 } from "../../support/proxy-headers.ts";

const silent = { version: 2, command: "PROXY", transport: undefined, source: undefined, destination: undefined };
const unixBlock = Buffer.concat([unixAddress("/run/client"), unixAddress("\0abstract")]);
const ports = { source: 56324, destination: 443 };

const tcp4Ends = {
  source: { address: "192.0.2.1", port: ports.source },
  destination: { address: "198.51.100.2", port: ports.destination },
};
const tcp6Ends = {
  source: { address: "2001:db8::1", port: ports.source },
  destination: { address: "2001:db8::2", port: ports.destination },
};
const unixEnds = {
  source: { address: "/run/client", port: undefined },
  destination: { address: "\0abstract", port: undefined },
};

/** A block of IPv6 addresses, of which the first one is told. */
const from6 = (hex: string): Buffer => Buffer.concat([Buffer.from(hex, "hex"), tcp6Block.subarray(16)]);
const from = (address: string): Partial<ProxyHeader> => ({
  transport: "STREAM",
  ...tcp6Ends,
  source: { address, port: ports.source },
});

const good: readonly (readonly [what: string, bytes: Buffer, says: Partial<ProxyHeader>])[] = [
  [
    "as HAProxy sends it",
    Buffer.from("0d0a0d0a000d0a515549540a2111000c7f0000017f000001e15023fb", "hex"),
    {
      transport: "STREAM",
      source: { address: "127.0.0.1", port: 57680 },
      destination: { address: "127.0.0.1", port: 9211 },
    },
  ],
  ["INET, STREAM", version2(), { transport: "STREAM", ...tcp4Ends }],
  ["INET, DGRAM", version2({ family: 0x12 }), { transport: "DGRAM", ...tcp4Ends }],
  ["INET6, STREAM", version2({ family: 0x21, block: tcp6Block }), { transport: "STREAM", ...tcp6Ends }],
  ["INET6, DGRAM", version2({ family: 0x22, block: tcp6Block }), { transport: "DGRAM", ...tcp6Ends }],
  ["UNIX, STREAM", version2({ family: 0x31, block: unixBlock }), { transport: "STREAM", ...unixEnds }],
  ["UNIX, DGRAM", version2({ family: 0x32, block: unixBlock }), { transport: "DGRAM", ...unixEnds }],
  [
    "UNIX, without names",
    version2({ family: 0x31, block: Buffer.alloc(216) }),
    { transport: "STREAM", source: { address: "", port: undefined }, destination: { address: "", port: undefined } },
  ],
  [
    "UNIX, the longest names",
    version2({ family: 0x31, block: Buffer.alloc(216, "x") }),
    {
      transport: "STREAM",
      source: { address: "x".repeat(108), port: undefined },
      destination: { address: "x".repeat(108), port: undefined },
    },
  ],
  ["INET6, all zero", version2({ family: 0x21, block: from6("00".repeat(16)) }), from("::")],
  [
    "INET6, IPv4 in it",
    version2({ family: 0x21, block: from6(`${"00".repeat(10)}ffffc0000201`) }),
    from("::ffff:192.0.2.1"),
  ],
  ["INET6, two gaps", version2({ family: 0x21, block: from6("00010000000000020000000000000003") }), from("1:0:0:2::3")],
  ["UNSPEC", version2({ family: 0x00, block: Buffer.alloc(0) }), {}],
  ["UNSPEC family, with a transport", version2({ family: 0x01, block: Buffer.alloc(0) }), {}],
  ["UNSPEC transport: the addresses are ignored", version2({ family: 0x10 }), {}],
  ["UNSPEC transport, UNIX", version2({ family: 0x30, block: unixBlock }), {}],
  ["LOCAL, as HAProxy's checks send it", Buffer.from("0d0a0d0a000d0a515549540a20000000", "hex"), { command: "LOCAL" }],
  ["LOCAL with addresses: they are discarded", version2({ command: 0x20 }), { command: "LOCAL" }],
  ["LOCAL with another family: it is ignored", version2({ command: 0x20, family: 0xff }), { command: "LOCAL" }],
  ["LOCAL with no addresses for its family", version2({ command: 0x20, block: Buffer.of(1, 2) }), { command: "LOCAL" }],
];

const malformed: Readonly<Record<string, Buffer>> = {
  "version 1 in binary": version2({ command: 0x11 }),
  "version 3": version2({ command: 0x31 }),
  "command 2": version2({ command: 0x22 }),
  "command 15": version2({ command: 0x2f }),
  "family 4": version2({ family: 0x41 }),
  "family 15": version2({ family: 0xf1 }),
  "transport 3": version2({ family: 0x13 }),
  "transport 15": version2({ family: 0x1f }),
  "transport 3 of no family": version2({ family: 0x03, block: Buffer.alloc(0) }),
  "no room for INET": version2({ block: tcp4Block.subarray(1) }),
  "no addresses": version2({ block: Buffer.alloc(0) }),
  "no room for INET6": version2({ family: 0x21, block: tcp6Block.subarray(1) }),
  "no room for UNIX": version2({ family: 0x31, block: Buffer.alloc(215) }),
  "no room for ignored addresses": version2({ family: 0x10, block: tcp4Block.subarray(1) }),
  "one byte more": version2({ block: Buffer.concat([tcp4Block, Buffer.of(4)]) }),
  "two bytes more": version2({ block: Buffer.concat([tcp4Block, Buffer.of(4, 0)]) }),
  "a TLV of which a byte is missing": version2({ tlvs: [tlv(tlvType.noop, "abc").subarray(0, 5)] }),
  "a second TLV without an end": version2({ tlvs: [tlv(tlvType.noop, "abc"), Buffer.of(4, 0, 1)] }),
};

const trailing = ["", "\n", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "\r\n\r\n\0\r\nQUIT\n"];

describe("a PROXY header of version 2", () => {
  for (const [what, bytes, says] of good) {
    it(`section 2.2: ${what}`, () => {
      for (const more of trailing) {
        for (const { how, pieces } of deliveries(Buffer.concat([bytes, Buffer.from(more)]))) {
          const outcome = proxyOutcomeOf(pieces);
          expect(outcome, how).to.deep.include({ is: "header", end: bytes.length });
          const { header } = outcome as { header: ProxyHeader };
          expect(header, how).to.deep.include({ ...silent, ...says, ssl: undefined, tlvs: [] });
        }
      }
    });
  }

  it("section 2.2: nothing is decided before all of it is there", () => {
    const bytes = version2({ tlvs: [tlv(tlvType.authority, "example.org")] });
    for (let end = 0; end < bytes.length; end++) {
      expect(proxyOutcomeOf([bytes.subarray(0, end)])).to.deep.equal({ is: "more" });
    }
  });

  for (const [what, bytes] of Object.entries(malformed)) {
    it(`section 2.2: ${what} is malformed`, () => {
      for (const { how, pieces } of deliveries(bytes)) {
        expect(proxyOutcomeOf(pieces), how).to.deep.equal({ is: "fault", code: "ERR_TURNOUT_PROXY_MALFORMED" });
      }
    });
  }

  it("as long as the limit it is read, longer it is refused as soon as it tells its length", () => {
    const bytes = version2({ tlvs: [tlv(tlvType.noop, Buffer.alloc(100))] });
    expect(proxyOutcomeOf([bytes], bytes.length)).to.deep.include({ is: "header", end: bytes.length });
    for (const tooLong of [bytes.subarray(0, 16), bytes]) {
      expect(proxyOutcomeOf([tooLong], bytes.length - 1)).to.deep.equal({
        is: "fault",
        code: "ERR_TURNOUT_PROXY_TOO_LARGE",
      });
    }
    expect(proxyOutcomeOf([version2({ length: 65_535 })], 16 + 65_535)).to.deep.equal({ is: "more" });
  });

  it("section 2.2: with any byte of its signature changed it is no header", () => {
    const bytes = version2();
    for (let at = 0; at < 12; at++) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 0x80;
      for (const { how, pieces } of deliveries(changed.subarray(0, 16))) {
        expect(proxyOutcomeOf(pieces), `${at}, ${how}`).to.deep.equal({
          is: "fault",
          code: "ERR_TURNOUT_PROXY_MISSING",
        });
      }
    }
  });

  it("empty lines before a request are no header", () => {
    expect(proxyOutcomeOf([Buffer.from("\r\n\r\nGET / HTTP/1.1\r\n")])).to.deep.equal({
      is: "fault",
      code: "ERR_TURNOUT_PROXY_MISSING",
    });
  });
});
