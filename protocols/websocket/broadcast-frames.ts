import { compress } from "./deflate.ts";
import { composeFrame, messageByte } from "./frame.ts";
import { rsv1Bit } from "./frame-rules.ts";
import type { DeflateOptions } from "./options.ts";
import type { ZlibQueue } from "./zlib-queue.ts";

/** A message for many sockets: one frame, and one more for each window that it is compressed for. */
export class BroadcastFrames {
  readonly #data: string | Uint8Array;
  readonly #frame: Buffer;
  readonly #deflate: DeflateOptions | undefined;
  readonly #zlib: ZlibQueue;
  readonly #compressed: Map<number, Promise<Buffer>> = new Map();

  constructor(data: string | Uint8Array, deflate: DeflateOptions | undefined, zlib: ZlibQueue) {
    this.#data = data;
    this.#frame = composeFrame(messageByte(data), data);
    this.#deflate = data.length >= (deflate?.thresholdBytes ?? Number.POSITIVE_INFINITY) ? deflate : undefined;
    this.#zlib = zlib;
  }

  get bytes(): number {
    return this.#frame.length;
  }

  /** The frame for a socket whose messages are compressed by themselves with such a window; undefined: it has none. */
  for(windowBits: number | undefined): Buffer | Promise<Buffer> {
    if (windowBits === undefined || this.#deflate === undefined) {
      return this.#frame;
    }
    let frame = this.#compressed.get(windowBits);
    if (frame === undefined) {
      frame = this.#compress(windowBits, this.#deflate.level);
      this.#compressed.set(windowBits, frame);
    }
    return frame;
  }

  async #compress(windowBits: number, level: number): Promise<Buffer> {
    const message = Buffer.from(this.#data as string);
    const deflated = await this.#zlib.run(
      () => true,
      () => compress(message, { windowBits, level }),
    );
    return deflated === undefined || deflated.length >= message.length
      ? this.#frame
      : composeFrame(messageByte(this.#data) | rsv1Bit, deflated);
  }
}
