import { expect } from "chai";
import { type Member, Roster } from "turnout";
import { fuzzSeed, Random } from "../support/random.ts";

class Named implements Member {
  place = -1;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

function namesOn(roster: Roster<Named>): string[] {
  return [...roster].map(({ name }) => name).sort();
}

describe("Roster", () => {
  const [first, second, third] = ["first", "second", "third"].map((name) => new Named(name)) as [Named, Named, Named];

  for (const gone of [first, second, third]) {
    it(`has the others when the ${gone.name} of three has gone`, () => {
      const roster = new Roster<Named>();
      for (const one of [first, second, third]) {
        roster.add(one);
      }
      roster.delete(gone);
      expect(namesOn(roster)).to.deep.equal(["first", "second", "third"].filter((name) => name !== gone.name));
      expect([roster.size, roster.has(gone), gone.place]).to.deep.equal([2, false, -1]);
      for (const one of [first, second, third]) {
        roster.delete(one);
      }
      expect([roster.size, ...roster]).to.deep.equal([0]);
    });
  }

  it("has a member once, however often it is added, and none that was deleted, however often", () => {
    const roster = new Roster<Named>();
    roster.add(first);
    roster.add(second);
    roster.add(first);
    expect(namesOn(roster)).to.deep.equal(["first", "second"]);
    roster.delete(first);
    roster.delete(first);
    expect(namesOn(roster)).to.deep.equal(["second"]);
    roster.delete(second);
  });

  it("does not take a member of another roster for its own", () => {
    const [one, other] = [new Roster<Named>(), new Roster<Named>()];
    one.add(first);
    other.add(second);
    expect([one.has(second), other.has(first)]).to.deep.equal([false, false]);
    one.delete(second);
    expect([one.size, other.size]).to.deep.equal([1, 1]);
  });

  it("is walked over as it was when that began", () => {
    const roster = new Roster<Named>();
    roster.add(first);
    roster.add(second);
    const walked: string[] = [];
    for (const one of roster) {
      walked.push(one.name);
      roster.delete(first);
      roster.delete(second);
      roster.add(third);
    }
    expect(walked.sort()).to.deep.equal(["first", "second"]);
    expect(namesOn(roster)).to.deep.equal(["third"]);
  });

  const seed = fuzzSeed();
  it(`has what a Set has, after any comings and goings (TURNOUT_SEED=${seed})`, () => {
    const random = new Random(seed);
    const everyone = Array.from({ length: 40 }, (_, number) => new Named(`${number}`));
    const roster = new Roster<Named>();
    const set = new Set<Named>();
    for (let step = 0; step < 5000; step++) {
      const one = everyone[random.below(everyone.length)]!;
      if (random.below(2) === 0) {
        roster.add(one);
        set.add(one);
      } else {
        roster.delete(one);
        set.delete(one);
      }
      expect([roster.size, roster.has(one)]).to.deep.equal([set.size, set.has(one)]);
    }
    expect(namesOn(roster)).to.deep.equal([...set].map(({ name }) => name).sort());
  });
});
