import { deflateRawSync, constants as zlib } from "node:zlib";
import { opcode } from "../../test/support/websocket-frames.ts";
import type { Frame } from "./frames.ts";

/** What the clients do: connect again and again, have messages echoed, have one sent to all of them, or nothing. */
export type Kind = "handshakes" | "echo" | "broadcast" | "idle";

export interface Workload {
  readonly title: string;
  readonly kind: Kind;
  readonly connections: number;
  /** The message that is echoed or broadcast. */
  readonly message: Frame;
  /** Messages that a connection sends at once; it sends as many again when all have been answered. */
  readonly inFlight: number;
  /** permessage-deflate, both directions without context takeover. */
  readonly deflate: boolean;
}

export type WorkloadName =
  | "handshakes"
  | "echo-32"
  | "echo-32x16"
  | "echo-1k"
  | "echo-64k"
  | "echo-1m"
  | "broadcast"
  | "idle"
  | "deflate-1k"
  | "deflate-64k";

/** The same for all servers that compress. */
export const compression = { thresholdBytes: 512, level: 3 } as const;

const kib = 1024;
const mib = kib * kib;
const usual = { kind: "echo", connections: 64, inFlight: 1, deflate: false } as const;

export const workloads: Readonly<Record<WorkloadName, Workload>> = {
  handshakes: {
    ...usual,
    title: "new connection and handshake, 32 at a time",
    kind: "handshakes",
    connections: 32,
    message: text(32),
  },
  "echo-32": { ...usual, title: "echo of 32 B, 64 connections", message: text(32) },
  "echo-32x16": { ...usual, title: "echo of 32 B, 16 in flight, 64 connections", message: text(32), inFlight: 16 },
  "echo-1k": { ...usual, title: "echo of 1 KiB, 64 connections", message: text(kib) },
  "echo-64k": { ...usual, title: "echo of 64 KiB, 8 connections", message: binary(64 * kib), connections: 8 },
  "echo-1m": { ...usual, title: "echo of 1 MiB, 2 connections", message: binary(mib), connections: 2 },
  broadcast: {
    ...usual,
    title: "broadcast of 1 KiB to 1,000 sockets",
    kind: "broadcast",
    connections: 1000,
    message: text(kib),
  },
  idle: { ...usual, title: "idle sockets", kind: "idle", connections: 10_000, message: text(32) },
  "deflate-1k": { ...usual, title: "echo of 1 KiB of JSON, 64 connections", message: json(kib), deflate: true },
  "deflate-64k": {
    ...usual,
    title: "echo of 64 KiB of JSON, 8 connections",
    message: json(64 * kib),
    connections: 8,
    deflate: true,
  },
};

/** The names of the workloads that pass, in the order of the table. */
export function workloadsWhere(passes: (workload: Workload) => boolean): WorkloadName[] {
  return (Object.keys(workloads) as WorkloadName[]).filter((name) => passes(workloads[name]));
}

/** The message as it goes over the wire: compressed where the workload says so. */
export function onTheWire({ message, deflate }: Workload): Frame {
  if (!deflate) {
    return message;
  }
  // RFC 7692 section 7.2.1: the last four bytes of the flush are left out
  const compressed = deflateRawSync(message.payload, { finishFlush: zlib.Z_SYNC_FLUSH }).subarray(0, -4);
  return { ...message, compressed: true, payload: compressed };
}

function text(bytes: number): Frame {
  return { opcode: opcode.text, compressed: false, payload: Buffer.alloc(bytes, "0123456789abcdef") };
}

function binary(bytes: number): Frame {
  const payload = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at++) {
    payload[at] = Math.imul(at, 2_654_435_761) >>> 24;
  }
  return { opcode: opcode.binary, compressed: false, payload };
}

/** Looks like the answers of an API: the same names, values that differ. */
function json(bytes: number): Frame {
  let rows = "";
  for (let n = 1; rows.length < bytes; n++) {
    const value = (n * 2_654_435_761) % 4_294_967_296;
    rows += `{"id":${n},"name":"user-${value.toString(36)}","balance":${value / 100},"active":${value % 3 === 0}},`;
  }
  return { opcode: opcode.text, compressed: false, payload: Buffer.from(`[${rows}`.slice(0, bytes)) };
}
