/** What every server answers to a GET. */
export const body = "hello, world\n";

/** Servers, each in a process of its own. */
export type ServerName = "node:http2" | "turnout" | "turnout alone" | "Apache httpd";

/** By which protocol a client begins. */
export type Door = "prior knowledge" | "upgrade" | "HTTP/1.1";

export interface Contender {
  readonly title: string;
  readonly server: ServerName;
  readonly door: Door;
}

export type ContenderName = "native" | "known" | "upgraded" | "apache" | "alone" | "beside";

export const contenders: Readonly<Record<ContenderName, Contender>> = {
  native: { title: "node:http2", server: "node:http2", door: "prior knowledge" },
  known: { title: "turnout, prior knowledge", server: "turnout", door: "prior knowledge" },
  upgraded: { title: "turnout, upgrade", server: "turnout", door: "upgrade" },
  apache: { title: "Apache httpd, upgrade", server: "Apache httpd", door: "upgrade" },
  alone: { title: "turnout without HTTP/2", server: "turnout alone", door: "HTTP/1.1" },
  beside: { title: "turnout with HTTP/2", server: "turnout", door: "HTTP/1.1" },
};

/** What a client does over and over. */
export interface Workload {
  readonly title: string;
  /** Who is the client: nghttp2's h2load, or one of our own, which can upgrade and make new connections. */
  readonly client: "h2load" | "own";
  readonly connections: number;
  /** Requests in flight on each connection. */
  readonly streams: number;
  /** Of a POST; 0 is a GET. */
  readonly contentBytes: number;
  /** Each request on a connection of its own. */
  readonly reconnects: boolean;
  /** What is told: how many a second, or how long one takes. */
  readonly tells: "rate" | "time";
}

const usual: Omit<Workload, "title"> = {
  client: "h2load",
  connections: 16,
  streams: 1,
  contentBytes: 0,
  reconnects: false,
  tells: "rate",
};

export type WorkloadName =
  | "single"
  | "streams"
  | "wide"
  | "post"
  | "doors"
  | "opening"
  | "first"
  | "keep-alive"
  | "reconnecting";

export const workloads: Readonly<Record<WorkloadName, Workload>> = {
  single: { ...usual, title: "GET, 16 connections" },
  streams: { ...usual, title: "GET, 16 connections, 10 streams each", streams: 10 },
  wide: { ...usual, title: "GET, 1 connection, 100 streams", connections: 1, streams: 100 },
  post: { ...usual, title: "POST of 1 KiB, 16 connections, 10 streams each", streams: 10, contentBytes: 1024 },
  doors: { ...usual, title: "GET, 16 connections, 10 streams each", client: "own", streams: 10 },
  opening: {
    ...usual,
    title: "new connection, first answer, 32 at a time",
    client: "own",
    connections: 32,
    reconnects: true,
  },
  first: {
    ...usual,
    title: "new connection, time to the first answer, one at a time",
    client: "own",
    connections: 1,
    reconnects: true,
    tells: "time",
  },
  "keep-alive": { ...usual, title: "GET, keep-alive, 64 connections", connections: 64 },
  reconnecting: {
    ...usual,
    title: "new connection, GET, 32 at a time",
    client: "own",
    connections: 32,
    reconnects: true,
  },
};

export interface Table {
  readonly title: string;
  readonly workloads: readonly WorkloadName[];
  /** The others are compared with the first. */
  readonly contenders: readonly ContenderName[];
}

export const tables: readonly Table[] = [
  {
    title: "requests, by h2load",
    workloads: ["single", "streams", "wide", "post"],
    contenders: ["native", "known"],
  },
  {
    title: "requests, by a client that can upgrade",
    workloads: ["doors"],
    contenders: ["native", "known", "upgraded"],
  },
  {
    title: "connections",
    workloads: ["opening", "first"],
    contenders: ["native", "known", "upgraded", "apache"],
  },
  {
    title: "HTTP/1.1 beside it",
    workloads: ["keep-alive", "reconnecting"],
    contenders: ["alone", "beside"],
  },
];
