import { expect } from "chai";
import { serving } from "../support/serving.ts";

describe("RFC 9112", () => {
  it("RFC 9112 section 9.6: a large answer with Connection: close is not cut off after closeMs while the client takes it", () =>
    serving(
      { timeouts: { closeMs: 100 }, respond: () => ({ body: Buffer.alloc(40_000_000, "x") }) },
      async ({ connect }) => {
        const { socket } = await connect();
        socket.removeAllListeners("data");
        let taken = 0;
        socket.write("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        for await (const chunk of socket) {
          taken += (chunk as Buffer).length;
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        expect(taken).to.be.above(40_000_000);
      },
    )).timeout(20_000);
});
