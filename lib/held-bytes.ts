/** Bytes that came and that nobody has taken yet, in order. */
export class HeldBytes {
  readonly #chunks: Buffer[] = [];
  /** Where in the first chunk what is not taken begins. */
  #at = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The chunk to go on with, at `at`; undefined when there is nothing. */
  get first(): Buffer | undefined {
    return this.#chunks[0];
  }

  get at(): number {
    return this.#at;
  }

  /** The first chunk has been taken up to `end`; the whole of it with -1. */
  take(end: number): void {
    const chunk = this.#chunks[0]!;
    const upTo = end === -1 ? chunk.length : end;
    this.#length -= upTo - this.#at;
    if (upTo === chunk.length) {
      this.#chunks.shift();
      this.#at = 0;
    } else {
      this.#at = upTo;
    }
  }

  /** Takes what is left of the first chunk. */
  shift(): Buffer | undefined {
    const chunk = this.#chunks[0];
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
    this.#chunks.length = 0;
    this.#at = 0;
    this.#length = 0;
  }
}
