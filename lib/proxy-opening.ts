import type { Connection } from "./connection.ts";
import { PeerError } from "./errors.ts";
import { hasten } from "./newcomer.ts";
import { peerBehind } from "./peer.ts";
import { type ReadHeader, readProxyHeader } from "./proxy/read-header.ts";
import type { Track } from "./track.ts";

/** Before anything else on a connection from a trusted proxy: the header that says for whom it comes. */
export class ProxyOpening implements Track {
  readonly spoken: readonly string[] = [];
  readonly #connection: Connection;
  /** Has whoever comes next speak. */
  readonly #next: () => void;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(connection: Connection, next: () => void) {
    this.#connection = connection;
    this.#next = next;
    connection.become("head", connection.context.timeouts.headMs);
  }

  received(chunk: Buffer): void {
    const connection = this.#connection;
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    let read: ReadHeader | undefined;
    try {
      read = readProxyHeader(this.#bytes, connection.context.limits.maxProxyHeaderBytes);
    } catch (error) {
      if (!(error instanceof PeerError)) {
        throw error; // a defect of ours, which has to be heard of
      }
      this.#refuse(error);
      return;
    }
    if (read !== undefined) {
      connection.announced = peerBehind(read.header, connection.peer);
      this.#next();
      if (read.end < this.#bytes.length) {
        connection.track.received(this.#bytes.subarray(read.end));
      }
    }
  }

  finished(): void {
    if (this.#bytes.length === 0) {
      this.#connection.linger(); // a look whether the port is open
    } else {
      this.#refuse(new PeerError("ERR_TURNOUT_PROXY_MALFORMED"));
    }
  }

  drained(): void {}

  expired(): void {
    if (this.#connection.context.draining) {
      this.#connection.linger();
    } else {
      this.#refuse(new PeerError("ERR_TURNOUT_PROXY_TIMEOUT"));
    }
  }

  closing(): void {
    hasten(this.#connection);
  }

  closed(): void {}

  /** Section 2: without a word, which the proxy could take for an answer to its client. */
  #refuse(error: PeerError): void {
    this.#connection.context.observer.refused(error, this.#connection);
    this.#connection.destroy();
  }
}
