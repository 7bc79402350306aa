import { UsageError } from "../errors.ts";
import * as classes from "./bytes.ts";
import * as scan from "./head-scratch.ts";
import * as text from "./latin1.ts";

const { COLON, CR, HTAB, SP, tokenBytes, valueBytes } = classes;
const toLower = classes.lowerBytes;

const { latin1Text } = text;
const noBytes = Buffer.alloc(0);
const { marks: marksOfScan, marksPerLine, scanned } = scan;

/**
 * The fields of a message, in the order and with the names that they were sent with (RFC 9110 section 5).
 *
 * Made at next to no cost: it keeps the bytes, and looks into them when it is first asked for something.
 */
export class Fields implements Iterable<[name: string, value: string]> {
  /** No fields at all. */
  static readonly empty: Fields = new Fields(noBytes, 0, 0, -1);

  #bytes: Buffer;
  #start: number;
  #end: number;
  /** The scan that went over these lines, if it was one. */
  #scan: number;
  /** Instead of the bytes, while nothing is asked for. */
  #text: string | undefined = undefined;
  /** An index of one's own: four offsets a line, where its name and its value begin and end. */
  #marks: Int32Array | undefined = undefined;
  /** The length of the index, and what to add to its offsets. */
  #marksEnd = 0;
  #shift = 0;

  private constructor(bytes: Buffer, start: number, end: number, scan: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#scan = scan;
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
   * The fields in `bytes`, which are field lines that have been checked already, each with its CRLF. If they have just been
   * scanned, `scan` is the number of that scan.
   * @internal
   */
  static parse(bytes: Buffer, start = 0, end: number = bytes.length, scan = -1): Fields {
    return new Fields(bytes, start, end, scan);
  }

  /**
   * Keeps the lines as text until something is asked for again: a third of the memory, and the chunk that they came in is let go.
   * @internal
   */
  compact(): void {
    if (this.#text === undefined) {
      this.#text = latin1Text(this.#bytes, this.#start, this.#end);
      this.#bytes = noBytes;
      this.#marks = undefined;
    }
  }

  /** How many field lines there are. */
  get size(): number {
    this.#index();
    return this.#marksEnd / marksPerLine;
  }

  /** True if there is a field of this name, in any case. */
  has(name: string): boolean {
    return this.#find(this.#index(), name, 0) >= 0;
  }

  /**
   * The field's value; undefined where there is none. The lines of a repeated field are joined to the list that they mean
   * (RFC 9110 section 5.2), those of Cookie with "; " (RFC 6265 section 5.4).
   */
  get(name: string): string | undefined {
    const marks = this.#index();
    let line = -1;
    for (let at = this.#find(marks, name, 0); at >= 0; at = this.#find(marks, name, at + marksPerLine)) {
      if (line >= 0) {
        return joinValues(name, this.getAll(name));
      }
      line = at;
    }
    return line < 0 ? undefined : this.#value(marks, line);
  }

  /** The field's values, one a line. */
  getAll(name: string): string[] {
    const marks = this.#index();
    const values: string[] = [];
    for (let at = this.#find(marks, name, 0); at >= 0; at = this.#find(marks, name, at + marksPerLine)) {
      values.push(this.#value(marks, at));
    }
    return values;
  }

  /** All lines. One decoding serves them all, so this is the cheapest way to read every field. */
  [Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    const marks = this.#index();
    const shift = this.#shift - this.#start;
    const text = latin1Text(this.#bytes, this.#start, this.#end);
    const entries = new Array<[string, string]>(this.#marksEnd / marksPerLine);
    for (let at = 0, line = 0; line < entries.length; at += marksPerLine, line++) {
      entries[line] = [
        text.substring(marks[at]! + shift, marks[at + 1]! + shift),
        text.substring(marks[at + 2]! + shift, marks[at + 3]! + shift),
      ];
    }
    return entries.values();
  }

  #value(marks: Int32Array, at: number): string {
    return latin1Text(this.#bytes, marks[at + 2]! + this.#shift, marks[at + 3]! + this.#shift);
  }

  /** Where in the index the next line of this name stands, from `from` on; -1 where there is none. */
  #find(marks: Int32Array, name: string, from: number): number {
    const length = name.length;
    const end = this.#marksEnd;
    for (let at = from; at < end; at += marksPerLine) {
      const start = marks[at]!;
      if (marks[at + 1]! - start === length && isSameName(this.#bytes, start + this.#shift, name)) {
        return at;
      }
    }
    return -1;
  }

  #unfold(text: string): void {
    this.#bytes = Buffer.from(text, "latin1");
    this.#start = 0;
    this.#end = text.length;
    this.#scan = -1;
    this.#text = undefined;
  }

  /** The index of the lines: that of the scan as long as it is there, else one of one's own. */
  #index(): Int32Array {
    if (this.#marks !== undefined) {
      return this.#marks;
    }
    if (this.#text !== undefined) {
      this.#unfold(this.#text);
    }
    if (this.#scan === scanned.serial) {
      this.#marksEnd = scanned.marksEnd;
      this.#shift = this.#start - scanned.fieldsStart;
      return marksOfScan;
    }
    this.#marks = marksOf(this.#bytes, this.#start, this.#end);
    this.#marksEnd = this.#marks.length;
    this.#shift = 0;
    return this.#marks;
  }
}

/** The one value that several lines of a field mean. */
function joinValues(name: string, values: string[]): string {
  return values.join(name.toLowerCase() === "cookie" ? "; " : ", ");
}

/** RFC 9110 section 5.1: names compare without case. `name` has as many characters as the name in `bytes` has bytes. */
function isSameName(bytes: Uint8Array, start: number, name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (code > 0xff || toLower[bytes[start + at]!] !== toLower[code]) {
      return false;
    }
  }
  return true;
}

/** The index of checked field lines: field-line = field-name ":" OWS field-value OWS, then CRLF (RFC 9112 section 5). */
function marksOf(bytes: Buffer, start: number, end: number): Int32Array {
  const marks: number[] = [];
  let at = start;
  while (at < end && bytes[at] !== CR) {
    const nameStart = at;
    while (bytes[at] !== COLON) {
      at++;
    }
    const nameEnd = at++;
    while (bytes[at] === SP || bytes[at] === HTAB) {
      at++;
    }
    const valueStart = at;
    at = bytes.indexOf(CR, at);
    let valueEnd = at;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === HTAB)) {
      valueEnd--;
    }
    marks.push(nameStart, nameEnd, valueStart, valueEnd);
    at += 2;
  }
  return new Int32Array(marks);
}

function consistsOf(text: string, table: Uint8Array): boolean {
  for (let at = 0; at < text.length; at++) {
    if (table[text.charCodeAt(at)] !== 1) {
      return false;
    }
  }
  return true;
}
