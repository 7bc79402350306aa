import { expect } from "chai";
import type { WebSocketFault } from "../../../protocols/websocket/faults.ts";
import { compressionNegotiated, faultOf, withinMessage } from "../../../protocols/websocket/frame-rules.ts";

/** What a frame says in its first byte, and what is known when it begins. */
interface Situation {
  readonly fin: boolean;
  readonly rsv1: boolean;
  readonly rsv2: boolean;
  readonly rsv3: boolean;
  readonly opcode: number;
  readonly within: boolean;
  readonly negotiated: boolean;
}

/** The rules, one after the other. */
function plainly({ fin, rsv1, rsv2, rsv3, opcode, within, negotiated }: Situation): WebSocketFault | undefined {
  // RFC 6455 section 5.2: 0 continues, 1 to 7 begin a message, 8 to 15 control
  const begins = opcode >= 1 && opcode <= 7;
  if (rsv2 || rsv3) {
    return "ERR_TURNOUT_WEBSOCKET_RESERVED_BITS";
  }
  if (rsv1 && !negotiated) {
    return "ERR_TURNOUT_WEBSOCKET_RESERVED_BITS";
  }
  if (rsv1 && !begins) {
    return "ERR_TURNOUT_WEBSOCKET_RESERVED_BITS"; // RFC 7692 section 6.1
  }
  if ((opcode >= 3 && opcode <= 7) || opcode >= 11) {
    return "ERR_TURNOUT_WEBSOCKET_OPCODE";
  }
  if (opcode >= 8) {
    return fin ? undefined : "ERR_TURNOUT_WEBSOCKET_CONTROL_FRAME"; // RFC 6455 section 5.5
  }
  if (opcode === 0 && !within) {
    return "ERR_TURNOUT_WEBSOCKET_FRAGMENTS"; // RFC 6455 section 5.4
  }
  if (begins && within) {
    return "ERR_TURNOUT_WEBSOCKET_FRAGMENTS";
  }
  return undefined;
}

describe("faultOf", () => {
  for (const within of [false, true]) {
    for (const negotiated of [false, true]) {
      const where = `${within ? "within a message" : "between messages"}, compression ${negotiated ? "" : "not "}negotiated`;
      it(`RFC 6455 section 5.2, 5.4, 5.5, RFC 7692 section 6: every first byte ${where}`, () => {
        const known = (within ? withinMessage : 0) | (negotiated ? compressionNegotiated : 0);
        for (let first = 0; first < 256; first++) {
          const [fin, rsv1, rsv2, rsv3] = [0x80, 0x40, 0x20, 0x10].map((bit) => (first & bit) !== 0) as [
            boolean,
            boolean,
            boolean,
            boolean,
          ];
          const situation = { fin, rsv1, rsv2, rsv3, opcode: first & 0x0f, within, negotiated };
          expect(faultOf(first, known), JSON.stringify(situation)).to.equal(plainly(situation));
        }
      });
    }
  }

  it("RFC 6455 section 5.2: seven first bytes may begin a frame where nothing is negotiated", () => {
    const allowed = (known: number): string[] =>
      Array.from({ length: 256 }, (_, first) => first)
        .filter((first) => faultOf(first, known) === undefined)
        .map((first) => first.toString(16).padStart(2, "0"));
    expect(allowed(0)).to.deep.equal(["01", "02", "81", "82", "88", "89", "8a"]);
    expect(allowed(withinMessage)).to.deep.equal(["00", "80", "88", "89", "8a"]);
    expect(allowed(compressionNegotiated)).to.deep.equal([
      ...["01", "02", "41", "42", "81", "82", "88", "89", "8a"],
      ...["c1", "c2"],
    ]);
    expect(allowed(withinMessage | compressionNegotiated)).to.deep.equal(["00", "80", "88", "89", "8a"]);
  });
});
