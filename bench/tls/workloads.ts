import { body, okHead } from "../wire/workloads.ts";

/** What the clients do over and over: a GET, with an answer of a fixed number of bytes, so that counting bytes counts answers. */
export interface Workload {
  readonly title: string;
  /** Whether it goes through TLS. */
  readonly secure: boolean;
  /** At one time. */
  readonly connections: number;
  /** Each GET on a connection of its own, closed by both sides before the next one. */
  readonly reconnects: boolean;
  /** What comes before the counting: until the code is compiled, which takes some thousand turns. */
  readonly warmUpMs: number;
}

export type WorkloadName = "tls-new" | "tls-keep-alive" | "clear-new" | "clear-keep-alive";

export const workloads: Readonly<Record<WorkloadName, Workload>> = {
  "tls-new": {
    title: "new connection, handshake, GET, close, 16 at a time",
    secure: true,
    connections: 16,
    reconnects: true,
    warmUpMs: 2_000,
  },
  "tls-keep-alive": {
    title: "GET, keep-alive, 32 connections",
    secure: true,
    connections: 32,
    reconnects: false,
    warmUpMs: 500,
  },
  "clear-new": {
    title: "new connection, GET, close, 16 at a time",
    secure: false,
    connections: 16,
    reconnects: true,
    warmUpMs: 500,
  },
  "clear-keep-alive": {
    title: "GET, keep-alive, 32 connections",
    secure: false,
    connections: 32,
    reconnects: false,
    warmUpMs: 500,
  },
};

export type ContenderName = "node:tls" | "turnout" | "node:https" | "alone" | "beside-tls" | "beside-both";

export interface Table {
  readonly title: string;
  readonly workloads: readonly WorkloadName[];
  /** With their titles; the others are compared with the first. */
  readonly contenders: Readonly<Partial<Record<ContenderName, string>>>;
}

export const tables: readonly Table[] = [
  {
    title: "TLS 1.3",
    workloads: ["tls-new", "tls-keep-alive"],
    contenders: { "node:tls": "node:tls", turnout: "turnout", "node:https": "node:https" },
  },
  {
    title: "clear text",
    workloads: ["clear-new", "clear-keep-alive"],
    contenders: { alone: "turnout alone", "beside-tls": "with TLS", "beside-both": "with TLS and HTTP/2" },
  },
];

export const get = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
/** The canned answer, and as long as everybody's. */
export const answer: string = okHead + body;
export const protocolOfAll = "http/1.1";
