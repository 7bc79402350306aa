import { once } from "node:events";
import type { Duplex } from "node:stream";
import { expect } from "chai";
import { gate, turns, underTest, upgradeTo } from "../support/exchanges.ts";
import { codeOf } from "../support/failures.ts";
import { LineProtocol } from "../support/modules.ts";
import type { RawClient } from "../support/raw-client.ts";
import type { Serving } from "../support/serving.ts";

/** Runs `test` with a client, and the Duplex through which a module speaks with it. */
function viewing(
  halfClose: "mirror" | "manual",
  test: (client: RawClient, view: Duplex, serving: Serving) => Promise<void>,
): Promise<void> {
  const views: Duplex[] = [];
  const module = new LineProtocol(["own/1"], {
    halfClose,
    takeOver: (_request, transport) => {
      const receipt = transport.answer("ready\n");
      views.push(transport.duplex());
      return receipt;
    },
  });
  return underTest(
    async (serving) => {
      const client = (await serving.connect()).send(upgradeTo("own/1"));
      await client.takeUntil("ready\n");
      await test(client, views[0]!, serving);
    },
    { protocols: [module] },
  );
}

/** `once` would reject with the error that comes before the close. */
function closing(view: Duplex): Promise<void> {
  return new Promise((resolve) => {
    view.once("close", resolve);
  });
}

describe("a transport as a Duplex that ends", () => {
  it("mirror: its side ends when the client's end has been read, and not before", () =>
    viewing("mirror", async (client, view, { server, faults }) => {
      const closed = once(server, "closed");
      client.end("all");
      await turns(5);
      expect([client.pending, view.writableEnded]).to.deep.equal(["", false]);
      view.write("still here\n");
      await client.takeUntil("still here\n");
      const read: string[] = [];
      view.on("data", (chunk) => read.push(String(chunk)));
      expect(await client.rest()).to.equal("");
      expect([read.join(""), await closed, faults]).to.deep.equal(["all", [undefined], []]);
    }));

  it("manual: it goes on writing, and ends when it likes", () =>
    viewing("manual", async (client, view, { server }) => {
      const closed = once(server, "closed");
      client.end();
      view.resume();
      await once(view, "end");
      await turns(5);
      view.write("still here\n");
      expect(await client.takeUntil("\n")).to.equal("still here\n");
      view.end("bye\n");
      expect(await client.rest()).to.equal("bye\n");
      expect(await closed).to.deep.equal([undefined]);
    }));

  it("ends first: what the client still sends is read", () =>
    viewing("mirror", async (client, view) => {
      view.end("bye\n");
      expect(await client.rest()).to.equal("bye\n");
      const read = gate();
      view.on("data", (chunk) => String(chunk) === "late" && read.open());
      client.end("late");
      await read.opened;
    }));

  it("a reset fails it with the transport's error, and a write that waits as well", () =>
    viewing("mirror", async (client, view) => {
      client.stream.pause();
      const written = new Promise((resolve) => {
        view.write(Buffer.alloc(1 << 24), resolve);
      });
      view.resume();
      const failed = closing(view);
      client.reset();
      await Promise.all([written, failed]);
      expect([view.destroyed, codeOf(view.errored)]).to.deep.equal([true, "ERR_TURNOUT_RESET"]);
    }));

  it("a connection that the server ends before the client does fails it, too", () =>
    viewing("mirror", async (_client, view, { server }) => {
      const failed = closing(view);
      view.resume();
      await server.close({ graceMs: 0 });
      await failed;
      expect(codeOf(view.errored)).to.equal("ERR_TURNOUT_DRAIN_TIMEOUT");
    }));

  it("destroy() without an error destroys the connection without one", () =>
    viewing("mirror", async (client, view, { server, faults }) => {
      const closed = once(server, "closed");
      view.destroy();
      expect([await client.gone(), await closed, faults]).to.deep.equal(["", [undefined], []]);
    }));

  it("a client that it does not read from is held back, and all of it is read later", () =>
    viewing("mirror", async (client, view) => {
      const content = Buffer.alloc(1 << 22, "0123456789abcdef");
      client.send(content).end();
      while (view.readableLength < view.readableHighWaterMark) {
        await turns(1);
      }
      await turns(10);
      expect(view.readableLength).to.be.below(1 << 20);
      let length = 0;
      for await (const chunk of view) {
        length += (chunk as Buffer).length;
      }
      expect(length).to.equal(content.length);
    }));
});
