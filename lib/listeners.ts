import { once } from "node:events";
import {
  type AddressInfo,
  createServer as createNetServer,
  type ListenOptions as NetListenOptions,
  type Server as NetServer,
  type Socket,
} from "node:net";
import { UsageError } from "./errors.ts";

/** Where to listen: the options of `net.Server.listen`. */
export interface ListenOptions extends NetListenOptions {
  /** A listening socket that is open already, by its descriptor: see `inheritedListeners`. */
  readonly fd?: number;
  /** Others may listen on the same port, if they say so, too, and the system shares out what comes. Node 22.12 and 23.1. */
  readonly reusePort?: boolean;
}

/** Where connections come from: the sockets that listen for one server. */
export class Listeners {
  readonly #take: (socket: Socket) => void;
  /** Those that listen, and those that are about to. */
  readonly #all: Map<NetServer, ListenOptions> = new Map();
  #closed = false;

  constructor(take: (socket: Socket) => void) {
    this.#take = take;
  }

  /** Rejects with the system's error, and leaves the others as they are. */
  async add({ signal, ...where }: ListenOptions): Promise<AddressInfo | string> {
    if (where.reusePort === true && !knowsReusePort(process.versions.node)) {
      throw new UsageError("ERR_TURNOUT_OPTION", `Node ${process.versions.node} has no reusePort, and would ignore it`);
    }
    const listener = createNetServer({ allowHalfOpen: true, noDelay: true }, this.#take);
    this.#all.set(listener, where);
    try {
      signal?.throwIfAborted();
      listener.listen(where);
      const listens = once(listener, "listening", signal === undefined ? {} : { signal });
      await Promise.race([listens, once(listener, "close")]);
    } catch (error) {
      listener.close();
      this.#all.delete(listener);
      throw error;
    }
    if (this.#closed) {
      listener.close();
      throw new UsageError("ERR_TURNOUT_STATE", "the server was closed before it listened");
    }
    // Such as a full table of file descriptors: the next connection may fare better.
    listener.on("error", () => {});
    return addressOf(listener, where);
  }

  /** Of those that listen, in the order in which they began. */
  get addresses(): (AddressInfo | string)[] {
    return [...this.#all].filter(([{ listening }]) => listening).map(([listener, where]) => addressOf(listener, where));
  }

  /** Closes all, also those that are only about to listen. */
  async close(): Promise<void> {
    this.#closed = true;
    const listening = [...this.#all.keys()].filter((listener) => listener.listening);
    const closed = Promise.all(listening.map((listener) => once(listener, "close")));
    for (const listener of this.#all.keys()) {
      listener.close();
    }
    await closed;
  }
}

/** The path of an inherited socket of UNIX is nothing that Node tells. */
function addressOf(listener: NetServer, { fd }: ListenOptions): AddressInfo | string {
  return listener.address() ?? `fd:${fd}`;
}

/** Whether a version of Node knows the option; others ignore it, and the second to listen fails. */
export function knowsReusePort(version: string): boolean {
  const [major, minor] = version.split(".").map(Number) as [number, number];
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}
