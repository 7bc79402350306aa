import { expect } from "chai";
import { HeldBytes } from "../../lib/held-bytes.ts";

function holding(...chunks: string[]): HeldBytes {
  const held = new HeldBytes();
  for (const chunk of chunks) {
    held.push(Buffer.from(chunk));
  }
  return held;
}

/** All that is left, chunk by chunk. */
function drain(held: HeldBytes): string[] {
  const chunks: string[] = [];
  for (let chunk = held.shift(); chunk !== undefined; chunk = held.shift()) {
    chunks.push(String(chunk));
  }
  return chunks;
}

describe("HeldBytes", () => {
  it("gives chunks in order, and counts what is left", () => {
    const held = holding("abc", "de");
    expect([held.length, String(held.first), held.at]).to.deep.equal([5, "abc", 0]);
    expect(drain(held)).to.deep.equal(["abc", "de"]);
    expect([held.length, held.first, held.shift()]).to.deep.equal([0, undefined, undefined]);
  });

  it("a chunk that is taken in part goes on where it was left", () => {
    const held = holding("abcdef", "gh");
    held.take(2);
    expect([held.length, held.at, String(held.first)]).to.deep.equal([6, 2, "abcdef"]);
    held.take(3);
    expect([held.length, held.at]).to.deep.equal([5, 3]);
    expect(drain(held)).to.deep.equal(["def", "gh"]);
    expect(held.length).to.equal(0);
  });

  it("a chunk that is taken to its end is gone", () => {
    for (const end of [3, -1]) {
      const held = holding("abc", "de");
      held.take(1);
      held.take(end);
      expect([held.length, held.at, String(held.first)]).to.deep.equal([2, 0, "de"]);
    }
  });

  it("what is whole is not copied", () => {
    const [held, chunk] = [new HeldBytes(), Buffer.from("abc")];
    held.push(chunk);
    expect(held.shift()).to.equal(chunk);
  });

  it("clear() forgets everything", () => {
    const held = holding("abc", "de");
    held.take(1);
    held.clear();
    expect([held.length, held.at, held.first]).to.deep.equal([0, 0, undefined]);
    held.push(Buffer.from("f"));
    expect(drain(held)).to.deep.equal(["f"]);
  });
});
