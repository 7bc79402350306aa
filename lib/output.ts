import type { Writable } from "node:stream";

/**
 * What is to be sent, gathered over one turn of the event loop, so that it leaves in one write: answers to pipelined
 * requests, a 101 and the answer behind it, many small frames. Text stays text, since one write of a string that is
 * latin1 is the cheapest write that Node has.
 */
export class Output {
  #text = "";
  #parts: Uint8Array[] | undefined;
  #length = 0;

  /** Bytes gathered. */
  get length(): number {
    return this.#length;
  }

  /** Adds text of which every character is one byte. */
  latin1(text: string): void {
    this.#text += text;
    this.#length += text.length;
  }

  bytes(chunk: Uint8Array): void {
    this.#sealText();
    this.#parts ??= [];
    this.#parts.push(chunk);
    this.#length += chunk.length;
  }

  clear(): void {
    this.#text = "";
    this.#parts = undefined;
    this.#length = 0;
  }

  /** Writes all to `stream` and forgets it. False: the stream's buffer is full, `drain` will come. */
  flushTo(stream: Writable): boolean {
    if (this.#parts !== undefined) {
      this.#sealText();
    }
    const text = this.#text;
    const parts = this.#parts;
    const length = this.#length;
    this.clear();
    if (parts === undefined) {
      return stream.write(text, "latin1");
    }
    if (parts.length === 1) {
      return stream.write(parts[0]);
    }
    if (length <= joinBytes) {
      return stream.write(Buffer.concat(parts, length));
    }
    stream.cork();
    let flowing = true;
    for (const part of parts) {
      flowing = stream.write(part);
    }
    stream.uncork();
    return flowing;
  }

  #sealText(): void {
    if (this.#text !== "") {
      this.#parts ??= [];
      this.#parts.push(Buffer.from(this.#text, "latin1"));
      this.#text = "";
    }
  }
}

/** Up to here copying into one buffer is cheaper than handing the system several. */
const joinBytes = 65_536;
