import { Duplex } from "node:stream";
import type { Transport } from "./transport.ts";

/** A transport as a standard Duplex. */
export class TransportDuplex extends Duplex {
  readonly #transport: Transport;
  #written: ((error?: Error | null) => void) | undefined;

  constructor(transport: Transport, allowHalfOpen: boolean) {
    super({ allowHalfOpen });
    this.#transport = transport;
    // A reset has to end this stream and its iteration, not the process for want of a listener.
    this.on("error", () => {});
    transport.onData = (chunk) => {
      if (!this.push(chunk)) {
        transport.pause();
      }
    };
    transport.onEnd = () => this.push(null);
    transport.onDrain = () => this.#wrote();
    transport.onClose = (error) => {
      this.destroy(error ?? (this.readableEnded ? undefined : new Error("the connection closed")));
    };
  }

  override _read(): void {
    this.#transport.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, written: (error?: Error | null) => void): void {
    this.#written = written;
    if (this.#transport.write(chunk) || this.#transport.ended) {
      this.#wrote();
    }
  }

  override _final(finished: () => void): void {
    this.#transport.end();
    finished();
  }

  override _destroy(error: Error | null, destroyed: (error?: Error | null) => void): void {
    this.#wrote();
    if (!(this.writableFinished && this.readableEnded)) {
      this.#transport.destroy(error ?? undefined);
    }
    destroyed(error);
  }

  #wrote(): void {
    const written = this.#written;
    this.#written = undefined;
    written?.();
  }
}
