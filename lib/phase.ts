/**
 * What a connection is doing. The README's diagram is checked against the table below by a test.
 *
 * - `head`: waiting for a request head, or reading one
 * - `deciding`: a module's `accept` is being asked
 * - `collecting`: reading the content that has to come before the 101
 * - `responding`: the application answers over HTTP/1.1; content may still be coming
 * - `discarding`: the answer is out; content that nobody read is being skipped
 * - `delegated`: an adopted http.Server reads and answers
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
  | "delegated"
  | "switched"
  | "lingering"
  | "closed";

/** Which phase may follow which. */
export const follows: Readonly<Record<Phase, readonly Phase[]>> = {
  head: ["responding", "deciding", "delegated", "switched", "lingering", "closed"],
  deciding: ["switched", "collecting", "responding", "delegated", "closed"],
  collecting: ["switched", "responding", "delegated", "lingering", "closed"],
  responding: ["head", "discarding", "lingering", "closed"],
  discarding: ["head", "lingering", "closed"],
  delegated: ["head", "closed"],
  switched: ["closed"],
  lingering: ["closed"],
  closed: [],
};
