/** What bounds the messages that are read plainly. */
export interface PlainLimits {
  readonly maxMessageBytes: number;
  readonly maxFragments: number;
}

/** What a server reads from a client with. */
export interface PlainReading {
  readonly limits: PlainLimits;
  /** `permessage-deflate` was agreed on; compressed messages are told as they are. */
  readonly compression: boolean;
}

/**
 * Reads what a client sends, plainly and byte after byte, from RFC 6455 section 5 and RFC 7692 section 6. Gives what
 * happens, in order and in words: `text`, `binary`, `compressed text`, `compressed binary`, `ping` and `pong` with their
 * payload in hex, `close` with code and reason, `fault` with what is wrong. After the last two nothing is read.
 *
 * A frame is judged twice: by its first two bytes, and when its header is whole.
 */
export function readWebSocketPlainly(bytes: Uint8Array, reading: PlainReading): string[] {
  const events: string[] = [];
  const reader = frames(events, reading);
  let { done } = reader.next();
  for (const byte of bytes) {
    if (done === true) {
      break;
    }
    ({ done } = reader.next(byte));
  }
  return events;
}

/** A message that is not whole yet. */
interface Begun {
  readonly kind: "text" | "binary";
  readonly isCompressed: boolean;
  readonly payload: number[];
  readonly text: PlainUtf8;
  fragments: number;
}

/** Each `yield` gives the next byte. */
type Reader<T> = Generator<undefined, T, number>;

function* frames(events: string[], { limits, compression }: PlainReading): Reader<void> {
  const fault = (rule: string): void => {
    events.push(`fault ERR_TURNOUT_WEBSOCKET_${rule}`);
  };
  let begun: Begun | undefined;
  for (;;) {
    const first = yield;
    const second = yield;
    const wrong = wrongWith(first, second, begun !== undefined, compression);
    if (wrong !== undefined) {
      return fault(wrong);
    }
    const length = yield* lengthFrom(second % 128);
    const key = [yield, yield, yield, yield];
    if (length === undefined) {
      return fault("LENGTH");
    }
    const isFinal = first >= 128;
    const opcode = first % 16;
    if (opcode >= 8) {
      const payload: number[] = [];
      for (let at = 0; at < length; at++) {
        payload.push((yield) ^ key[at % 4]!);
      }
      const event = controlEvent(opcode, Buffer.from(payload));
      events.push(event);
      if (opcode === 8) {
        return;
      }
      continue;
    }
    begun ??= {
      kind: opcode === 1 ? "text" : "binary",
      isCompressed: (first & 0x40) !== 0,
      payload: [],
      text: new PlainUtf8(),
      fragments: 0,
    };
    begun.fragments++;
    if (begun.fragments > limits.maxFragments) {
      return fault("TOO_MANY_FRAGMENTS");
    }
    if (begun.payload.length + length > mostBytes(limits.maxMessageBytes, begun.isCompressed)) {
      return fault("MESSAGE_TOO_LARGE");
    }
    const isChecked = begun.kind === "text" && !begun.isCompressed;
    for (let at = 0; at < length; at++) {
      const byte = (yield) ^ key[at % 4]!;
      begun.payload.push(byte);
      if (isChecked && !begun.text.take(byte)) {
        return fault("UTF8");
      }
    }
    if (isFinal) {
      if (isChecked && !begun.text.isWhole) {
        return fault("UTF8");
      }
      events.push(
        `${begun.isCompressed ? "compressed " : ""}${begun.kind} ${Buffer.from(begun.payload).toString("hex")}`,
      );
      begun = undefined;
    }
  }
}

/** RFC 6455 sections 5.2 to 5.5, RFC 7692 section 6: what shows in the first two bytes. */
function wrongWith(first: number, second: number, within: boolean, compression: boolean): string | undefined {
  const opcode = first % 16;
  const [rsv1, rsv2, rsv3] = [first & 0x40, first & 0x20, first & 0x10];
  const isCompressible = compression && opcode >= 1 && opcode <= 7;
  if (rsv2 || rsv3 || (rsv1 && !isCompressible)) {
    return "RESERVED_BITS";
  }
  if (![0, 1, 2, 8, 9, 10].includes(opcode)) {
    return "OPCODE";
  }
  if (opcode >= 8 && first < 128) {
    return "CONTROL_FRAME"; // in fragments
  }
  if (opcode < 8 && (opcode === 0) !== within) {
    return "FRAGMENTS";
  }
  if (second < 128) {
    return "UNMASKED";
  }
  return opcode >= 8 && second % 128 > 125 ? "CONTROL_FRAME" : undefined;
}

/** RFC 6455 section 5.2: undefined where the length has its highest bit set, or was not written in the shortest way. */
function* lengthFrom(short: number): Reader<number | undefined> {
  if (short < 126) {
    return short;
  }
  let length = 0n;
  for (let left = short === 126 ? 2 : 8; left > 0; left--) {
    length = length * 256n + BigInt(yield);
  }
  return length < (short === 126 ? 126n : 65_536n) || length >= 2n ** 63n ? undefined : Number(length);
}

/** A compressed message may be a little longer than what comes of it. How much is the server's own affair. */
function mostBytes(maxMessageBytes: number, isCompressed: boolean): number {
  return isCompressed ? maxMessageBytes + Math.floor(maxMessageBytes / 2048) + 64 : maxMessageBytes;
}

function controlEvent(opcode: number, payload: Buffer): string {
  if (opcode !== 8) {
    return `${opcode === 9 ? "ping" : "pong"} ${payload.toString("hex")}`;
  }
  if (payload.length === 0) {
    return 'close 1005 ""';
  }
  const code = payload.length < 2 ? 0 : 256 * payload[0]! + payload[1]!;
  // RFC 6455 section 7.4.2, and the registry that section 11.7 makes
  const isRegistered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014].includes(code);
  if (!isRegistered && !(code >= 3000 && code <= 4999)) {
    return "fault ERR_TURNOUT_WEBSOCKET_CLOSE";
  }
  const text = new PlainUtf8();
  const isText = payload.subarray(2).every((byte) => text.take(byte)) && text.isWhole;
  return isText ? `close ${code} ${JSON.stringify(payload.toString("utf8", 2))}` : "fault ERR_TURNOUT_WEBSOCKET_UTF8";
}

/** RFC 3629 section 4: a code point, and how one begins. Bytes are latin1 characters. */
const t = "[\\x80-\\xbf]";
const whole = new RegExp(
  `^(?:[\\x00-\\x7f]|[\\xc2-\\xdf]${t}|\\xe0[\\xa0-\\xbf]${t}|[\\xe1-\\xec]${t}{2}|\\xed[\\x80-\\x9f]${t}|[\\xee-\\xef]${t}{2}` +
    `|\\xf0[\\x90-\\xbf]${t}{2}|[\\xf1-\\xf3]${t}{3}|\\xf4[\\x80-\\x8f]${t}{2})$`,
);
const part = new RegExp(
  `^(?:[\\xc2-\\xdf]|\\xe0[\\xa0-\\xbf]?|[\\xe1-\\xec]${t}?|\\xed[\\x80-\\x9f]?|[\\xee-\\xef]${t}?` +
    `|\\xf0(?:[\\x90-\\xbf]${t}?)?|[\\xf1-\\xf3](?:${t}${t}?)?|\\xf4(?:[\\x80-\\x8f]${t}?)?)$`,
);

class PlainUtf8 {
  #point = "";

  get isWhole(): boolean {
    return this.#point === "";
  }

  /** False: no text goes on so. */
  take(byte: number): boolean {
    this.#point += String.fromCharCode(byte);
    if (whole.test(this.#point)) {
      this.#point = "";
      return true;
    }
    return part.test(this.#point);
  }
}
