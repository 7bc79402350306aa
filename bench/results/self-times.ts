/** What of a profile as V8 writes it is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly children?: readonly number[];
  }[];
  /** The node on top of the stack, at each look. */
  readonly samples: readonly number[];
  /** Microseconds since the look before. */
  readonly timeDeltas: readonly number[];
}

/** A sampled profile of what was allocated. */
export interface HeapProfile {
  readonly head: HeapNode;
}

interface HeapNode {
  readonly callFrame: CallFrame;
  readonly selfSize: number;
  readonly children: readonly HeapNode[];
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/** What one function has used by itself: microseconds, or bytes. */
export interface Own {
  readonly name: string;
  /** Where it is, or "" for what is no JavaScript. */
  readonly place: string;
  readonly amount: number;
}

/** Microseconds of each function by itself, most first; the time that the server had nothing to do is left out. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): Own[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const tally = new Tally();
  for (const [n, id] of samples.entries()) {
    const frame = frames.get(id)!;
    if (frame.functionName !== "(idle)") {
      tally.add(frame, timeDeltas[n]!);
    }
  }
  return tally.sorted();
}

/** Bytes that each function has allocated by itself, most first. */
export function selfBytes({ head }: HeapProfile): Own[] {
  const tally = new Tally();
  const visit = ({ callFrame, selfSize, children }: HeapNode): void => {
    tally.add(callFrame, selfSize);
    children.forEach(visit);
  };
  visit(head);
  return tally.sorted();
}

class Tally {
  readonly #owns = new Map<string, Own>();

  add({ functionName, url, lineNumber }: CallFrame, amount: number): void {
    const name = functionName === "" ? "(anonymous)" : functionName;
    const place = url === "" ? "" : `${shortened(url)}:${lineNumber + 1}`;
    const key = `${name} ${place}`;
    this.#owns.set(key, { name, place, amount: (this.#owns.get(key)?.amount ?? 0) + amount });
  }

  sorted(): Own[] {
    return [...this.#owns.values()].filter(({ amount }) => amount > 0).sort((a, b) => b.amount - a.amount);
  }
}

/** From `dist` or `node_modules` on. */
function shortened(url: string): string {
  return url.replace(/^file:\/\/.*\/(?=(dist|node_modules)\/)/, "");
}

/** The same by file: all of `node:`, and what is no JavaScript, has its own line. */
export function byFile(owns: readonly Own[]): Own[] {
  const sums = new Map<string, number>();
  for (const { name, place, amount } of owns) {
    const file = place === "" ? name : place.replace(/:\d+$/, "");
    const line = place === "" && !name.startsWith("(") ? "(built in)" : file;
    sums.set(line, (sums.get(line) ?? 0) + amount);
  }
  return [...sums].map(([name, amount]) => ({ name, place: "", amount })).sort((a, b) => b.amount - a.amount);
}
