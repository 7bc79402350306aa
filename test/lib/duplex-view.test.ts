import { once } from "node:events";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { assert } from "chai";
import { type OriginalRequest, ProtocolModule, type Transport } from "turnout";
import type { Answered } from "../../lib/answered.ts";
import type { RawClient } from "../support/raw-client.ts";
import { type Serving, serving } from "../support/serving.ts";

class Viewed extends ProtocolModule {
  readonly tokens: readonly string[] = ["view/1"];
  override readonly halfClose: "mirror" | "manual";
  readonly #use: (view: Duplex) => unknown;

  constructor(use: (view: Duplex) => unknown, halfClose: "mirror" | "manual" = "mirror") {
    super();
    this.#use = use;
    this.halfClose = halfClose;
  }

  takeOver(_request: OriginalRequest, transport: Transport): Answered {
    const receipt = transport.answer("ready\n");
    this.#use(transport.duplex());
    return receipt;
  }
}

function viewing(module: Viewed, test: (client: RawClient, serving: Serving) => Promise<void>): Promise<void> {
  return serving({ protocols: [module] }, async (running) => {
    const client = await running.connect();
    client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: view/1\r\n\r\n");
    await client.takeUntil("ready\n");
    await test(client, running);
  });
}

const large = "0123456789abcdef".repeat(200_000);

describe("a transport as a Duplex", () => {
  it("pipes to itself: all of it comes back, and then the end", () =>
    viewing(new Viewed((view) => view.pipe(view)), async (client) => {
      client.send(large).end();
      assert.equal(await client.rest(), large);
    }));

  it("is iterated, and its end is the end of the iteration", () => {
    let length = 0;
    const count = async (view: Duplex): Promise<void> => {
      for await (const chunk of view.iterator({ destroyOnReturn: false })) {
        length += (chunk as Buffer).length;
      }
      view.end(`${length}`);
    };
    return viewing(new Viewed(count, "manual"), async (client) => {
      client.send(large).end();
      assert.equal(await client.rest(), String(large.length));
    });
  });

  it("a reset ends the iteration with an error, and nothing else", async () => {
    let failed: (error: unknown) => void = () => {};
    const failure = new Promise((resolve) => {
      failed = resolve;
    });
    const read = async (view: Duplex): Promise<void> => {
      for await (const _chunk of view) {
        // until it fails
      }
    };
    await viewing(new Viewed((view) => read(view).catch(failed)), async (client, { server }) => {
      const closed = once(server, "closed");
      client.reset();
      client.stream.destroy();
      assert.instanceOf(await failure, Error);
      await closed;
      assert.equal(server.stats().open, 0);
    });
  });

  it("is destroyed with the error that it is destroyed with", () => {
    const cause = new Error("enough");
    return viewing(new Viewed((view) => view.once("data", () => view.destroy(cause))), async (client, { server }) => {
      const closed = once(server, "closed");
      client.send("x");
      await client.gone();
      await closed;
      assert.equal(server.stats().open, 0);
    });
  });

  it("waits for a client that does not read", () => {
    let written = 0;
    let view: Duplex | undefined;
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) {
        written++;
        yield Buffer.alloc(65_536);
      }
    }
    const fill = (duplex: Duplex): void => {
      view = duplex;
      pipeline(endless, duplex).catch(() => {});
    };
    return viewing(new Viewed(fill), async (client) => {
      client.stream.pause();
      let before: number;
      do {
        before = written;
        await new Promise(setImmediate);
        await new Promise(setImmediate);
      } while (written > before);
      assert.isTrue(view!.writableNeedDrain);
      client.stream.resume();
      await client.take(65_536 * (written + 1));
    });
  });
});
