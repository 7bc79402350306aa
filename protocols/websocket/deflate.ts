import { constants as bufferLimits } from "node:buffer";
import { constants, deflateRaw, deflateRawSync, inflateRaw, inflateRawSync } from "node:zlib";
import type { DeflateAgreement } from "./deflate-negotiation.ts";
import type { WebSocketFault } from "./faults.ts";
import type { ZlibQueue } from "./zlib-queue.ts";

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
/**
 * Up to here the way to zlib's threads and back takes longer than the work (bench/websocket). Deflate makes nothing
 * shorter than by 1,032 times, so that the most that is inflated at once is 2 MiB.
 */
const compressedAtOnce = 8_192;
const inflatedAtOnce = 2_048;
const empty = Buffer.alloc(0);

/**
 * Compresses and inflates the messages of one connection (RFC 7692 section 7.2), one of each at a time; small ones at once.
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
    this.#maxBytes = Math.min(maxBytes, bufferLimits.MAX_LENGTH - 1); // more than that, zlib takes for no bound at all
  }

  /** The window's bits where each message is compressed by itself: others can be sent the same bytes. */
  get sharedWindowBits(): number | undefined {
    const { serverNoContextTakeover, serverWindowBits } = this.#agreement;
    return serverNoContextTakeover ? serverWindowBits : undefined;
  }

  /** The message, compressed; undefined where that would not make it shorter. */
  compress(message: Buffer, isWanted: () => boolean): Buffer | undefined | Promise<Buffer | undefined> {
    const options = { windowBits: this.#agreement.serverWindowBits, level: this.#level, dictionary: this.#sent };
    return message.length <= compressedAtOnce
      ? this.#keepSent(message, withoutTail(deflateRawSync(message, { ...options, ...flushing })))
      : this.#queue
          .run(isWanted, () => compress(message, options))
          .then((deflated) => this.#keepSent(message, deflated));
  }

  /** The message, inflated; or what is wrong with it. */
  inflate(payload: Buffer, isWanted: () => boolean): Buffer | WebSocketFault | Promise<Buffer | WebSocketFault> {
    const inflation = inflate(payload, this.#received, this.#maxBytes);
    return payload.length <= inflatedAtOnce
      ? this.#keepReceived(runAtOnce(inflation))
      : this.#queue.run(isWanted, () => run(inflation)).then((result) => this.#keepReceived(result ?? empty));
  }

  #keepSent(message: Buffer, deflated: Buffer | undefined): Buffer | undefined {
    if (deflated === undefined || deflated.length >= message.length) {
      return undefined; // sent as it is, it is not part of the window
    }
    if (!this.#agreement.serverNoContextTakeover) {
      this.#sent = lastOf(this.#sent, message, 1 << this.#agreement.serverWindowBits);
    }
    return deflated;
  }

  #keepReceived(result: Buffer | WebSocketFault): Buffer | WebSocketFault {
    if (typeof result !== "string" && !this.#agreement.clientNoContextTakeover) {
      this.#received = lastOf(this.#received, result, largestWindow);
    }
    return result;
  }
}

const flushing = { finishFlush: constants.Z_SYNC_FLUSH };

/** Compresses a message by itself. */
export async function compress(
  message: Buffer,
  options: { readonly windowBits: number; readonly level: number; readonly dictionary?: Buffer },
): Promise<Buffer> {
  const flushed = await new Promise<Buffer>((resolve, reject) => {
    deflateRaw(message, { ...options, ...flushing }, (error, bytes) =>
      error === null ? resolve(bytes) : reject(error),
    );
  });
  return withoutTail(flushed);
}

function withoutTail(flushed: Buffer): Buffer {
  return flushed.subarray(0, flushed.length - flushTail);
}

/** One start of zlib: what it is to inflate, and how. */
interface Step {
  readonly bytes: Buffer;
  readonly options: { readonly info: true; readonly dictionary: Buffer; readonly maxOutputLength: number };
}

/** What came of it: the bytes, and how many it took for them. */
interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

type Inflation = Generator<Step, Buffer | WebSocketFault, Inflated>;

/** Inflates a message in as many steps as it has blocks that call themselves the last (RFC 7692 section 7.2.3.4). */
function* inflate(payload: Buffer, dictionary: Buffer, maxBytes: number): Inflation {
  const parts: Buffer[] = [];
  let length = 0;
  let window = dictionary;
  let rest = Buffer.concat([payload, inflateTail]);
  for (let lastBlocks = 0; lastBlocks < maxLastBlocks; lastBlocks++) {
    // zlib takes no bound of 0; a byte too many is found behind it
    const options = { info: true, dictionary: window, maxOutputLength: Math.max(1, maxBytes - length) } as const;
    const { buffer, engine } = yield { bytes: rest, options };
    parts.push(buffer);
    length += buffer.length;
    if (length > maxBytes) {
      return "ERR_TURNOUT_WEBSOCKET_MESSAGE_TOO_LARGE";
    }
    const left = rest.length - engine.bytesWritten;
    // Nothing is left, or only what was put there: the message's own last block ended with its last byte.
    if (left === 0 || left === inflateTail.length) {
      return parts.length === 1 ? buffer : Buffer.concat(parts, length);
    }
    window = lastOf(window, buffer, largestWindow);
    rest = rest.subarray(rest.length - left);
  }
  return "ERR_TURNOUT_WEBSOCKET_DEFLATE";
}

function runAtOnce(inflation: Inflation): Buffer | WebSocketFault {
  try {
    let state = inflation.next();
    while (!state.done) {
      const { bytes, options } = state.value;
      state = inflation.next(inflateRawSync(bytes, options) as unknown as Inflated);
    }
    return state.value;
  } catch (error) {
    return faultOf(error);
  }
}

async function run(inflation: Inflation): Promise<Buffer | WebSocketFault> {
  try {
    let state = inflation.next();
    while (!state.done) {
      const { bytes, options } = state.value;
      const inflated = await new Promise<Inflated>((resolve, reject) => {
        inflateRaw(bytes, options, (error, result) =>
          error === null ? resolve(result as unknown as Inflated) : reject(error),
        );
      });
      state = inflation.next(inflated);
    }
    return state.value;
  } catch (error) {
    return faultOf(error);
  }
}

function faultOf(error: unknown): WebSocketFault {
  return (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE"
    ? "ERR_TURNOUT_WEBSOCKET_MESSAGE_TOO_LARGE"
    : "ERR_TURNOUT_WEBSOCKET_DEFLATE";
}

/** The last `most` bytes of `before` and `bytes`, in a buffer that pins nothing else. */
function lastOf(before: Buffer, bytes: Buffer, most: number): Buffer {
  return bytes.length >= most
    ? Buffer.from(bytes.subarray(bytes.length - most))
    : Buffer.concat([before.subarray(Math.max(0, before.length + bytes.length - most)), bytes]);
}
