import { expect } from "chai";
import {
  ModuleError,
  PeerError,
  type PeerErrorCode,
  peerErrorStatuses,
  TransportError,
  UsageError,
} from "../../lib/errors.ts";

describe("errors", () => {
  for (const [code, status] of Object.entries(peerErrorStatuses())) {
    it(`RFC 9110 section 15: ${code} is answered ${status || "with nothing"}`, () => {
      const error = new PeerError(code as PeerErrorCode);
      expect(error).to.include({ name: "PeerError", code, status });
      expect(error).to.be.instanceOf(Error);
      expect(error.message).to.match(/^[a-z].*[^.]$/i);
      if (status !== 0) {
        expect(status).to.be.within(400, 599);
      }
    });
  }

  it("a ModuleError says whose it is, and keeps what was thrown", () => {
    const cause = new Error("first");
    const error = new ModuleError("ERR_TURNOUT_MODULE", "Chat", "takeOver threw", { cause });
    expect(error).to.include({ name: "ModuleError", code: "ERR_TURNOUT_MODULE", module: "Chat", cause });
    expect(error.message).to.equal("Chat: takeOver threw");
  });

  for (const [name, make] of [
    ["UsageError", (cause: Error) => new UsageError("ERR_TURNOUT_STATE", "what", { cause })],
    ["TransportError", (cause: Error) => new TransportError("ERR_TURNOUT_RESET", "what", { cause })],
  ] as const) {
    it(`a ${name} keeps its cause`, () => {
      const cause = new Error("first");
      const error = make(cause);
      expect(error).to.include({ name, message: "what", cause });
      expect(error.code).to.match(/^ERR_TURNOUT_/);
    });
  }
});
