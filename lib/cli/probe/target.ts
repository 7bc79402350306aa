import { lookup } from "node:dns/promises";
import { BlockList, isIP, isIPv6 } from "node:net";

/** The server that is probed. */
export interface Target {
  /** What the Host field says. */
  readonly authority: string;
  /** Without the brackets of IPv6. */
  readonly hostname: string;
  readonly port: number;
  readonly secure: boolean;
  readonly path: string;
  /** Where WebSocket is said to be spoken. */
  readonly webSocketPath: string | undefined;
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8);
loopback.addAddress("::1", "ipv6");

/** Undefined for what is no URL of HTTP, or names a user. */
export function targetOf(text: string, webSocketPath?: string): Target | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    return undefined;
  }
  const secure = url.protocol === "https:";
  return {
    authority: url.host,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || (secure ? 443 : 80)),
    secure,
    path: pathOf(url),
    webSocketPath: webSocketPath === undefined ? undefined : pathOf(new URL(webSocketPath, url)),
  };
}

/** The addresses that a host has. Rejects where it has none. */
export async function addressesOf(hostname: string): Promise<string[]> {
  return isIP(hostname) ? [hostname] : (await lookup(hostname, { all: true })).map(({ address }) => address);
}

/** Whether an address is this machine's own. What a name says of itself counts for nothing. */
export function isLoopback(address: string): boolean {
  return loopback.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

function pathOf({ pathname, search }: URL): string {
  return pathname + search;
}
