import type { Server as HttpServer } from "node:http";
import { AdoptedServer } from "./adopted-server.ts";
import type { Connection } from "./connection.ts";
import { DelegatedTrack } from "./delegated-track.ts";
import { UsageError } from "./errors.ts";
import { nodeHttp } from "./http/node-http.ts";
import { protocolKey } from "./http/upgrade-list.ts";
import { respondInMemory } from "./memory-respond.ts";
import type { Respond } from "./options.ts";

/** An http.Server to adopt, and what more there is to say of it. */
export interface AdoptedHttp {
  readonly server: HttpServer;
  /**
   * Which offers that no module takes go to the server's own `upgrade` listeners, where it has any: those that name nothing but
   * these tokens; `"*"` for all. Every other offer is answered as an ordinary request. Default `"*"`, as node:http does it.
   */
  readonly upgrades?: readonly string[] | "*";
}

/** How an http.Server is given a connection. */
export interface Delegation {
  /** The client has finished already. */
  readonly ended: boolean;
  /** There is an offer that modules have been asked about, and that is now for the http.Server's own listeners. */
  readonly toListeners: boolean;
}

/** What a server does with the http.Server that it has adopted. */
export class Adoption {
  /** Has the http.Server answer what did not come over HTTP/1.1. */
  readonly respond: Respond;
  readonly #server: AdoptedServer;
  readonly #upgrades: ReadonlySet<string> | "*";

  /** Throws a `UsageError` for what is no server of node:http. */
  constructor(http: HttpServer | AdoptedHttp) {
    const { server, upgrades = "*" }: AdoptedHttp = http instanceof nodeHttp.Server ? { server: http } : http;
    if (!(server instanceof nodeHttp.Server)) {
      throw new UsageError("ERR_TURNOUT_OPTION", "http has to be a Server of node:http");
    }
    if (upgrades !== "*" && !Array.isArray(upgrades)) {
      throw new UsageError("ERR_TURNOUT_OPTION", "http.upgrades has to be a list of tokens, or *");
    }
    this.#server = AdoptedServer.of(server);
    this.respond = respondInMemory(server);
    this.#upgrades = upgrades === "*" ? upgrades : new Set(upgrades.map(protocolKey));
  }

  /** Whether what is offered is to be seen by the http.Server's own listeners. */
  passes(offers: readonly string[]): boolean {
    const upgrades = this.#upgrades;
    const isFor = upgrades === "*" || (offers.length > 0 && offers.every((offer) => upgrades.has(protocolKey(offer))));
    return isFor && this.#server.hasListeners;
  }

  /** The http.Server gets the connection, with `bytes` as the first that it reads. */
  take(connection: Connection, bytes: Buffer, { ended, toListeners }: Delegation): void {
    const track =
      this.#server.trackOn(connection.stream) ??
      new DelegatedTrack(connection, this.#server.answersOn(connection.stream));
    track.toListeners = toListeners;
    connection.become("delegated", Number.POSITIVE_INFINITY);
    connection.speak(track);
    const stream = connection.handOver(ended ? nothing : bytes);
    stream.allowHalfOpen = true; // as node:http has it
    showPeer(connection);
    this.#server.serve(stream, track);
    if (ended) {
      track.endBehind();
      stream.emit("data", bytes); // where the end has been read, nothing can be put back
    } else {
      stream.resume();
    }
  }

  /** Closes the connections on which no request is under way. */
  closeIdle(): void {
    this.#server.closeIdle();
  }
}

const nothing = Buffer.alloc(0);

/** Behind a proxy that has said so, the application sees the client where it is used to look for it. */
function showPeer({ announced, stream }: Connection): void {
  if (announced !== undefined) {
    const { address, port } = announced;
    Object.defineProperties(stream, {
      remoteAddress: { value: address, configurable: true },
      remotePort: { value: port, configurable: true },
    });
  }
}
