import { UsageError } from "../errors.ts";
import { COLON, CR, HTAB, lowerBytes, SP, tokenBytes, valueBytes } from "./bytes.ts";

const toLower = lowerBytes;

/** Offsets that an index keeps of a field line: where its name and its value begin and end. */
const marksPerLine = 4;

/**
 * The fields of a message, in the order and with the names that they were sent with (RFC 9110 section 5).
 *
 * Made at next to no cost: it keeps the bytes, and looks into them when it is first asked for something.
 */
export class Fields implements Iterable<[name: string, value: string]> {
  /** No fields at all. */
  static readonly empty: Fields = new Fields(Buffer.alloc(0), 0, 0);

  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;
  #marks: number[] | undefined;

  private constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#marks = undefined;
  }

  /** Fields of one's own making. Throws a {@link UsageError} where a name or a value could not be sent. */
  static from(entries: Iterable<readonly [name: string, value: string]>): Fields {
    let text = "";
    for (const [name, value] of entries) {
      if (name === "" || !consistsOf(name, tokenBytes)) {
        throw new UsageError("ERR_TURNOUT_OPTION", `${JSON.stringify(name)} is not a field name`);
      }
      if (!consistsOf(value, valueBytes)) {
        throw new UsageError("ERR_TURNOUT_OPTION", `the value of ${name} has a character that no field can carry`);
      }
      text += `${name}:${value}\r\n`;
    }
    return Fields.parse(Buffer.from(text, "latin1"));
  }

  /**
   * The fields in `bytes`, which are field lines that have been checked already, each with its CRLF.
   * @internal
   */
  static parse(bytes: Buffer, start = 0, end: number = bytes.length): Fields {
    return new Fields(bytes, start, end);
  }

  /** How many field lines there are. */
  get size(): number {
    return this.#index().length / marksPerLine;
  }

  /** True if there is a field of this name, in any case. */
  has(name: string): boolean {
    return this.#find(name, 0) >= 0;
  }

  /**
   * The field's value; undefined where there is none. The lines of a repeated field are joined to the list that they mean
   * (RFC 9110 section 5.2), those of Cookie with "; " (RFC 6265 section 5.4).
   */
  get(name: string): string | undefined {
    const first = this.#find(name, 0);
    if (first < 0) return undefined;
    const second = this.#find(name, first + marksPerLine);
    return second < 0 ? this.#value(first) : joinValues(name, this.getAll(name));
  }

  /** The field's values, one a line. */
  getAll(name: string): string[] {
    const values: string[] = [];
    for (let at = this.#find(name, 0); at >= 0; at = this.#find(name, at + marksPerLine)) values.push(this.#value(at));
    return values;
  }

  /** All lines. One decoding serves them all, so this is the cheapest way to read every field. */
  [Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    const marks = this.#index();
    const start = this.#start;
    const text = this.#bytes.toString("latin1", start, this.#end);
    const entries: [string, string][] = [];
    for (let at = 0; at < marks.length; at += marksPerLine) {
      entries.push([
        text.slice(marks[at]! - start, marks[at + 1]! - start),
        text.slice(marks[at + 2]! - start, marks[at + 3]! - start),
      ]);
    }
    return entries.values();
  }

  #value(at: number): string {
    const marks = this.#index();
    return this.#bytes.toString("latin1", marks[at + 2]!, marks[at + 3]!);
  }

  /** Where in the index the next line of this name stands, from `from` on; -1 where there is none. */
  #find(name: string, from: number): number {
    const marks = this.#index();
    for (let at = from; at < marks.length; at += marksPerLine) {
      const start = marks[at]!;
      if (marks[at + 1]! - start === name.length && isSameName(this.#bytes, start, name)) return at;
    }
    return -1;
  }

  #index(): number[] {
    this.#marks ??= marksOf(this.#bytes, this.#start, this.#end);
    return this.#marks;
  }
}

/** The one value that several lines of a field mean. */
export function joinValues(name: string, values: string[]): string {
  return values.join(name.toLowerCase() === "cookie" ? "; " : ", ");
}

/** RFC 9110 section 5.1: names compare without case. `name` has as many characters as the name in `bytes` has bytes. */
export function isSameName(bytes: Uint8Array, start: number, name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (code > 0xff || toLower[bytes[start + at]!] !== toLower[code]) return false;
  }
  return true;
}

/** The index of checked field lines: field-line = field-name ":" OWS field-value OWS, then CRLF (RFC 9112 section 5). */
function marksOf(bytes: Buffer, start: number, end: number): number[] {
  const marks: number[] = [];
  let at = start;
  while (at < end && bytes[at] !== CR) {
    const nameStart = at;
    while (bytes[at] !== COLON) at++;
    const nameEnd = at++;
    while (bytes[at] === SP || bytes[at] === HTAB) at++;
    const valueStart = at;
    while (bytes[at] !== CR) at++;
    let valueEnd = at;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === HTAB)) valueEnd--;
    marks.push(nameStart, nameEnd, valueStart, valueEnd);
    at += 2;
  }
  return marks;
}

function consistsOf(text: string, table: Uint8Array): boolean {
  for (let at = 0; at < text.length; at++) {
    if (table[text.charCodeAt(at)] !== 1) return false;
  }
  return true;
}
