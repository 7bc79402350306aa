import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Peer } from "./http/request.ts";
import type { ProxyHeader } from "./proxy/header.ts";

/** Who is at the other end of a stream itself. */
export function peerOf(stream: Duplex): Peer {
  return stream instanceof Socket
    ? { address: stream.remoteAddress, port: stream.remotePort }
    : { address: undefined, port: undefined };
}

/** Who is at the other end of a proxy, where its header says so; a path of UNIX is no address. */
export function peerBehind(proxy: ProxyHeader, own: Peer): Peer {
  const { source } = proxy;
  if (source === undefined) {
    return { ...own, proxy };
  }
  const { address, port } = source;
  return { address: port === undefined ? undefined : address, port, proxy };
}
