import { expect } from "chai";
import { byFile, selfBytes, selfTimes } from "../../bench/results/self-times.ts";

function frame(functionName: string, url = "", lineNumber = 0) {
  return { functionName, url, lineNumber };
}

describe("bench: profiles", () => {
  const nodes = [
    { id: 1, callFrame: frame("(root)") },
    { id: 2, callFrame: frame("(idle)") },
    { id: 3, callFrame: frame("parse", "file:///somewhere/dist/lib/parse.js", 9) },
    { id: 4, callFrame: frame("", "file:///somewhere/dist/lib/parse.js", 19) },
    { id: 5, callFrame: frame("parse", "file:///somewhere/dist/lib/parse.js", 9) },
    { id: 6, callFrame: frame("writeBuffer") },
  ];
  const owns = selfTimes({ nodes, samples: [3, 2, 4, 5, 6], timeDeltas: [100, 5000, 30, 200, 50] });

  it("self times: by function, wherever it was called from, without the time that nothing was done", () => {
    expect(owns).to.deep.equal([
      { name: "parse", place: "dist/lib/parse.js:10", amount: 300 },
      { name: "writeBuffer", place: "", amount: 50 },
      { name: "(anonymous)", place: "dist/lib/parse.js:20", amount: 30 },
    ]);
  });

  it("by file: all lines of one, and what is built in", () => {
    expect(byFile(owns).map(({ name, amount }) => [name, amount])).to.deep.equal([
      ["dist/lib/parse.js", 330],
      ["(built in)", 50],
    ]);
  });

  it("bytes: all of the tree", () => {
    const leaf = { callFrame: frame("slice"), selfSize: 7, children: [] };
    const parse = { callFrame: frame("parse", "node:fs", 0), selfSize: 20, children: [leaf, leaf] };
    expect(selfBytes({ head: { callFrame: frame("(root)"), selfSize: 0, children: [parse] } })).to.deep.equal([
      { name: "parse", place: "node:fs:1", amount: 20 },
      { name: "slice", place: "", amount: 14 },
    ]);
  });
});
