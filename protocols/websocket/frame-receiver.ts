import { isUtf8 } from "node:buffer";
import { Assembly } from "./assembly.ts";
import { type CloseStatus, readClose } from "./close-frame.ts";
import type { WebSocketFault } from "./faults.ts";
import { compressionNegotiated, faultOf, finBit, opcodes, rsv1Bit, withinMessage } from "./frame-rules.ts";
import { isAscii, unmask } from "./mask.ts";
import { readAscii } from "./text.ts";
import { Utf8Validator } from "./utf8.ts";

/** Who is told what was received. Each call is made from within `receive` or `resume`. */
export interface FrameSink {
  /** A whole message. */
  message(message: string | Buffer): void;
  /** A whole message, still compressed. */
  compressed(payload: Buffer, isText: boolean): void;
  ping(payload: Buffer): void;
  pong(payload: Buffer): void;
  /** The client's Close frame; nothing is received after it. */
  closed(status: CloseStatus): void;
  /** The client broke a rule; nothing is received after it. */
  violated(fault: WebSocketFault): void;
}

export interface ReceiverLimits {
  readonly maxMessageBytes: number;
  readonly maxFragments: number;
}

const longestControlPayload = 125;
const longestHeader = 14;
const empty = Buffer.alloc(0);

/**
 * Reads frames (RFC 6455 section 5) from bytes, however they are cut, and does nothing else: no I/O, no clock. Chunks are
 * unmasked in place, and a message that lies whole in one is a view of it.
 */
export class FrameReceiver {
  readonly #sink: FrameSink;
  readonly #limits: ReceiverLimits;
  readonly #compression: number;
  /** What is being read, and how far. */
  #chunk: Buffer = empty;
  #at = 0;
  #running = false;
  #stopped = false;
  #over = false;

  /** The beginning of a frame whose header is not whole yet. */
  #partialHeader: Buffer | undefined;
  #partialLength = 0;

  /** The frame whose payload is being read; -1 between frames. */
  #opcode = -1;
  #isFinal = false;
  /** Bytes of its payload to come. */
  #left = 0;
  #key = 0;
  #phase = 0;
  #control: Assembly | undefined;

  /** The message that frames make up; 0 between messages. */
  #messageOpcode = 0;
  #isCompressed = false;
  #fragments = 0;
  #message: Assembly | undefined;
  #utf8: Utf8Validator | undefined;

  constructor(sink: FrameSink, limits: ReceiverLimits, compression: boolean) {
    this.#sink = sink;
    this.#limits = limits;
    this.#compression = compression ? compressionNegotiated : 0;
  }

  /** Whether the sink is being told of something right now. */
  get running(): boolean {
    return this.#running;
  }

  /** Takes the next bytes. Not while it is stopped. */
  receive(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
    this.#run();
  }

  /** For the sink: reads no further than this frame, until `resume`. */
  stop(): void {
    this.#stopped = true;
  }

  /** Reads nothing any more. */
  finish(): void {
    this.#over = true;
    this.#message = this.#control = undefined;
  }

  /** Goes on where it was stopped. */
  resume(): void {
    this.#stopped = false;
    this.#run();
  }

  #run(): void {
    if (this.#running) {
      return; // the sink resumes what it has just stopped
    }
    this.#running = true;
    const chunk = this.#chunk;
    while (!this.#stopped && !this.#over && (this.#at < chunk.length || (this.#left === 0 && this.#opcode !== -1))) {
      if (this.#opcode === -1) {
        this.#readHeader(chunk);
      } else {
        this.#readPayload(chunk);
      }
    }
    this.#running = false;
    if (this.#at >= chunk.length || this.#over) {
      this.#chunk = empty; // idle connections are many, and chunks are large
      this.#at = 0;
    }
  }

  /** Reads a header where it lies; or gathers it first, where it is cut. */
  #readHeader(chunk: Buffer): void {
    if (this.#partialLength === 0) {
      const length = this.#headerLength(chunk, this.#at, chunk.length - this.#at);
      if (length === 0 || this.#at + length <= chunk.length) {
        this.#at += length;
        if (length > 0) {
          this.#begin(chunk, this.#at - length, length);
        }
        return;
      }
    }
    this.#partialHeader ??= Buffer.allocUnsafe(longestHeader);
    const header = this.#partialHeader;
    header[this.#partialLength++] = chunk[this.#at++]!;
    const length = this.#headerLength(header, 0, this.#partialLength);
    if (length === this.#partialLength) {
      this.#partialLength = 0;
      this.#begin(header, 0, length);
    }
  }

  /** How long the header at `at` is, `available` bytes of which are there; 0 where its first two bytes break a rule. */
  #headerLength(bytes: Buffer, at: number, available: number): number {
    if (available < 2) {
      return 2 + 4;
    }
    const first = bytes[at]!;
    const second = bytes[at + 1]!;
    const fault = faultOf(first, (this.#messageOpcode === 0 ? 0 : withinMessage) | this.#compression);
    const length = second & 0x7f;
    if (fault !== undefined) {
      this.#fail(fault);
      return 0;
    }
    if ((second & 0x80) === 0) {
      this.#fail("ERR_TURNOUT_WEBSOCKET_UNMASKED");
      return 0;
    }
    if (length > longestControlPayload && (first & 0x08) !== 0) {
      this.#fail("ERR_TURNOUT_WEBSOCKET_CONTROL_FRAME");
      return 0;
    }
    return length < 126 ? 6 : length === 126 ? 8 : 14;
  }

  #begin(bytes: Buffer, at: number, headerLength: number): void {
    const first = bytes[at]!;
    let length = bytes[at + 1]! & 0x7f;
    if (length === 126) {
      length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
      if (length < 126) {
        this.#fail("ERR_TURNOUT_WEBSOCKET_LENGTH");
        return;
      }
    } else if (length === 127) {
      const high = bytes.readUInt32BE(at + 2);
      length = high * 0x1_0000_0000 + bytes.readUInt32BE(at + 6);
      if (length < 0x1_0000 || high >= 0x8000_0000) {
        this.#fail("ERR_TURNOUT_WEBSOCKET_LENGTH");
        return;
      }
    }
    const opcode = first & 0x0f;
    if ((opcode & 0x08) === 0 && !this.#beginData(first, opcode, length)) {
      return;
    }
    const key = at + headerLength - 4;
    this.#key = bytes[key]! | (bytes[key + 1]! << 8) | (bytes[key + 2]! << 16) | (bytes[key + 3]! << 24);
    this.#phase = 0;
    this.#opcode = opcode;
    this.#isFinal = (first & finBit) !== 0;
    this.#left = length;
  }

  /** False: the message is too large, or is in too many pieces. */
  #beginData(first: number, opcode: number, length: number): boolean {
    if (opcode !== opcodes.continuation) {
      this.#messageOpcode = opcode;
      this.#isCompressed = (first & rsv1Bit) !== 0;
      this.#fragments = 0;
    }
    if (++this.#fragments > this.#limits.maxFragments) {
      this.#fail("ERR_TURNOUT_WEBSOCKET_TOO_MANY_FRAGMENTS");
      return false;
    }
    const { maxMessageBytes } = this.#limits;
    // What cannot be compressed becomes a little longer: 5 bytes in every 16 KiB at worst.
    const most = this.#isCompressed ? maxMessageBytes + maxMessageBytes / 2_048 + 64 : maxMessageBytes;
    if ((this.#message?.length ?? 0) + length > most) {
      this.#fail("ERR_TURNOUT_WEBSOCKET_MESSAGE_TOO_LARGE");
      return false;
    }
    return true;
  }

  #readPayload(chunk: Buffer): void {
    const start = this.#at;
    const end = chunk.length - start < this.#left ? chunk.length : start + this.#left;
    this.#at = end;
    this.#left -= end - start;
    if (this.#opcode >= opcodes.close) {
      this.#readControl(chunk, start, end);
    } else if (this.#left === 0 && this.#isFinal && this.#message === undefined) {
      this.#readWhole(chunk, start, end);
    } else {
      this.#readPiece(chunk, start, end);
    }
    this.#phase += end - start;
  }

  /** A message in one frame in one chunk: the common case, without a copy. */
  #readWhole(chunk: Buffer, start: number, end: number): void {
    const seen = unmask(chunk, start, end, this.#key, this.#phase);
    const isText = this.#messageOpcode === opcodes.text;
    this.#opcode = -1;
    this.#messageOpcode = 0;
    if (this.#isCompressed) {
      this.#sink.compressed(chunk.subarray(start, end), isText);
    } else if (!isText) {
      this.#sink.message(chunk.subarray(start, end));
    } else if (isAscii(seen)) {
      this.#sink.message(readAscii(chunk, start, end));
    } else if (isUtf8(chunk.subarray(start, end))) {
      this.#sink.message(chunk.toString("utf8", start, end));
    } else {
      this.#fail("ERR_TURNOUT_WEBSOCKET_UTF8");
    }
  }

  /** A piece of a message: the rest of it comes in further chunks or frames. */
  #readPiece(chunk: Buffer, start: number, end: number): void {
    this.#message ??= new Assembly();
    const message = this.#message;
    const from = message.length;
    const seen = message.add(chunk, start, end, this.#key, this.#phase, this.#left);
    const isText = this.#messageOpcode === opcodes.text;
    const checked = isText && !this.#isCompressed;
    if (checked) {
      this.#utf8 ??= new Utf8Validator();
      const utf8 = this.#utf8;
      const valid = (isAscii(seen) && utf8.complete) || utf8.push(message.buffer, from, message.length);
      if (!valid) {
        this.#fail("ERR_TURNOUT_WEBSOCKET_UTF8");
        return;
      }
    }
    if (this.#left > 0) {
      return;
    }
    this.#opcode = -1;
    if (!this.#isFinal) {
      return;
    }
    if (checked && !this.#utf8!.complete) {
      this.#fail("ERR_TURNOUT_WEBSOCKET_UTF8");
      return;
    }
    this.#message = this.#utf8 = undefined;
    this.#messageOpcode = 0;
    if (this.#isCompressed) {
      this.#sink.compressed(message.take(), isText);
    } else {
      this.#sink.message(isText ? message.takeText() : message.take());
    }
  }

  #readControl(chunk: Buffer, start: number, end: number): void {
    let payload: Buffer;
    if (this.#control === undefined && this.#left === 0) {
      unmask(chunk, start, end, this.#key, this.#phase);
      payload = chunk.subarray(start, end);
    } else {
      this.#control ??= new Assembly();
      this.#control.add(chunk, start, end, this.#key, this.#phase, this.#left);
      if (this.#left > 0) {
        return;
      }
      payload = this.#control.take();
      this.#control = undefined;
    }
    const opcode = this.#opcode;
    this.#opcode = -1;
    if (opcode === opcodes.ping) {
      this.#sink.ping(payload);
    } else if (opcode === opcodes.pong) {
      this.#sink.pong(payload);
    } else {
      const status = readClose(payload);
      if (typeof status === "string") {
        this.#fail(status);
      } else {
        this.#over = true;
        this.#sink.closed(status);
      }
    }
  }

  #fail(fault: WebSocketFault): void {
    this.finish();
    this.#sink.violated(fault);
  }
}
