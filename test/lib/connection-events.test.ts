import { once } from "node:events";
import { Socket } from "node:net";
import { expect } from "chai";
import type { Transport } from "turnout";
import { upgradeTo } from "../support/exchanges.ts";
import { answerInALine, LineProtocol } from "../support/modules.ts";
import type { RawClient } from "../support/raw-client.ts";
import { serving } from "../support/serving.ts";

/** Runs `test` with a client over TCP that has switched to a protocol which sends back every byte, and the server's transport. */
function switchedOverTcp(test: (client: RawClient, transport: Transport) => Promise<void>): Promise<void> {
  let transport: Transport;
  const module = new LineProtocol(["own/1"], {
    takeOver: (request, given) => {
      transport = given;
      return answerInALine(request, given);
    },
  });
  return serving({ protocols: [module] }, async ({ connect }) => {
    const client = (await connect()).send(upgradeTo("own/1"));
    await client.takeUntil("own/1 GET /x\r\n");
    await test(client, transport!);
  });
}

describe("the bytes of a socket", () => {
  it("are taken where Node hands them over, and not emitted as well", () =>
    switchedOverTcp(async (client, { socket }) => {
      const emitted: string[] = [];
      const emit = socket!.emit.bind(socket) as (...all: unknown[]) => boolean;
      socket!.emit = (...all: unknown[]) => {
        emitted.push(String(all[0]));
        return emit(...all);
      };
      client.send("one");
      await client.takeUntil("one");
      expect(emitted).to.not.include("data");
    }));

  it("are emitted as well where somebody listens", () =>
    switchedOverTcp(async (client, { socket }) => {
      const heard = once(socket!, "data");
      client.send("one");
      await client.takeUntil("one");
      expect(String((await heard)[0])).to.equal("one");
    }));

  it("go through the stream's buffer after a pause, until that is empty: none overtakes another", () =>
    switchedOverTcp(async (client, { socket }) => {
      socket!.pause();
      client.send("two");
      while (socket!.readableLength < 3) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      client.send("three");
      socket!.resume();
      await client.takeUntil("twothree");
    }));

  it("arrive as `data` events, should Node hand them over otherwise", () =>
    switchedOverTcp(async (client, { socket }) => {
      socket!.emit("data", Buffer.from("otherwise"));
      await client.takeUntil("otherwise");
    }));

  it("are the stream's own again where it is handed over", () =>
    switchedOverTcp(async (client, transport) => {
      const stream = transport.handOver() as Socket;
      expect(stream.push).to.equal(Socket.prototype.push);
      client.send("theirs");
      const [chunk] = await once(stream.resume(), "data");
      expect(String(chunk)).to.equal("theirs");
      stream.destroy();
    }));
});
