import { isIP, SocketAddress } from "node:net";
import { PeerError } from "../errors.ts";
import { type ProxyAddress, type ProxyHeader, silentHeader } from "./header.ts";

export const version1Prefix: Buffer = Buffer.from("PROXY ");

/** Section 2.1: the longest line with its CRLF. */
const maxLineBytes = 107;

/** Section 2.1: no leading zeros, which others read as octal. */
const decimal = /^(?:0|[1-9]\d{0,4})$/;

/** The text form of section 2.1; `bytes` begin with its prefix. */
export function readVersion1(bytes: Buffer): { header: ProxyHeader; end: number } | undefined {
  const crlf = bytes.subarray(0, maxLineBytes).indexOf("\r\n");
  if (crlf !== -1) {
    return { header: headerOf(bytes.toString("latin1", 0, crlf)), end: crlf + 2 };
  }
  if (bytes.length >= maxLineBytes) {
    throw malformed();
  }
  return undefined;
}

/** `"PROXY" SP ("TCP4" / "TCP6") SP source SP destination SP source-port SP destination-port`, or UNKNOWN and anything. */
function headerOf(line: string): ProxyHeader {
  const [, protocol, ...words] = line.split(" ");
  if (protocol === "UNKNOWN") {
    return silentHeader(1, "PROXY");
  }
  const family = protocol === "TCP4" ? "ipv4" : protocol === "TCP6" ? "ipv6" : undefined;
  const [source, destination, sourcePort, destinationPort, ...more] = words;
  if (family === undefined || destinationPort === undefined || more.length > 0) {
    throw malformed();
  }
  return {
    ...silentHeader(1, "PROXY"),
    transport: "STREAM",
    source: endOf(family, source!, sourcePort!),
    destination: endOf(family, destination!, destinationPort),
  };
}

function endOf(family: "ipv4" | "ipv6", address: string, port: string): ProxyAddress {
  // A zone is of one machine only, and SocketAddress would drop it.
  const isRight = isIP(address) === (family === "ipv4" ? 4 : 6) && !address.includes("%");
  if (!isRight || !decimal.test(port) || Number(port) > 65_535) {
    throw malformed();
  }
  // One client, one spelling: whoever compares addresses need not know all those of IPv6.
  return { address: new SocketAddress({ address, family }).address, port: Number(port) };
}

function malformed(): PeerError {
  return new PeerError("ERR_TURNOUT_PROXY_MALFORMED");
}
