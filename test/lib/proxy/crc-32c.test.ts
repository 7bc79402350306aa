import { expect } from "chai";
import { crc32c } from "../../../lib/proxy/crc-32c.ts";
import { plainCrc32c } from "../../support/proxy-headers.ts";
import { fuzzSeed, Random } from "../../support/random.ts";

describe("crc32c", () => {
  // RFC 3720 appendix B.4, and the usual check value
  for (const [what, bytes, sum] of [
    ["nothing", Buffer.alloc(0), 0],
    ["123456789", Buffer.from("123456789"), 0xe3069283],
    ["32 bytes of zeros", Buffer.alloc(32), 0x8a9136aa],
    ["32 bytes of ones", Buffer.alloc(32, 0xff), 0x62a8ab43],
    ["32 bytes that rise", Buffer.from(Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e],
  ] as const) {
    it(`of ${what}`, () => {
      expect(crc32c(bytes)).to.equal(sum);
    });
  }

  it("is what the plain one is", () => {
    const random = new Random(fuzzSeed());
    for (let run = 0; run < 200; run++) {
      const bytes = random.bytes(random.below(100));
      expect(crc32c(bytes), `seed ${random.seed}, run ${run}`).to.equal(plainCrc32c(bytes));
    }
  });
});
