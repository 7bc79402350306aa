/** Bytes that came and that nobody has taken yet, in order. */
export class HeldBytes {
  /** The chunk to go on with; a list for the others only while there are any, since most often there are not. */
  #first: Buffer | undefined;
  #others: Buffer[] | undefined;
  /** Where in the first chunk what is not taken begins. */
  #at = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#first === undefined) {
      this.#first = chunk;
    } else {
      this.#others ??= [];
      this.#others.push(chunk);
    }
  }

  /** The chunk to go on with, at `at`; undefined when there is nothing. */
  get first(): Buffer | undefined {
    return this.#first;
  }

  get at(): number {
    return this.#at;
  }

  /** The first chunk has been taken up to `end`; the whole of it with -1. */
  take(end: number): void {
    const { length } = this.#first!;
    const upTo = end === -1 ? length : end;
    this.#length -= upTo - this.#at;
    if (upTo < length) {
      this.#at = upTo;
      return;
    }
    this.#at = 0;
    this.#first = this.#others?.shift();
    if (this.#others?.length === 0) {
      this.#others = undefined;
    }
  }

  /** Takes what is left of the first chunk. */
  shift(): Buffer | undefined {
    const chunk = this.#first;
    const rest = this.#at === 0 ? chunk : chunk?.subarray(this.#at);
    if (chunk !== undefined) {
      this.take(-1);
    }
    return rest;
  }

  /** Takes all, as one. */
  takeAll(): Buffer {
    const chunks: Buffer[] = [];
    for (let chunk = this.shift(); chunk !== undefined; chunk = this.shift()) {
      chunks.push(chunk);
    }
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  }

  clear(): void {
    this.#first = this.#others = undefined;
    this.#at = 0;
    this.#length = 0;
  }
}
