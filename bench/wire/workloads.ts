/** What a client does over and over. Every exchange has a fixed number of bytes, so that counting bytes counts exchanges. */
export interface Workload {
  readonly title: string;
  /** Sent on a new connection, before what is counted; and how many bytes answer it. */
  readonly opening: { readonly says: string; readonly hears: number } | undefined;
  /** Sent again and again. */
  readonly says: string;
  /** Bytes that answer it. */
  readonly hears: number;
  /** Exchanges that one round of `says` stands for. */
  readonly counts: number;
  /** Each exchange on a connection of its own. */
  readonly reconnects: boolean;
  readonly connections: number;
}

export const body = "hello, world\n";
/** What every contender answers to a GET, but for the date. */
export const okHead =
  "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\n";
export const switchingHead = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: bench/1\r\nConnection: Upgrade\r\n\r\n";
export const firstLine = "GET /\n";

const get = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const upgrade = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: bench/1\r\n\r\n";
const ok = okHead.length + body.length;
const switched = switchingHead.length + firstLine.length;
const depth = 16;

export const workloads: Readonly<Record<WorkloadName, Workload>> = {
  "keep-alive": {
    title: "GET, keep-alive, 64 connections",
    opening: undefined,
    says: get,
    hears: ok,
    counts: 1,
    reconnects: false,
    connections: 64,
  },
  pipelined: {
    title: "GET, 16 pipelined, 64 connections",
    opening: undefined,
    says: get.repeat(depth),
    hears: ok * depth,
    counts: depth,
    reconnects: false,
    connections: 64,
  },
  upgrade: {
    title: "new connection, Upgrade, first answer",
    opening: undefined,
    says: upgrade,
    hears: switched,
    counts: 1,
    reconnects: true,
    connections: 32,
  },
  echo: {
    title: "switched, echo of 32 bytes, 64 connections",
    opening: { says: upgrade, hears: switched },
    says: "0123456789abcdef0123456789abcdef",
    hears: 32,
    counts: 1,
    reconnects: false,
    connections: 64,
  },
};

export type WorkloadName = "keep-alive" | "pipelined" | "upgrade" | "echo";
