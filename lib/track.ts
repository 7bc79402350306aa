import type { TransportError } from "./errors.ts";

/** Whoever speaks on a connection now: HTTP/1.1, a module, or nobody any more. */
export interface Track {
  /** What has been spoken on the connection until now, in order. */
  readonly spoken: readonly string[];
  /** Requests that were read, of those who speak HTTP/1.1. */
  readonly requests?: number;
  received(chunk: Buffer): void;
  /** The peer has finished; nothing more will come. */
  finished(): void;
  /** After a write gave false: there is room again. */
  drained(): void;
  /** The deadline is past. */
  expired(): void;
  /** The server is closing: end soon, and politely. */
  closing(): void;
  /** The connection is gone; with the error, when it did not end in order. */
  closed(error: TransportError | undefined): void;
}

/** Before anybody speaks. */
export const silent: Track = {
  spoken: [],
  received() {},
  finished() {},
  drained() {},
  expired() {},
  closing() {},
  closed() {},
};
