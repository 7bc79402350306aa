import { expect } from "chai";
import { deliveries } from "../../support/cuts.ts";
import { proxyOutcomeOf } from "../../support/proxy-header-fuzz.ts";
import { tcp4Line } from "../../support/proxy-headers.ts";

/** How long a line may be, its CRLF included. */
const longest = 107;

const silent = { version: 1, command: "PROXY", transport: undefined, source: undefined, destination: undefined };

/** [what, line, source, source port, destination, destination port] */
const good: readonly (readonly [string, string, string, number, string, number])[] = [
  ["TCP4", tcp4Line, "192.0.2.1", 56324, "198.51.100.2", 443],
  ["as HAProxy sends it", "PROXY TCP4 127.0.0.1 127.0.0.1 57680 9211\r\n", "127.0.0.1", 57680, "127.0.0.1", 9211],
  [
    "TCP4, the longest",
    "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
    "255.255.255.255",
    65535,
    "255.255.255.255",
    65535,
  ],
  ["TCP4, the shortest", "PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0", 0, "0.0.0.0", 0],
  ["TCP6", "PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n", "2001:db8::1", 56324, "2001:db8::2", 443],
  [
    "TCP6, the longest",
    `PROXY TCP6 ${"ffff:".repeat(7)}ffff ${"ffff:".repeat(7)}ffff 65535 65535\r\n`,
    `${"ffff:".repeat(7)}ffff`,
    65535,
    `${"ffff:".repeat(7)}ffff`,
    65535,
  ],
  ["TCP6, the shortest", "PROXY TCP6 :: ::1 0 0\r\n", "::", 0, "::1", 0],
  ["TCP6, another spelling", "PROXY TCP6 2001:0DB8:0:0:0:0:0:1 0::0 1 2\r\n", "2001:db8::1", 1, "::", 2],
  [
    "TCP6, an IPv4 client",
    "PROXY TCP6 ::ffff:192.0.2.1 ::FFFF:C000:202 1 2\r\n",
    "::ffff:192.0.2.1",
    1,
    "::ffff:192.0.2.2",
    2,
  ],
];

const malformed: Readonly<Record<string, string>> = {
  "no family": "PROXY \r\n",
  "another family": "PROXY UDP4 192.0.2.1 198.51.100.2 1 2\r\n",
  "a family in small letters": "PROXY tcp4 192.0.2.1 198.51.100.2 1 2\r\n",
  "more letters than UNKNOWN": "PROXY UNKNOWNX\r\n",
  "TCP4 and no more": "PROXY TCP4\r\n",
  "one address": "PROXY TCP4 192.0.2.1\r\n",
  "one port": "PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n",
  "three ports": "PROXY TCP4 192.0.2.1 198.51.100.2 1 2 3\r\n",
  "a space at the end": "PROXY TCP4 192.0.2.1 198.51.100.2 1 2 \r\n",
  "two spaces": "PROXY  TCP4 192.0.2.1 198.51.100.2 1 2\r\n",
  "two spaces further on": "PROXY TCP4 192.0.2.1  198.51.100.2 1 2\r\n",
  "a tab": "PROXY TCP4\t192.0.2.1 198.51.100.2 1 2\r\n",
  "IPv6 in TCP4": "PROXY TCP4 ::1 ::1 1 2\r\n",
  "IPv4 in TCP6": "PROXY TCP6 192.0.2.1 198.51.100.2 1 2\r\n",
  "a mixture": "PROXY TCP6 ::1 198.51.100.2 1 2\r\n",
  "a name": "PROXY TCP4 localhost 198.51.100.2 1 2\r\n",
  "five numbers": "PROXY TCP4 192.0.2.1.1 198.51.100.2 1 2\r\n",
  "a number of 256": "PROXY TCP4 192.0.2.256 198.51.100.2 1 2\r\n",
  "an octal number": "PROXY TCP4 192.0.2.01 198.51.100.2 1 2\r\n",
  "an address with a zone": "PROXY TCP6 fe80::1%lo ::1 1 2\r\n",
  "an address in brackets": "PROXY TCP6 [::1] ::1 1 2\r\n",
  "a port of 65536": "PROXY TCP4 192.0.2.1 198.51.100.2 65536 2\r\n",
  "a destination's port of 65536": "PROXY TCP4 192.0.2.1 198.51.100.2 1 65536\r\n",
  "a port with a leading zero": "PROXY TCP4 192.0.2.1 198.51.100.2 01 2\r\n",
  "a port with a sign": "PROXY TCP4 192.0.2.1 198.51.100.2 +1 2\r\n",
  "a port in hexadecimal": "PROXY TCP4 192.0.2.1 198.51.100.2 0x1 2\r\n",
  "an empty port": "PROXY TCP4 192.0.2.1 198.51.100.2  2\r\n",
  "a bare LF": `PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n${tcp4Line}`,
  "a bare CR": "PROXY TCP4 192.0.2.1 198.51.100.2 1 2\r\r\n",
  "a line of 108 bytes": `PROXY UNKNOWN ${"x".repeat(longest + 1 - 16)}\r\n`,
  "a line that never ends": `PROXY UNKNOWN ${"x".repeat(longest)}`,
};

const trailing = ["", "x", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "\r\n", tcp4Line];

describe("a PROXY header of version 1", () => {
  for (const [what, line, source, sourcePort, destination, destinationPort] of good) {
    it(`section 2.1: ${what}`, () => {
      for (const more of trailing) {
        for (const { how, pieces } of deliveries(Buffer.from(line + more))) {
          const outcome = proxyOutcomeOf(pieces);
          expect(outcome, how).to.deep.include({ is: "header", end: line.length });
          expect((outcome as { header: unknown }).header, how).to.deep.include({
            ...silent,
            transport: "STREAM",
            source: { address: source, port: sourcePort },
            destination: { address: destination, port: destinationPort },
          });
        }
      }
    });
  }

  for (const line of [
    "PROXY UNKNOWN\r\n",
    "PROXY UNKNOWN \r\n",
    "PROXY UNKNOWN 192.0.2.1 nobody 99999 x y\r\n",
    `PROXY UNKNOWN ${"x".repeat(longest - 16)}\r\n`,
  ]) {
    it(`section 2.1: what follows UNKNOWN is ignored: ${JSON.stringify(line)}`, () => {
      for (const { how, pieces } of deliveries(Buffer.from(`${line}GET`))) {
        const outcome = proxyOutcomeOf(pieces);
        expect(outcome, how).to.deep.include({ is: "header", end: line.length });
        expect((outcome as { header: unknown }).header, how).to.deep.include(silent);
      }
    });
  }

  it("section 2.1: nothing is decided before the CRLF", () => {
    for (let end = 0; end < tcp4Line.length; end++) {
      expect(proxyOutcomeOf([Buffer.from(tcp4Line.slice(0, end))])).to.deep.equal({ is: "more" });
    }
  });

  for (const [what, line] of Object.entries(malformed)) {
    it(`section 2.1: ${what} is malformed`, () => {
      for (const { how, pieces } of deliveries(Buffer.from(line))) {
        expect(proxyOutcomeOf(pieces), how).to.deep.equal({ is: "fault", code: "ERR_TURNOUT_PROXY_MALFORMED" });
      }
    });
  }

  for (const bytes of [
    "GET / HTTP/1.1\r\n\r\n",
    "POST",
    "PROXY\r\n",
    "PROXY\tTCP4",
    "proxy TCP4",
    " PROXY",
    "\r\nPROXY",
    "\x16\x03\x01",
  ]) {
    it(`section 2: ${JSON.stringify(bytes)} is no header`, () => {
      for (const { how, pieces } of deliveries(Buffer.from(bytes, "latin1"))) {
        expect(proxyOutcomeOf(pieces), how).to.deep.equal({ is: "fault", code: "ERR_TURNOUT_PROXY_MISSING" });
      }
    });
  }
});
