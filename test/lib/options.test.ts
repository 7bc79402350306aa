import { expect } from "chai";
import { createServer, type ServerOptions } from "turnout";

describe("options", () => {
  const wrong: readonly (readonly [string, ServerOptions])[] = [
    ["a limit that is negative", { limits: { maxFields: -1 } }],
    ["a limit that is not a number", { limits: { maxFields: "1" as unknown as number } }],
    ["a head larger than the parser reads", { limits: { maxHeadBytes: 65_537 } }],
    ["a deadline that is NaN", { timeouts: { headMs: Number.NaN } }],
    ["a limit that there is not", { limits: { maxHeadbytes: 1 } as object }],
    ["a deadline that there is not", { timeouts: { toString: 1 } as object }],
  ];
  for (const [title, options] of wrong) {
    it(`refuses ${title}`, () => {
      expect(() => createServer(options))
        .to.throw()
        .with.property("code", "ERR_TURNOUT_OPTION");
    });
  }

  it("takes undefined for the default, and Infinity for none", () => {
    createServer({ limits: { maxFields: undefined } as object, timeouts: { headMs: Number.POSITIVE_INFINITY } });
  });
});
