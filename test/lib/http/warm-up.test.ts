import { expect } from "chai";
import { PeerError } from "turnout";
import { RequestHeadParser } from "../../../lib/http/request-head.ts";
import { warmUpChunks } from "../../../lib/http/warm-up.ts";

describe("warming up the head parser", () => {
  const limits = { maxHeadBytes: 16_384, maxTargetBytes: 8_000, maxFields: 100 };

  /** What becomes of each of the heads that are shown to it. */
  function outcomes(): Set<string> {
    const seen = new Set<string>();
    for (const chunk of warmUpChunks()) {
      const parser = new RequestHeadParser(limits);
      try {
        seen.add(parser.read(chunk, 0) === -1 ? "not whole" : parser.targetForm);
      } catch (error) {
        expect(error).to.be.instanceOf(PeerError);
        seen.add((error as PeerError).code);
      }
    }
    return seen;
  }

  it("every form of a target, every fault that needs no long head, and what is not whole", () => {
    expect([...outcomes()].sort()).to.deep.equal([
      "ERR_TURNOUT_CONNECT",
      "ERR_TURNOUT_CONTENT_LENGTH",
      "ERR_TURNOUT_EXPECTATION",
      "ERR_TURNOUT_FIELD_FOLDED",
      "ERR_TURNOUT_FIELD_NAME",
      "ERR_TURNOUT_FIELD_VALUE",
      "ERR_TURNOUT_FRAMING",
      "ERR_TURNOUT_HOST",
      "ERR_TURNOUT_LENGTH_REQUIRED",
      "ERR_TURNOUT_LINE_END",
      "ERR_TURNOUT_METHOD",
      "ERR_TURNOUT_TARGET",
      "ERR_TURNOUT_TRANSFER_CODING",
      "ERR_TURNOUT_TRANSFER_ENCODING",
      "ERR_TURNOUT_VERSION",
      "ERR_TURNOUT_VERSION_UNSUPPORTED",
      "absolute",
      "asterisk",
      "not whole",
      "origin",
    ]);
  });
});
