/** A frame as bytes, or the beginning of one. */
export interface ShownFrame {
  readonly hex: string;
  /** Bytes of the frame, shown or not. */
  readonly length: number;
}

/** Bytes of a frame that are shown. */
const maxShown = 64;

const firstControlOpcode = 0x8;

/**
 * Cuts what a client sends into its frames (RFC 6455 section 5.2), which it has to keep the rules of: what does not is
 * refused by the WebSocket itself. Of each, the beginning is kept until it is taken.
 */
export class ClientFrames {
  #current: number[] = [];
  #length = 0;
  /** Bytes of payload that are still to come; undefined within the header. */
  #left: number | undefined;
  readonly #whole: ShownFrame[] = [];

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#left === undefined) {
        this.#current.push(chunk[at++]!);
        this.#left = payloadLength(this.#current);
        this.#length = this.#current.length + (this.#left ?? 0);
      } else {
        const piece = chunk.subarray(at, at + this.#left);
        this.#current.push(...piece.subarray(0, Math.max(0, maxShown - this.#current.length)));
        this.#left -= piece.length;
        at += piece.length;
      }
      if (this.#left === 0) {
        this.#finish();
      }
    }
  }

  /** The next frame of data; undefined where none is whole. */
  take(): ShownFrame | undefined {
    return this.#whole.shift();
  }

  #finish(): void {
    if ((this.#current[0]! & 0x0f) < firstControlOpcode) {
      this.#whole.push({ hex: Buffer.from(this.#current).toString("hex"), length: this.#length });
    }
    this.#current = [];
    this.#left = undefined;
  }
}

/** How a server sends text that is not compressed: one frame, without a mask. */
export function serverTextFrame(text: string): ShownFrame {
  const payload = Buffer.from(text);
  const header =
    payload.length < 126 ? [0x81, payload.length] : [0x81, 126, payload.length >> 8, payload.length & 0xff];
  const frame = Buffer.concat([Buffer.from(header), payload]);
  return { hex: frame.toString("hex", 0, maxShown), length: frame.length };
}

/** What a masked frame's header says; undefined while it is not whole, the mask included. */
function payloadLength(header: readonly number[]): number | undefined {
  const bytes = Buffer.from(header);
  const short = (bytes[1] ?? 0) & 0x7f;
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  if (bytes.length < 2 + extended + 4) {
    return undefined;
  }
  return extended === 0 ? short : extended === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
}
