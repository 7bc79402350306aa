import { frameHeaderBytes, preface, types } from "./frames.ts";

/** How a client opens its side (RFC 9113 section 3.4). */
export interface Opened {
  /** The payload of its first SETTINGS frame; empty where something else came, which `rest` has then. */
  readonly settings: Buffer;
  readonly rest: Buffer;
}

/** Bytes of a first SETTINGS frame beyond which it is left to node:http2 to refuse. */
const maxSettingsBytes = 6 * 24;

/**
 * Waits for the client's preface and its first SETTINGS frame, however they are cut. Both come at once when it sees the
 * 101.
 */
export class ClientOpening {
  #bytes: Buffer = Buffer.alloc(0);

  /** Undefined: more has to come. `false`: this is not HTTP/2. */
  push(chunk: Buffer): Opened | false | undefined {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    const bytes = this.#bytes;
    const known = Math.min(bytes.length, preface.length);
    if (preface.compare(bytes, 0, known, 0, known) !== 0) {
      return false;
    }
    if (bytes.length < preface.length + frameHeaderBytes) {
      return undefined;
    }
    const start = preface.length + frameHeaderBytes;
    const length = bytes.readUIntBE(preface.length, 3);
    const [type, flags] = [bytes[preface.length + 3], bytes[preface.length + 4]];
    const isPlain = type === types.settings && flags === 0 && bytes.readUInt32BE(preface.length + 5) === 0;
    if (!isPlain || length > maxSettingsBytes) {
      return { settings: Buffer.alloc(0), rest: bytes.subarray(preface.length) };
    }
    return bytes.length < start + length
      ? undefined
      : { settings: bytes.subarray(start, start + length), rest: bytes.subarray(start + length) };
  }
}
