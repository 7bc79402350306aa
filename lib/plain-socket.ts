import { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** Neither TLS, which has a word of its own for the end, nor anything else. */
export function isPlainSocket(stream: Duplex): stream is Socket {
  return Object.getPrototypeOf(stream) === Socket.prototype;
}

/** What has a stream, of which another one may be the carrier. */
interface Carried {
  readonly stream: Duplex;
  readonly isStream: boolean;
  readonly beneath: Carried | undefined;
}

/**
 * RST, where the connection is TCP's. Closing would leave what waits in the system's buffers there, megabytes of it, for as
 * long as the peer answers the probes of its window: no deadline of ours holds for that.
 */
export function reset(connection: Carried): void {
  let lowest = connection;
  while (lowest.beneath !== undefined && !lowest.isStream) {
    lowest = lowest.beneath;
  }
  const { stream } = lowest;
  if (isPlainSocket(stream) && stream.localPort !== undefined) {
    stream.resetAndDestroy();
    stream.destroy(); // the former waits for what is being written
  }
}
