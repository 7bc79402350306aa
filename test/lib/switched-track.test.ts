import { once } from "node:events";
import { expect } from "chai";
import {
  type Answered,
  type OriginalRequest,
  ProtocolModule,
  type ServerOptions,
  switchTo,
  type Transport,
} from "turnout";
import { gate, turns, underTest, upgradeTo } from "../support/exchanges.ts";
import { codeOf } from "../support/failures.ts";
import { servingBehind, tcpFront } from "../support/fronts.ts";
import { type LineOptions, LineProtocol } from "../support/modules.ts";
import type { RawClient } from "../support/raw-client.ts";
import type { Serving } from "../support/serving.ts";

type Own = Transport<undefined>;

const answer = "own/1 GET /x\r\n";

/** Runs `test` with a client that was switched to a module, which did `act` with its transport. */
function switchedTo(
  act: (transport: Own, request: OriginalRequest) => unknown,
  test: (client: RawClient, serving: Serving) => Promise<void>,
  options: LineOptions & { readonly server?: ServerOptions } = {},
): Promise<void> {
  const module = new LineProtocol(["own/1"], {
    takeOver: (request, transport) => {
      const receipt = transport.answer(answer);
      act(transport, request);
      return receipt;
    },
    ...options,
  });
  return underTest(
    async (serving) => {
      const client = (await serving.connect()).send(upgradeTo("own/1"));
      await client.takeUntil(answer);
      await test(client, serving);
    },
    { ...options.server, protocols: [module] },
  );
}

/** What the module's part of a connection came to. */
async function outcome(client: RawClient, { server, faults }: Serving) {
  if (server.stats().open > 0) {
    await once(server, "closed");
  }
  return { sent: await client.gone(), faults: faults.map(({ code, cause }) => [code, cause]) };
}

describe("what a module knows of its transport", () => {
  it("state, token, peer and socket", async () => {
    const seen: unknown[] = [];
    class Own extends ProtocolModule<string> {
      readonly tokens = ["own/1", "own/2"];
      override accept() {
        return switchTo("the state");
      }
      takeOver(_request: OriginalRequest, transport: Transport<string>, state: string): Answered {
        seen.push(state, transport.state, transport.token, transport.peer.address, transport.socket?.remotePort);
        return transport.answer(`${transport.peer.port}\n`);
      }
    }
    await underTest(
      async ({ connect }) => {
        const client = (await connect()).send(upgradeTo("OWN/2"));
        await client.takeUntil("\r\n\r\n");
        expect(await client.takeUntil("\n")).to.equal(`${client.socket.localPort}\n`);
        expect(seen).to.deep.equal(["the state", "the state", "own/2", "127.0.0.1", client.socket.localPort]);
      },
      { protocols: [new Own()] },
    );
  });

  it("text is UTF-8, bytes are as they are, and nothing is nothing", () =>
    switchedTo(
      (transport) => {
        transport.write("a");
        transport.write("é€");
        transport.write("");
        transport.write(Buffer.alloc(0));
        transport.write(Uint8Array.of(0, 255));
        transport.end("z");
      },
      async (client) => {
        const expected = Buffer.concat([Buffer.from("aé€"), Buffer.from([0, 255]), Buffer.from("z")]);
        expect(await client.rest()).to.equal(expected.toString("latin1"));
      },
    ));

  it("nothing can be written any more when the client has reset", () => {
    const seen: unknown[] = [];
    return switchedTo(
      (transport) => {
        seen.push(transport.ended);
        transport.onClose = (error) => seen.push(transport.ended, transport.write("late"), codeOf(error));
      },
      async (client, serving) => {
        client.reset();
        await outcome(client, serving);
        expect(seen).to.deep.equal([false, true, false, "ERR_TURNOUT_RESET"]);
      },
    );
  });

  it("the request's signal is aborted when the connection is gone", () => {
    const signals: AbortSignal[] = [];
    return switchedTo(
      (_transport, { signal }) => signals.push(signal),
      async (client, serving) => {
        expect(signals[0]!.aborted).to.equal(false);
        client.reset();
        await outcome(client, serving);
        expect([signals[0]!.aborted, codeOf(signals[0]!.reason)]).to.deep.equal([true, "ERR_TURNOUT_RESET"]);
      },
    );
  });
});

describe("what comes from the client", () => {
  it("early bytes wait for onData, however late it is set, and so does the end", () => {
    const transports: Own[] = [];
    return switchedTo(
      (transport) => transports.push(transport),
      async (client) => {
        await client.sendSegment("one ");
        await client.sendSegment("two");
        const [transport] = transports as [Own];
        const heard: string[] = [];
        const ended = gate();
        transport.onEnd = ended.open;
        transport.onData = (chunk) => heard.push(String(chunk));
        client.end();
        await ended.opened;
        expect(heard.join("")).to.equal("one two");
        expect(await client.rest()).to.equal("");
      },
    );
  });

  it("onData is never called within the call that set it, and can be replaced", () => {
    const heard: string[] = [];
    const module = new LineProtocol(["own/1"], {
      takeOver: (_request, transport) => {
        transport.onData = (chunk) => {
          heard.push(`first ${chunk}`);
          transport.onData = (next) => {
            heard.push(`second ${next}`);
            transport.write("done\n");
          };
          expect(transport.onData).to.be.a("function");
          transport.write("next\n");
        };
        heard.push("set");
        return transport.answer(answer);
      },
    });
    return underTest(
      async ({ connect }) => {
        const client = (await connect()).send(`${upgradeTo("own/1")}a`);
        await client.takeUntil("next\n");
        await client.send("b").takeUntil("done\n");
        expect(heard).to.deep.equal(["set", "first a", "second b"]);
      },
      { protocols: [module] },
    );
  });

  it("pause() holds it back, and the end too; resume() gives all of it", () => {
    const heard: string[] = [];
    const [paused, ended] = [gate(), gate()];
    const transports: Own[] = [];
    return switchedTo(
      (transport) => {
        transports.push(transport);
        transport.onData = (chunk) => {
          heard.push(String(chunk));
          transport.pause();
          paused.open();
        };
        transport.onEnd = () => {
          heard.push("end");
          ended.open();
        };
      },
      async (client) => {
        client.send("a");
        await paused.opened;
        await client.sendSegment("b");
        client.end("c");
        await turns(10);
        expect(heard).to.deep.equal(["a"]);
        const [transport] = transports as [Own];
        transport.onData = (chunk) => heard.push(String(chunk));
        transport.resume();
        transport.resume();
        await ended.opened;
        expect(heard.join("")).to.equal("abcend");
      },
    );
  });

  it("a module that never reads: TCP holds the client back at maxEarlyBytes", async () => {
    const module = new LineProtocol(["own/1"], { takeOver: (_request, transport) => transport.answer(answer) });
    const options = { protocols: [module], limits: { maxEarlyBytes: 16_384 } };
    await servingBehind(tcpFront, options, async ({ connect, sockets }) => {
      const client = (await connect()).send(upgradeTo("own/1"));
      await client.takeUntil(answer);
      client.send(Buffer.alloc(1 << 22));
      while (!sockets[0]!.isPaused()) {
        await turns(1);
      }
      await turns(10);
      expect(sockets[0]!.bytesRead).to.be.below(16_384 + sockets[0]!.readableHighWaterMark + 2 * 65_536);
    });
  });

  it("a module that never reads does not keep the client from ending", () =>
    switchedTo(
      () => {},
      async (client, serving) => {
        client.end("unread");
        expect(await client.rest()).to.equal("");
        expect(await outcome(client, serving)).to.deep.equal({ sent: "", faults: [] });
      },
    ));
});

describe("what ends a connection", () => {
  it("end() is behind all that was written, and once is enough", () =>
    switchedTo(
      (transport) => {
        transport.write("last ");
        transport.end("words");
        transport.end("never");
        expect([transport.ended, transport.write("never")]).to.deep.equal([true, false]);
      },
      async (client, serving) => {
        expect(await client.rest()).to.equal("last words");
        client.end();
        expect((await outcome(client, serving)).faults).to.deep.equal([]);
      },
    ));

  it("after end() the client is still heard", () => {
    const heard = gate();
    return switchedTo(
      (transport) => {
        transport.onData = (chunk) => String(chunk) === "still here" && heard.open();
        transport.end();
      },
      async (client) => {
        expect(await client.rest()).to.equal("");
        client.send("still here");
        await heard.opened;
      },
    );
  });

  it("destroy(error) tells onClose of it, on transport and module, once each", async () => {
    const [reason, closes] = [new Error("the module's"), [] as unknown[]];
    class Own extends ProtocolModule {
      readonly tokens = ["own/1"];
      takeOver(_request: OriginalRequest, transport: Transport<undefined>): Answered {
        transport.onData = () => {
          transport.destroy(reason);
          transport.destroy(new Error("later"));
        };
        transport.onClose = (error) => closes.push("transport", error);
        return transport.answer(answer);
      }
      override onClose(transport: Transport<undefined>, error: Error | undefined): void {
        closes.push("module", error, transport.ended, transport.write("late"));
      }
    }
    await underTest(
      async (serving) => {
        const client = (await serving.connect()).send(upgradeTo("own/1"));
        await client.takeUntil(answer);
        const done = outcome(client, serving);
        client.send("x");
        expect(await done).to.deep.equal({ sent: "", faults: [] });
        expect(closes).to.deep.equal(["transport", reason, "module", reason, true, false]);
      },
      { protocols: [new Own()] },
    );
  });

  it("nothing is told to a module behind its onClose", () => {
    const heard: string[] = [];
    return switchedTo(
      (transport) => {
        transport.onData = () => {
          transport.destroy();
          transport.onData = () => heard.push("data");
          transport.resume();
        };
        transport.onEnd = () => heard.push("end");
        transport.onDrain = () => heard.push("drain");
        transport.onClose = () => heard.push("close");
      },
      async (client, serving) => {
        const done = outcome(client, serving);
        client.end("abc");
        await done;
        await turns(3);
        expect(heard).to.deep.equal(["close"]);
      },
    );
  });

  it("a client that does not end its side is destroyed after closeMs", () => {
    const closes: unknown[] = [];
    return switchedTo(
      (transport) => {
        transport.onClose = (error) => closes.push(codeOf(error));
        transport.end();
      },
      async (client, serving) => {
        await outcome(client, serving);
        expect(closes).to.deep.equal(["ERR_TURNOUT_CLOSE_TIMEOUT"]);
      },
      { server: { timeouts: { closeMs: 30 } } },
    );
  });
});
