import type { ModuleError } from "../errors.ts";
import type { ProtocolModule } from "../protocol-module.ts";
import { Server } from "../server.ts";
import { Client } from "./client.ts";
import { requestBytes, type Script } from "./script.ts";
import { openWire } from "./wires.ts";

/** What to run a module with. */
export interface SwitchedOptions extends Script {
  /** Bytes in the new protocol that come right behind the request. */
  readonly early?: string | Uint8Array;
}

/** A module at work, in memory. */
export interface Switched {
  /** What was decided: switched to the module, an ordinary answer, or a refusal by its status. */
  readonly decision: "switched" | "ordinary" | number;
  /** The head of the 101, or of the response, without its empty line. */
  readonly head: string;
  /** Everything that came behind the head so far: with a switch, in the module's protocol. */
  readonly sent: Buffer;
  /** What the module or the server reported. */
  readonly faults: readonly ModuleError[];
  /** Sends further bytes. */
  send(bytes: string | Uint8Array): void;
  /** Resolves once `sent` has at least so many bytes, or has this text (latin1) in it; gives `sent`. */
  until(what: number | string): Promise<Buffer>;
  /** The client finishes; resolves with `sent` once the server has, too. */
  end(): Promise<Buffer>;
}

/** Runs a module without a socket: one request that offers its token, answered by the real core. */
// biome-ignore lint/suspicious/noExplicitAny: whatever state a module has is its own business
export async function switched(module: ProtocolModule<any>, options: SwitchedOptions = {}): Promise<Switched> {
  const faults: ModuleError[] = [];
  const server = new Server({ protocols: [module], respond: () => ({ status: 200, body: "ordinary\n" }) });
  server.on("fault", (error) => faults.push(error));
  const wire = await openWire("memory", server);
  const client = new Client(await wire.connect());
  client.send(Buffer.concat([requestBytes(options, module), Buffer.from((options.early ?? "") as string)]));
  let head: string;
  do {
    head = (await client.takeUntil("\r\n\r\n")).toString("latin1").slice(0, -4);
  } while (/^HTTP\/1\.1 100 /.test(head));
  const status = Number(head.split(" ")[1]);
  let taken = Buffer.alloc(0);
  const sent = (): Buffer => Buffer.concat([taken, client.pending]);
  return {
    decision: status === 101 ? "switched" : status === 200 ? "ordinary" : status,
    head,
    faults,
    get sent() {
      return sent();
    },
    send: (bytes) => void client.send(bytes),
    until: async (what) => {
      if (typeof what === "number" && what > taken.length) {
        taken = Buffer.concat([taken, await client.take(what - taken.length)]);
      } else if (typeof what === "string" && !taken.includes(what, 0, "latin1")) {
        taken = Buffer.concat([taken, await client.takeUntil(what)]);
      }
      return sent();
    },
    end: async () => {
      client.end();
      taken = Buffer.concat([taken, await client.rest()]);
      return taken;
    },
  };
}
