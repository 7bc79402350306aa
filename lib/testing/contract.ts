import { once } from "node:events";
import type { Duplex } from "node:stream";
import { type ModuleError, UsageError } from "../errors.ts";
import type { ProtocolModule } from "../protocol-module.ts";
import { Server } from "../server.ts";
import { Client, soon } from "./client.ts";
import { requestBytes, type Script } from "./script.ts";
import { WatchedModule } from "./watched.ts";
import { openWire, type Wire, type WireEnd } from "./wires.ts";

/** What the contract is checked with. */
export interface ContractScript extends Script {
  /** What the client says in the new protocol. Default nothing. */
  readonly input?: string | Uint8Array;
  /**
   * All that the module sends, when the client says `input` and finishes. Default: what it sends the first time, which
   * then has to be the same however the bytes come.
   */
  readonly output?: string | Uint8Array;
}

/** One case of the contract: hand `title` and `run` to a test runner. */
export interface ContractCase {
  readonly title: string;
  run(): Promise<void>;
}

const wires: readonly Wire[] = ["memory", "TCP", "TLS"];

/**
 * The suite that every module has to pass: the same bytes in give the same bytes out over every wire and however they
 * are cut; an end, a reset, a slow reader or a drain at any time leaves nothing open; and a close is told once.
 * `make` makes the module; the module has to switch for the script's request, and to end when the client does.
 */
export function contract(
  // biome-ignore lint/suspicious/noExplicitAny: whatever state a module has is its own business
  make: () => ProtocolModule<any>,
  script: ContractScript = {},
): readonly ContractCase[] {
  const checks = new Checks(make, script);
  const overWires = wires.flatMap((wire) => [
    { title: `answers the original request over ${wire}`, run: () => checks.whole(wire) },
    { title: `answers the same byte by byte over ${wire}`, run: () => checks.byteByByte(wire) },
    { title: `answers the same when the client waits for the 101 over ${wire}`, run: () => checks.afterThe101(wire) },
    { title: `answers a client that reads late over ${wire}`, run: () => checks.slowReader(wire) },
    { title: `ends when the client does, right behind the request, over ${wire}`, run: () => checks.finAtOnce(wire) },
    { title: `drains once, however often the server closes, over ${wire}`, run: () => checks.drain(wire) },
    { title: `is told of the close once when takeOver throws over ${wire}`, run: () => checks.takeOverThrows(wire) },
    {
      title: `leaves nothing open when the client resets while accept decides over ${wire}`,
      run: () => checks.resetInAccept(wire),
    },
    {
      title: `is told of the close once when the client resets after the 101 over ${wire}`,
      run: () => checks.resetAfterThe101(wire),
    },
  ]);
  return [
    ...overWires,
    { title: "answers the same cut in two at every offset", run: () => checks.everyCut() },
    { title: "leaves nothing open after a reset behind every byte", run: () => checks.resetEverywhere() },
  ];
}

/** What one check has to itself. */
interface Stage {
  readonly module: WatchedModule;
  readonly server: Server;
  readonly wire: WireEnd;
  readonly faults: readonly ModuleError[];
  connect(): Promise<Client>;
}

class Checks {
  readonly #make: () => ProtocolModule<unknown>;
  readonly #request: Buffer;
  readonly #input: Buffer;
  #expected: Buffer | undefined;

  constructor(make: () => ProtocolModule<unknown>, script: ContractScript) {
    this.#make = make;
    this.#request = requestBytes(script, make());
    this.#input = Buffer.from((script.input ?? "") as string);
    this.#expected = script.output === undefined ? undefined : Buffer.from(script.output as string);
  }

  whole(wire: Wire): Promise<void> {
    return this.#onStage(wire, async (stage) => {
      const client = await stage.connect();
      client.send(Buffer.concat([this.#request, this.#input])).end();
      await this.#completes(stage, client);
    });
  }

  byteByByte(wire: Wire): Promise<void> {
    return this.#onStage(wire, async (stage) => {
      const client = await stage.connect();
      for (const byte of Buffer.concat([this.#request, this.#input])) {
        await client.sendSegment(Buffer.from([byte]));
      }
      client.end();
      await this.#completes(stage, client);
    });
  }

  afterThe101(wire: Wire): Promise<void> {
    return this.#onStage(wire, async (stage) => {
      const client = await stage.connect();
      client.send(this.#request);
      await this.#switched(client);
      client.send(this.#input).end();
      await this.#sends(client);
      await this.#endsClean(stage);
    });
  }

  slowReader(wire: Wire): Promise<void> {
    return this.#onStage(wire, async (stage) => {
      const client = await stage.connect();
      client.stream.pause();
      await client.sendSegment(Buffer.concat([this.#request, this.#input]));
      client.stream.resume();
      client.end();
      await this.#completes(stage, client);
    });
  }

  finAtOnce(wire: Wire): Promise<void> {
    return this.#onStage(wire, async (stage) => {
      const client = await stage.connect();
      client.send(this.#request).end();
      await this.#switched(client);
      await client.rest();
      await this.#endsClean(stage);
    });
  }

  drain(wire: Wire): Promise<void> {
    return this.#onStage(wire, async (stage) => {
      const client = await stage.connect();
      client.send(this.#request);
      await this.#switched(client);
      client.stream.once("end", () => client.end());
      const [report] = await Promise.all([stage.server.close(), stage.server.close()]);
      const destroyed = Object.values(report.switched).reduce((sum, count) => sum + count.destroyed, 0);
      check(destroyed === 0, "the connection did not end within the grace period");
      check(stage.module.drained === 1, `drain was called ${stage.module.drained} times`);
      await this.#endsClean(stage);
    });
  }

  takeOverThrows(wire: Wire): Promise<void> {
    return this.#onStage(wire, async (stage) => {
      const failure = new Error("takeOver threw");
      stage.module.failure = failure;
      const client = await stage.connect();
      client.send(this.#request);
      await client.gone();
      await soon(stage.module.allClosed(), "every close to be told");
      check(
        stage.faults.some(({ cause }) => cause === failure),
        "the failure was not reported",
      );
      this.#closedOnce(stage);
    });
  }

  resetInAccept(wire: Wire): Promise<void> {
    return this.#onStage(wire, async (stage) => {
      let open = (): void => {};
      stage.module.gate = new Promise((resolve) => {
        open = resolve;
      });
      const client = await stage.connect();
      client.send(this.#request);
      await soon(stage.module.asked, "accept to be called");
      const closed = once(stage.server, "closed");
      stage.wire.reset(client.stream);
      open(); // some systems tell of a reset only when something is written
      await soon(closed, "the connection to close");
      this.#closedOnce(stage);
    });
  }

  resetAfterThe101(wire: Wire): Promise<void> {
    return this.#onStage(wire, async (stage) => {
      const client = await stage.connect();
      client.send(this.#request);
      await this.#switched(client);
      await client.sendSegment(this.#input);
      stage.wire.reset(client.stream);
      await soon(stage.module.allClosed(), "every close to be told");
      this.#closedOnce(stage);
    });
  }

  everyCut(): Promise<void> {
    const bytes = Buffer.concat([this.#request, this.#input]);
    return this.#onStage("memory", async (stage) => {
      for (let at = 1; at < bytes.length; at++) {
        const client = await stage.connect();
        await client.sendSegment(bytes.subarray(0, at));
        client.send(bytes.subarray(at)).end();
        await this.#completes(stage, client, `cut at ${at}`);
      }
    });
  }

  resetEverywhere(): Promise<void> {
    const bytes = Buffer.concat([this.#request, this.#input]);
    return this.#onStage("TCP", async (stage) => {
      for (let at = 1; at <= bytes.length; at++) {
        const client = await stage.connect();
        const closed = once(stage.server, "closed");
        await client.sendSegment(bytes.subarray(0, at));
        stage.wire.reset(client.stream);
        await soon(closed, "the connection to close");
      }
      await soon(stage.module.allClosed(), "every close to be told");
      this.#closedOnce(stage);
    });
  }

  async #onStage(wireName: Wire, act: (stage: Stage) => Promise<void>): Promise<void> {
    const module = new WatchedModule(this.#make());
    const server = new Server({ protocols: [module] });
    const faults: ModuleError[] = [];
    server.on("fault", (error) => faults.push(error));
    const wire = await openWire(wireName, server);
    const streams: Duplex[] = [];
    const connect = async (): Promise<Client> => {
      const stream = await wire.connect();
      streams.push(stream);
      return new Client(stream);
    };
    try {
      await act({ module, server, wire, faults, connect });
    } finally {
      for (const stream of streams) {
        stream.destroy();
      }
      await server.close({ graceMs: 0 });
      await wire.close();
    }
  }

  async #switched(client: Client): Promise<void> {
    const head = (await client.takeUntil("\r\n\r\n")).toString("latin1");
    check(head.startsWith("HTTP/1.1 101 "), `the request was not switched, but answered ${JSON.stringify(head)}`);
  }

  async #sends(client: Client, how = ""): Promise<void> {
    const output = await client.rest();
    this.#expected ??= output;
    check(output.equals(this.#expected), `sent ${text(output)}, not ${text(this.#expected)} ${how}`);
  }

  async #completes(stage: Stage, client: Client, how?: string): Promise<void> {
    await this.#switched(client);
    await this.#sends(client, how);
    await this.#endsClean(stage);
  }

  async #endsClean(stage: Stage): Promise<void> {
    await soon(stage.module.allClosed(), "every close to be told");
    check(stage.faults.length === 0, `reported ${String(stage.faults[0])}`);
    check(
      stage.module.closed.every((error) => error === undefined),
      "a close in order was told as an error",
    );
    this.#closedOnce(stage);
  }

  #closedOnce({ module, server }: Stage): void {
    check(module.closed.length === module.taken, `taken over ${module.taken}, told of ${module.closed.length} closes`);
    check(server.stats().open === 0, "a connection stayed open");
  }
}

function check(holds: boolean, otherwise: string): asserts holds {
  if (!holds) {
    throw new UsageError("ERR_TURNOUT_CONTRACT", otherwise);
  }
}

function text(bytes: Buffer): string {
  return JSON.stringify(bytes.toString("latin1"));
}
