/** What can be on a {@link Roster}. */
export interface Member {
  /** Where it is on the roster; -1 where it is on none. The roster's to write. */
  place: number;
}

/**
 * What there is at the moment, where that changes fast: connections, or whatever a module has one of for each of them.
 *
 * Not a `Set`: as members come and go it makes a new table every so often. The old one still points to those who were there,
 * and to the new one, and once it is old to the garbage collector it keeps them from being collected as young. Of short
 * connections every second one was copied twice for that. Besides, this takes half of the memory.
 */
export class Roster<One extends Member> implements Iterable<One> {
  readonly #members: One[] = [];

  /** How many there are. */
  get size(): number {
    return this.#members.length;
  }

  has(one: One): boolean {
    return one.place >= 0 && this.#members[one.place] === one; // V8 looks for the member -1 by its name
  }

  /** Does nothing where it is there already. */
  add(one: One): void {
    if (!this.has(one)) {
      one.place = this.#members.push(one) - 1;
    }
  }

  /** Does nothing where it is not there. */
  delete(one: One): void {
    if (this.has(one)) {
      const last = this.#members.pop()!;
      if (last !== one) {
        this.#members[one.place] = last;
        last.place = one.place;
      }
      one.place = -1;
    }
  }

  /** Those who are there now, in no order. Who comes or goes meanwhile makes no difference. */
  [Symbol.iterator](): ArrayIterator<One> {
    return this.#members.slice().values();
  }
}
