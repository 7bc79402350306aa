/**
 * What a connection is doing. The README's diagram is checked against the table below by a test.
 *
 * - `head`: waiting for a request head, or reading one
 * - `deciding`: a module's `accept` is being asked
 * - `collecting`: reading the content that has to come before the 101
 * - `responding`: the application answers over HTTP/1.1; content may still be coming
 * - `discarding`: the answer is out; content that nobody read is being skipped
 * - `switched`: a module speaks
 * - `lingering`: our side has ended; what still comes is dropped until the peer ends
 * - `closed`
 */
export type Phase =
  | "head"
  | "deciding"
  | "collecting"
  | "responding"
  | "discarding"
  | "switched"
  | "lingering"
  | "closed";

/** Which phase may follow which. */
export const follows: Readonly<Record<Phase, readonly Phase[]>> = {
  head: ["responding", "deciding", "switched", "lingering", "closed"],
  deciding: ["switched", "collecting", "responding", "closed"],
  collecting: ["switched", "responding", "lingering", "closed"],
  responding: ["head", "discarding", "lingering", "closed"],
  discarding: ["head", "lingering", "closed"],
  switched: ["closed"],
  lingering: ["closed"],
  closed: [],
};
