import { performance } from "node:perf_hooks";
import type { Connection } from "./connection.ts";
import { bytesOf, type ConnectionInfo, infoOf } from "./connection-info.ts";
import type { Observer } from "./context.ts";
import {
  connectionClose,
  connectionOpen,
  fault,
  phaseChange,
  requestRefused,
  switchDone,
  wire,
} from "./diagnostics.ts";
import type { ModuleError, PeerError, TransportError } from "./errors.ts";
import type { RequestInfo } from "./http/request.ts";
import type { Phase } from "./phase.ts";
import type { Server } from "./server.ts";
import { type Layer, Tally } from "./stats.ts";
import { SwitchedTrack } from "./switched-track.ts";

/** Passes on what connections tell: to the counts, to the server's listeners, and to whoever has subscribed. */
export class ServerObserver implements Observer {
  readonly tally: Tally = new Tally();
  readonly #server: Server;
  readonly #gone: (connection: Connection) => void;

  /** `gone` is told of each connection that is closed. */
  constructor(server: Server, gone: (connection: Connection) => void) {
    this.#server = server;
    this.#gone = gone;
  }

  accepted(connection: Connection): void {
    this.tally.accepted++;
    this.#begun(connection);
  }

  answered(request: RequestInfo, status: number): void {
    this.tally.answered(status);
    this.#server.emit("answered", request, status);
  }

  switched(connection: Connection, request: RequestInfo, token: string, durationMs: number): void {
    this.tally.switched(token, bytesOf(connection.stream), durationMs);
    if (connection.isStream) {
      this.#begun(connection);
    }
    this.#publishSwitch(connection, request, token, durationMs);
    this.#server.emit("switched", request, token);
  }

  opened(connection: Connection, token: string): void {
    this.tally.opened(token);
    this.#publishSwitch(connection, undefined, token, 0);
    this.#server.emit("opened", token);
  }

  refused(error: PeerError, connection: Connection): void {
    this.tally.refused(error);
    if (requestRefused.hasSubscribers) {
      requestRefused.publish({ server: this.#server, connection: this.#info(connection), error });
    }
    this.#server.emit("refused", error);
  }

  fault(error: ModuleError, connection: Connection): void {
    this.tally.fault(error);
    if (fault.hasSubscribers) {
      fault.publish({ server: this.#server, connection: this.#info(connection), error });
    }
    if (!this.#server.emit("fault", error)) {
      console.error(error);
    }
  }

  closed(connection: Connection, error: TransportError | undefined): void {
    const { track, counts } = connection;
    const listed = isListed(connection);
    this.#gone(connection);
    this.tally.closed(layerOf(connection));
    if (track instanceof SwitchedTrack) {
      this.tally.switchedClosed(track.token);
    }
    if (connectionClose.hasSubscribers && listed) {
      connectionClose.publish({ server: this.#server, connection: this.#info(connection), error });
    }
    if (counts) {
      this.#server.emit("closed", error);
    }
  }

  wire({ id }: Connection, direction: "in" | "out", bytes: Uint8Array): void {
    if (wire.hasSubscribers) {
      wire.publish({ server: this.#server, id, direction, bytes });
    }
  }

  became({ id }: Connection, from: Phase, to: Phase): void {
    if (phaseChange.hasSubscribers) {
      phaseChange.publish({ server: this.#server, id, from, to });
    }
  }

  #begun(connection: Connection): void {
    if (connectionOpen.hasSubscribers || connectionClose.hasSubscribers) {
      const info = this.#info(connection); // asked for in any case: node knows the peer after the close only if it was asked before
      connectionOpen.publish({ server: this.#server, connection: info });
    }
  }

  #publishSwitch(connection: Connection, request: RequestInfo | undefined, token: string, durationMs: number): void {
    if (switchDone.hasSubscribers) {
      switchDone.publish({ server: this.#server, connection: this.#info(connection), token, request, durationMs });
    }
  }

  #info(connection: Connection): ConnectionInfo {
    return infoOf(connection, performance.now());
  }
}

/** Whether this is what a client would call a connection, or a stream that has become as good as one. */
export function isListed({ counts, isStream, track }: Connection): boolean {
  return counts || (isStream && track instanceof SwitchedTrack);
}

/** What is counted of a connection's bytes. */
export function layerOf({ beneath, stream, track }: Connection): Layer {
  return { protocol: track.spoken.at(-1), onWire: beneath === undefined, bytes: bytesOf(stream) };
}
