import { type Channel, channel } from "node:diagnostics_channel";
import type { ConnectionInfo } from "./connection-info.ts";
import type { ModuleError, PeerError, TransportError } from "./errors.ts";
import type { HttpRequest, OriginalRequest, RequestInfo } from "./http/request.ts";
import type { ResponseLike } from "./http/response.ts";
import type { Phase } from "./phase.ts";
import type { Decision } from "./protocol-module.ts";
import type { Server } from "./server.ts";
import type { Transport } from "./transport.ts";

/**
 * What is published by `node:diagnostics_channel`, by the channel's name. A message is made only where somebody listens.
 * Names and properties are stable; further properties may come.
 */
export interface DiagnosticMessages {
  /** A client's connection was accepted, and nothing has been spoken yet; or a stream of HTTP/2 was switched. */
  "turnout:connection:open": ConnectionMessage;
  /** It is closed; with the error, when it did not end in order. */
  "turnout:connection:close": ConnectionMessage & { readonly error: TransportError | undefined };
  /** A connection was switched. */
  "turnout:switch": ConnectionMessage & {
    readonly token: string;
    /** The request that asked for it; undefined where the connection began with the protocol. */
    readonly request: RequestInfo | undefined;
    /** From the request's head to the 101; 0 where there was none. */
    readonly durationMs: number;
  };
  /** A peer broke a rule, and was told so. */
  "turnout:request:refused": ConnectionMessage & { readonly error: PeerError };
  /** A module or the application failed. */
  "turnout:fault": ConnectionMessage & { readonly error: ModuleError };
  /** Of connections that began while somebody listened here or on `turnout:phase`: bytes from the client or for it. */
  "turnout:wire": {
    readonly server: Server;
    /** The connection's. */
    readonly id: number;
    /** `"in"`: from the client. */
    readonly direction: "in" | "out";
    /** They may change after the call: copy what is to be kept. */
    readonly bytes: Uint8Array;
  };
  /** Of the same connections: another phase. */
  "turnout:phase": { readonly server: Server; readonly id: number; readonly from: Phase; readonly to: Phase };
}

interface ConnectionMessage {
  readonly server: Server;
  readonly connection: ConnectionInfo;
}

/**
 * The contexts of the tracing channels, by the name for `tracingChannel`. `start` and `end` lie around the call, `asyncStart` and
 * `asyncEnd` follow when its promise is settled, and `error` when it failed; `result` and `error` are there once they are known.
 */
export interface TracingContexts {
  /** The application's `respond`. */
  "turnout:respond": { readonly request: HttpRequest; result?: ResponseLike; error?: unknown };
  /** A module's `accept`. */
  "turnout:accept": {
    readonly request: RequestInfo;
    readonly token: string;
    /** The name of the module's class. */
    readonly module: string;
    result?: Decision<unknown>;
    error?: unknown;
  };
  /** A module's `takeOver`. */
  "turnout:takeOver": {
    readonly request: OriginalRequest;
    readonly token: string;
    readonly module: string;
    readonly transport: Transport;
    /** The receipt. */
    result?: unknown;
    error?: unknown;
  };
}

type Named<Name extends keyof DiagnosticMessages> = Channel<unknown, DiagnosticMessages[Name]>;

function named<Name extends keyof DiagnosticMessages>(name: Name): Named<Name> {
  return channel(name) as Named<Name>;
}

// Kept here for good: node forgets channels that nobody holds, and their subscribers with them.
export const connectionOpen: Named<"turnout:connection:open"> = named("turnout:connection:open");
export const connectionClose: Named<"turnout:connection:close"> = named("turnout:connection:close");
export const switchDone: Named<"turnout:switch"> = named("turnout:switch");
export const requestRefused: Named<"turnout:request:refused"> = named("turnout:request:refused");
export const fault: Named<"turnout:fault"> = named("turnout:fault");
export const wire: Named<"turnout:wire"> = named("turnout:wire");
export const phaseChange: Named<"turnout:phase"> = named("turnout:phase");
