import type { Transport } from "turnout";
import { composeFrame, headerLength, messageByte, writeHeader } from "./frame.ts";
import { finBit, opcodes, rsv1Bit } from "./frame-rules.ts";
import { writeText } from "./text.ts";
import { isThenable } from "./thenable.ts";

/** A payload of up to so many bytes is copied behind its header; a longer one is written as it is. */
const copiedBytes = 4_096;
const slabBytes = 16_384;

/** Where small frames are put together. All sockets share it: what one of them writes in one go lies together. */
let slab: Buffer = Buffer.allocUnsafeSlow(slabBytes);
let slabUsed = 0;
const noSlab: Buffer = Buffer.alloc(0);

/** Bytes waiting from which on a sender is asked for patience. */
const fullBytes = 65_536;

/** Who is told of what happens to an outbox. */
export interface OutboxOwner {
  /** It is not full any more. */
  drained(): void;
  /** Something that it waited for failed. */
  crashed(cause: unknown): void;
}

/** Frames that wait for something that is not done yet: for zlib, and for what was sent before. */
interface Waiting {
  readonly bytes: number;
  /** Writes it; a promise for what takes time. */
  write(): void | Promise<void>;
}

/**
 * What goes out on one connection, in order. Frames that are written between `gather` and `release` leave in one write;
 * nothing overtakes a message that is still being compressed.
 */
export class Outbox {
  readonly #transport: Transport<unknown>;
  readonly #owner: OutboxOwner;
  #gathering = false;
  #hasRoom = true;
  /** The part of the slab that has this connection's frames which are not written yet. */
  #runSlab: Buffer = noSlab;
  #runStart = 0;
  #runEnd = 0;
  #waiting: Waiting[] | undefined;
  #waitingBytes = 0;
  /** A Pong that found no room. */
  #latePong: Buffer | undefined;

  constructor(transport: Transport<unknown>, owner: OutboxOwner) {
    this.#transport = transport;
    this.#owner = owner;
  }

  /** Bytes that are on their way and not taken by the system. */
  get bufferedBytes(): number {
    return this.#transport.bufferedBytes + this.#runEnd - this.#runStart + this.#waitingBytes;
  }

  /** Whether to wait for `drained` before more is sent. */
  get full(): boolean {
    return !this.#hasRoom || this.#runEnd - this.#runStart >= fullBytes || this.#waitingBytes >= fullBytes;
  }

  /** The transport has room again. */
  drained(): void {
    this.#hasRoom = true;
    this.#tellRoom();
  }

  gather(): void {
    this.#gathering = true;
  }

  release(): void {
    this.#gathering = false;
    this.#flush();
  }

  /** A message in one frame. */
  message(data: string | Uint8Array): void {
    if (this.#waiting === undefined) {
      this.#write(messageByte(data), data); // without a closure: most messages come this way
    } else {
      this.#inTurn(byteLength(data), () => this.#write(messageByte(data), data));
    }
  }

  /** A control frame; `first` is its first byte. */
  control(first: number, payload: Uint8Array): void {
    this.#inTurn(payload.length, () => this.#write(first, payload));
  }

  /** Answers a Ping. Of several that cannot be answered yet, the latest is enough (RFC 6455 section 5.5.3). */
  pong(payload: Uint8Array): void {
    if (this.full) {
      this.#latePong = Buffer.from(payload);
    } else {
      this.control(finBit | opcodes.pong, payload);
    }
  }

  close(payload: Uint8Array): void {
    this.#sendLatePong();
    this.control(finBit | opcodes.close, payload);
  }

  /** A whole frame that may be written to others, too. */
  frame(frame: Buffer): void {
    this.#inTurn(frame.length, () => this.#writeFrame(frame));
  }

  /** A message that `compress` makes shorter, or gives undefined for. What comes after waits for it. */
  compressed(
    data: string | Uint8Array,
    compress: (message: Buffer) => Buffer | undefined | Promise<Buffer | undefined>,
  ): void {
    const message =
      typeof data === "string" ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.length);
    const write = (deflated: Buffer | undefined): void => {
      const first = messageByte(data);
      this.#write(deflated === undefined ? first : first | rsv1Bit, deflated ?? message);
    };
    this.#inTurn(message.length, () => {
      const deflated = compress(message);
      return isThenable(deflated) ? deflated.then(write) : write(deflated);
    });
  }

  /** A frame that is being made, perhaps for others, too. */
  promised(bytes: number, frame: Promise<Buffer>): void {
    this.#inTurn(bytes, async () => this.#writeFrame(await frame));
  }

  /** Runs `work` once all that was sent before it is written. */
  whenReady(work: () => void): void {
    this.#inTurn(0, () => {
      this.#flush();
      work();
    });
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting = this.#latePong = undefined;
    this.#waitingBytes = 0;
  }

  #tellRoom(): void {
    if (!this.full) {
      this.#sendLatePong();
      this.#owner.drained();
    }
  }

  #sendLatePong(): void {
    if (this.#latePong !== undefined) {
      this.control(finBit | opcodes.pong, this.#latePong);
      this.#latePong = undefined;
    }
  }

  /** Writes now, or behind what is still waited for. */
  #inTurn(bytes: number, write: () => void | Promise<void>): void {
    if (this.#waiting !== undefined) {
      this.#waiting.push({ bytes, write });
      this.#waitingBytes += bytes;
      return;
    }
    const pending = write();
    if (pending !== undefined) {
      this.#waiting = [{ bytes, write }];
      this.#waitingBytes += bytes;
      this.#work(this.#waiting, pending).catch((cause: unknown) => this.#owner.crashed(cause));
    }
  }

  /** Writes what waits, one after the other; the first is `pending`. */
  async #work(waiting: Waiting[], pending: Promise<void>): Promise<void> {
    await pending;
    while (this.#waiting === waiting) {
      this.#waitingBytes -= waiting.shift()!.bytes;
      const next = waiting[0];
      if (next === undefined) {
        this.#waiting = undefined;
        this.#flushUnlessGathering();
        this.#tellRoom();
        return;
      }
      await next.write();
    }
  }

  #write(first: number, data: string | Uint8Array): void {
    if (data.length > copiedBytes || (typeof data === "string" && data.length * 3 > copiedBytes)) {
      this.#writeLong(first, data);
    } else if (typeof data === "string") {
      this.#copyText(first, data);
    } else {
      const at = this.#reserve(headerLength(data.length) + data.length);
      const payloadAt = writeHeader(slab, at, first, data.length);
      slab.set(data, payloadAt);
      this.#append(at, payloadAt + data.length);
    }
    this.#flushUnlessGathering();
  }

  #copyText(first: number, text: string): void {
    // Most text is ASCII: try as if it were, and move it only where the longer header is needed after all.
    const expected = headerLength(text.length);
    const at = this.#reserve(headerLength(text.length * 3) + text.length * 3);
    const length = writeText(text, slab, at + expected);
    const needed = headerLength(length);
    if (needed !== expected) {
      slab.copyWithin(at + needed, at + expected, at + expected + length);
    }
    this.#append(at, writeHeader(slab, at, first, length) + length);
  }

  #writeLong(first: number, data: string | Uint8Array): void {
    this.#flush();
    if (typeof data === "string") {
      this.#hasRoom = this.#transport.write(composeFrame(first, data));
      return;
    }
    const header = Buffer.allocUnsafe(headerLength(data.length));
    writeHeader(header, 0, first, data.length);
    this.#transport.write(header);
    this.#hasRoom = this.#transport.write(data);
  }

  #writeFrame(frame: Buffer): void {
    this.#flush();
    this.#hasRoom = this.#transport.write(frame);
  }

  /** Room for so many bytes in the slab; gives where. */
  #reserve(bytes: number): number {
    if (slabUsed + bytes > slabBytes) {
      slab = Buffer.allocUnsafeSlow(slabBytes);
      slabUsed = 0;
    }
    return slabUsed;
  }

  #append(start: number, end: number): void {
    if (this.#runSlab !== slab || this.#runEnd !== start) {
      this.#flush();
      this.#runSlab = slab;
      this.#runStart = start;
    }
    this.#runEnd = end;
    slabUsed = end;
  }

  #flushUnlessGathering(): void {
    if (!this.#gathering) {
      this.#flush();
    }
  }

  #flush(): void {
    if (this.#runEnd > this.#runStart) {
      const run = this.#runSlab.subarray(this.#runStart, this.#runEnd);
      this.#runStart = this.#runEnd = 0;
      this.#runSlab = noSlab; // an idle connection pins none
      this.#hasRoom = this.#transport.write(run);
    }
  }
}

function byteLength(data: string | Uint8Array): number {
  return typeof data === "string" ? Buffer.byteLength(data) : data.length;
}
