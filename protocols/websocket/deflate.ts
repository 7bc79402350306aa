import { constants, deflateRaw, inflateRaw, type Zlib } from "node:zlib";
import type { DeflateAgreement } from "./deflate-negotiation.ts";
import type { WebSocketFault } from "./faults.ts";

/** RFC 7692 section 7.2.1: every flush ends in these bytes, which are taken away; the other side puts them back. */
const flushTail = 4;
/**
 * What is put behind a message before it is inflated: those four bytes, and an empty last block. With it the stream has
 * to come to its end: one that was cut short is told from one that is whole.
 */
const inflateTail = Buffer.from([0x00, 0x00, 0xff, 0xff, 0x03, 0x00]);
const largestWindow = 32_768;
/** "Last" blocks in one message beyond which it is no honest one: each costs a start of zlib. */
const maxLastBlocks = 1_024;
const empty = Buffer.alloc(0);

/**
 * Compresses and inflates the messages of one connection (RFC 7692 section 7.2).
 *
 * Between messages no state of zlib is kept, which would be 300 KiB: where context is taken over, the last 32 KiB of what
 * was said are, and the next message is compressed, or inflated, with them as its dictionary. That is the same window.
 */
export class Deflate {
  readonly #agreement: DeflateAgreement;
  readonly #queue: ZlibQueue;
  readonly #level: number;
  readonly #maxBytes: number;
  #sent: Buffer = empty;
  #received: Buffer = empty;

  constructor(agreement: DeflateAgreement, queue: ZlibQueue, level: number, maxBytes: number) {
    this.#agreement = agreement;
    this.#queue = queue;
    this.#level = level;
    this.#maxBytes = maxBytes;
  }

  /** The window's bits where each message is compressed by itself: others can be sent the same bytes. */
  get sharedWindowBits(): number | undefined {
    const { serverNoContextTakeover, serverWindowBits } = this.#agreement;
    return serverNoContextTakeover ? serverWindowBits : undefined;
  }

  /** The message, compressed; undefined where that would not make it shorter. One at a time. */
  async compress(message: Buffer, isWanted: () => boolean): Promise<Buffer | undefined> {
    const { serverNoContextTakeover, serverWindowBits: windowBits } = this.#agreement;
    const deflated = await this.#queue.run(isWanted, () =>
      compress(message, { windowBits, level: this.#level, dictionary: this.#sent }),
    );
    if (deflated === undefined || deflated.length >= message.length) {
      return undefined; // sent as it is, it is not part of the window
    }
    if (!serverNoContextTakeover) {
      this.#sent = lastOf(this.#sent, message, 1 << windowBits);
    }
    return deflated;
  }

  /** The message, inflated; or what is wrong with it. One at a time. */
  async inflate(payload: Buffer, isWanted: () => boolean): Promise<Buffer | WebSocketFault> {
    const dictionary = this.#received;
    const result = await this.#queue.run(isWanted, () => inflateAll(payload, dictionary, this.#maxBytes));
    if (result === undefined || typeof result === "string") {
      return result ?? empty;
    }
    if (!this.#agreement.clientNoContextTakeover) {
      this.#received = lastOf(dictionary, result, largestWindow);
    }
    return result;
  }
}

/** Compresses a message by itself. */
export async function compress(
  message: Buffer,
  options: { readonly windowBits: number; readonly level: number; readonly dictionary?: Buffer },
): Promise<Buffer> {
  const flushed = await new Promise<Buffer>((resolve, reject) => {
    deflateRaw(message, { ...options, finishFlush: constants.Z_SYNC_FLUSH }, (error, bytes) =>
      error === null ? resolve(bytes) : reject(error),
    );
  });
  return flushed.subarray(0, flushed.length - flushTail);
}

interface Inflated {
  readonly buffer: Buffer;
  readonly engine: Zlib & { readonly bytesWritten: number };
}

/** Inflates a message in as many steps as it has blocks that call themselves the last (RFC 7692 section 7.2.3.4). */
async function inflateAll(
  payload: Buffer,
  dictionary: Buffer,
  maxBytes: number,
): Promise<Buffer | WebSocketFault | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  let window = dictionary;
  let rest = Buffer.concat([payload, inflateTail]);
  for (let lastBlocks = 0; lastBlocks < maxLastBlocks; lastBlocks++) {
    let step: Inflated;
    try {
      step = await inflateOnce(rest, window, maxBytes - length);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE"
        ? "ERR_TURNOUT_WEBSOCKET_MESSAGE_TOO_LARGE"
        : "ERR_TURNOUT_WEBSOCKET_DEFLATE";
    }
    parts.push(step.buffer);
    length += step.buffer.length;
    if (length > maxBytes) {
      return "ERR_TURNOUT_WEBSOCKET_MESSAGE_TOO_LARGE";
    }
    const taken = step.engine.bytesWritten;
    // Nothing is left, or only what was put there: the message's own last block ended with its last byte.
    if (rest.length - taken === 0 || rest.length - taken === inflateTail.length) {
      return parts.length === 1 ? step.buffer : Buffer.concat(parts, length);
    }
    window = lastOf(window, step.buffer, largestWindow);
    rest = rest.subarray(taken);
  }
  return "ERR_TURNOUT_WEBSOCKET_DEFLATE";
}

function inflateOnce(bytes: Buffer, dictionary: Buffer, maxBytes: number): Promise<Inflated> {
  return new Promise((resolve, reject) => {
    // zlib takes no bound of 0; a byte too many is found behind it
    inflateRaw(bytes, { info: true, dictionary, maxOutputLength: Math.max(1, maxBytes) }, (error, result) =>
      error === null ? resolve(result as unknown as Inflated) : reject(error),
    );
  });
}

/** The last `most` bytes of `before` and `bytes`, in a buffer that pins nothing else. */
function lastOf(before: Buffer, bytes: Buffer, most: number): Buffer {
  return bytes.length >= most
    ? Buffer.from(bytes.subarray(bytes.length - most))
    : Buffer.concat([before.subarray(Math.max(0, before.length + bytes.length - most)), bytes]);
}

/**
 * Lets so many jobs at a time into zlib: its threads are few and shared with the file system, and each job has memory of
 * its own. A job that nobody wants any more when its turn comes is dropped.
 */
export class ZlibQueue {
  readonly #concurrency: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  /** Undefined: it was not wanted any more. */
  async run<T>(isWanted: () => boolean, job: () => Promise<T>): Promise<T | undefined> {
    if (this.#running >= this.#concurrency) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running++;
    }
    try {
      return isWanted() ? await job() : undefined;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) {
        this.#running--;
      } else {
        next(); // takes over this place
      }
    }
  }
}
