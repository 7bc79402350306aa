import type { Duplex } from "node:stream";
import type { Adoption } from "./adoption.ts";
import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import type { ModuleError, PeerError, TransportError } from "./errors.ts";
import type { RequestInfo } from "./http/request.ts";
import type { Limits, Negotiate, Respond, Timeouts } from "./options.ts";
import type { Phase } from "./phase.ts";
import type { Registry } from "./registry.ts";
import type { StreamRequest } from "./stream-request.ts";

/** What a connection needs to know of its server, and tells it. */
export interface ServerContext {
  readonly limits: Limits;
  readonly timeouts: Timeouts;
  readonly registry: Registry;
  readonly negotiate: Negotiate;
  readonly respond: Respond;
  /** The http.Server that answers over HTTP/1.1 in the place of `respond`. */
  readonly adopted: Adoption | undefined;
  readonly advertise: boolean;
  readonly clock: Clock;
  /** New traffic is to go elsewhere: health checks say so. */
  readonly retiring: boolean;
  /** The server is closing: answers say `Connection: close`, and nothing is switched any more. */
  readonly draining: boolean;
  readonly observer: Observer;
  /** How long the server, which is closing, waits for what is under way. */
  graceMs(): number;
  /** Begins anew on a stream that a protocol has made of its connection. */
  serve(stream: Duplex, carrier: Connection): void;
  /** Has a request answered that came as a stream of a connection. */
  serveStream(request: StreamRequest, outer: Connection): void;
}

/** What a connection tells while it lives. */
export interface Observer {
  answered(request: RequestInfo, status: number): void;
  /** `durationMs`: from when the request's head had been read. */
  switched(connection: Connection, request: RequestInfo, token: string, durationMs: number): void;
  /** A connection began with the opening bytes of a protocol. */
  opened(connection: Connection, token: string): void;
  /** A peer broke a rule. */
  refused(error: PeerError, connection: Connection): void;
  /** The program's own code failed. */
  fault(error: ModuleError, connection: Connection): void;
  closed(connection: Connection, error: TransportError | undefined): void;
  /** Of connections that are traced: bytes of the client's, or for it. They are not the observer's to keep. */
  wire(connection: Connection, direction: "in" | "out", bytes: Uint8Array): void;
  /** Of connections that are traced: another phase. */
  became(connection: Connection, from: Phase, to: Phase): void;
}
