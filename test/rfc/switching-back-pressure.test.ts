import { expect } from "chai";
import { gate, nextClosed, switchingHead, underTest, upgradeTo } from "../support/exchanges.ts";
import { LineProtocol } from "../support/modules.ts";

describe("the client stops reading during the answer", () => {
  const piece = Buffer.alloc(65_536, "abcdefgh");

  /** A module that sends `total` bytes as fast as it may, and what became of it. */
  function flood(total: number) {
    const seen = { refusals: 0, drains: 0, written: 0, mostBuffered: 0 };
    const refused = gate();
    const module = new LineProtocol(["own/1"], {
      takeOver: (_request, transport) => {
        const go = (): void => {
          while (seen.written < total) {
            seen.written += piece.length;
            const room = transport.write(piece);
            seen.mostBuffered = Math.max(seen.mostBuffered, transport.bufferedBytes);
            if (!room) {
              seen.refusals++;
              refused.open();
              return;
            }
          }
          transport.end();
        };
        transport.onDrain = () => {
          seen.drains++;
          go();
        };
        const receipt = transport.answer("");
        go();
        return receipt;
      },
    });
    return { seen, refused: refused.opened, protocols: [module] };
  }

  it("T-59: write gives false, little is held, and onDrain comes when the client reads on", async () => {
    const total = 128 * piece.length;
    const { seen, refused, protocols } = flood(total);
    await underTest(
      async ({ connect }) => {
        const client = await connect();
        client.stream.pause();
        client.send(upgradeTo("own/1"));
        await refused;
        client.stream.resume();
        expect(await client.takeUntil("\r\n\r\n")).to.equal(switchingHead("own/1"));
        const output = await client.rest();
        expect(output === piece.toString().repeat(128)).to.equal(true);
        expect(seen.refusals).to.be.above(0);
        expect(seen.drains).to.equal(seen.refusals);
        expect(seen.mostBuffered).to.be.below(3 * piece.length);
      },
      { protocols },
    );
  });

  it("T-59: a client that takes nothing for stallMs loses the connection", async () => {
    const { seen, protocols } = flood(1024 * piece.length);
    await underTest(
      async ({ connect, server, faults }) => {
        const client = await connect();
        client.stream.pause();
        const closed = nextClosed(server);
        client.send(upgradeTo("own/1"));
        const error = await closed;
        expect(error?.code).to.equal("ERR_TURNOUT_STALLED");
        expect(seen.written).to.be.below(1024 * piece.length);
        expect(seen.mostBuffered).to.be.below(3 * piece.length);
        expect([server.stats().open, faults]).to.deep.equal([0, []]);
      },
      { protocols, timeouts: { stallMs: 100 } },
    );
  });
});
