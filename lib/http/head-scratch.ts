import type { TargetForm } from "./request-target.ts";

/*
 * Where heads are scanned: one place that every parser of the process shares, because V8 folds the address and the length of
 * a buffer that is a constant into the code. What a scan found stays here until the next scan.
 */

/** The largest head that a parser can be told to read. */
export const headBytesCeiling = 65_536;

/** Room behind a head, so that words can be read from its last byte on. */
const padding = 32;

/** The bytes under scan. */
export const scratch: Uint8Array = new Uint8Array(headBytesCeiling + padding);

/** Four offsets a field line: where its name and its value begin and end. The shortest line has four bytes. */
export const marks: Int32Array = new Int32Array(headBytesCeiling);
export const marksPerLine = 4;

/** The fields that decide how a message is read, one bit each. */
export const HOST = 1;
export const CONNECTION = 2;
export const UPGRADE = 4;
export const EXPECT = 8;
export const CONTENT_LENGTH = 16;
export const TRANSFER_ENCODING = 32;

/** By bit: where in `marks` the first line of that field stands. Valid only if `scanned.present` has the bit. */
export const firstLine: Int32Array = new Int32Array(TRANSFER_ENCODING + 1);

/** What the last scan found. */
export const scanned = {
  /** Counts the scans: who scanned last finds the number that he got. */
  serial: 0,
  /** The method if it is a common one, or "". */
  method: "",
  methodEnd: 0,
  targetStart: 0,
  targetEnd: 0,
  targetForm: "origin" as TargetForm,
  /** HTTP/1.x */
  minorVersion: 1,
  fieldsStart: 0,
  /** The length of what `marks` holds. */
  marksEnd: 0,
  /** Which of the deciding fields are there, and which of them more than once. */
  present: 0,
  repeated: 0,
  /** Of a head that was not accepted: the last line start that is good, and how many fields stand before it. */
  goodEnd: 0,
  goodLines: 0,
};
