/** What clients do with one server. Plain data: the processes of both sides are told it. */
export interface Workload {
  /** As the tables say it. */
  readonly title: string;
  /** The protocol; `bench/1` is one that a server switches to, and then sends all bytes back. */
  readonly speaks: "http" | "bench/1" | "websocket" | "http2";
  /** Through TLS. */
  readonly secure: boolean;
  /**
   * `exchanges`: requests or messages, over connections that stay. `connections`: each exchange on a connection of its own,
   * with the handshake, if there is one, for an exchange. `broadcast`: one client speaks, all are answered. `idle`: nothing.
   */
  readonly does: "exchanges" | "connections" | "broadcast" | "idle";
  /** Who the client is: one of our own, in Node, or one of the load programs that others use, too. */
  readonly client: "own" | "wrk" | "h2load";
  /** At one time. */
  readonly connections: number;
  /** Requests, messages or streams that a connection has under way at one time. */
  readonly inFlight: number;
  /** The message of an echo or a broadcast. */
  readonly message: Message;
  /** permessage-deflate, both directions without context takeover. */
  readonly deflate: boolean;
  /** Bytes of a request's head; 0 for the shortest. */
  readonly headBytes: number;
  /** Bytes of a POST's content; 0 is a GET. */
  readonly contentBytes: number;
  /** What is told: how many a second, how long one takes, or what one keeps of memory. */
  readonly tells: "rate" | "time" | "memory";
  /** What comes before the counting: until the code is compiled. */
  readonly warmUpMs: number;
}

export interface Message {
  readonly kind: "text" | "binary" | "json";
  readonly bytes: number;
}

/** For what is done on new connections: until their code is compiled, which takes some thousand of them. */
export const connectionsWarmUpMs = 3_000;

export const usual: Omit<Workload, "title"> = {
  speaks: "http",
  secure: false,
  does: "exchanges",
  client: "own",
  connections: 64,
  inFlight: 1,
  message: { kind: "text", bytes: 32 },
  deflate: false,
  headBytes: 0,
  contentBytes: 0,
  tells: "rate",
  warmUpMs: 500,
};

/** What every server answers to a request. */
export const body = "hello, world\n";

/** The same for all servers that compress. */
export const compression = { thresholdBytes: 512, level: 3 } as const;

/** The bytes of a message. */
export function payloadOf({ kind, bytes }: Message): Buffer {
  switch (kind) {
    case "text":
      return Buffer.alloc(bytes, "0123456789abcdef");
    case "binary":
      return Buffer.from(Uint8Array.from({ length: bytes }, (_, at) => Math.imul(at, 2_654_435_761) >>> 24));
    case "json":
      return Buffer.from(rowsOf(bytes));
  }
}

/** Looks like the answers of an API: the same names, values that differ. */
function rowsOf(bytes: number): string {
  let rows = "[";
  for (let n = 1; rows.length < bytes; n++) {
    const value = (n * 2_654_435_761) % 4_294_967_296;
    rows += `{"id":${n},"name":"user-${value.toString(36)}","balance":${value / 100},"active":${value % 3 === 0}},`;
  }
  return rows.slice(0, bytes);
}
