import { AsyncResource } from "node:async_hooks";
import { type TracingChannel, tracingChannel } from "node:diagnostics_channel";
import { Readable } from "node:stream";
import type { Answered } from "./answered.ts";
import { iterate, type PieceIterator, type Pieces } from "./body-pump.ts";
import type { TracingContexts } from "./diagnostics.ts";
import type { HttpRequest, OriginalRequest } from "./http/request.ts";
import type { BodyLike, ResponseLike } from "./http/response.ts";
import type { Respond } from "./options.ts";
import type { Decision, Offer, ProtocolModule } from "./protocol-module.ts";
import { isThenable } from "./thenable.ts";
import type { Transport } from "./transport.ts";

type Tracing<Name extends keyof TracingContexts> = TracingChannel<unknown, TracingContexts[Name]>;

const tracingRespond: Tracing<"turnout:respond"> = tracingChannel("turnout:respond");
export const tracingAccept: Tracing<"turnout:accept"> = tracingChannel("turnout:accept");
export const tracingTakeOver: Tracing<"turnout:takeOver"> = tracingChannel("turnout:takeOver");

/** `respond`, traced while anybody listens. */
export function traceable(respond: Respond): Respond {
  return (request) => (tracingRespond.hasSubscribers ? respondTraced(respond, request) : respond(request));
}

export function acceptTraced(
  module: ProtocolModule<unknown>,
  offer: Offer,
): Decision<unknown> | Promise<Decision<unknown>> {
  const { request, token } = offer;
  const context: TracingContexts["turnout:accept"] = { request, token, module: module.constructor.name };
  return traced(tracingAccept, context, () => module.accept(offer)) as Promise<Decision<unknown>>;
}

export function takeOverTraced(
  module: ProtocolModule<unknown>,
  request: OriginalRequest,
  transport: Transport,
): Answered | PromiseLike<Answered> {
  const context: TracingContexts["turnout:takeOver"] = {
    request,
    token: transport.token,
    module: module.constructor.name,
    transport,
  };
  return traced(tracingTakeOver, context, () => module.takeOver(request, transport, transport.state));
}

function respondTraced(respond: Respond, request: HttpRequest): ResponseLike | Promise<ResponseLike> {
  return traced<TracingContexts["turnout:respond"], ResponseLike>(tracingRespond, { request }, () => {
    const response = respond(request);
    return isThenable(response) ? response.then(scoped) : scoped(response);
  }) as Promise<ResponseLike>;
}

/**
 * As `tracePromise` does it, but what a function gives at once stays so: the order of what is sent hangs on it.
 */
function traced<Context extends { result?: unknown; error?: unknown }, Result>(
  { start, end, asyncStart, asyncEnd, error }: TracingChannel<unknown, Context>,
  context: Context,
  work: () => Result | PromiseLike<Result>,
): Result | PromiseLike<Result> {
  const failed = (cause: unknown): never => {
    context.error = cause;
    error.publish(context);
    throw cause;
  };
  const settled = (): void => {
    asyncStart.publish(context);
    asyncEnd.publish(context);
  };
  return start.runStores(context, () => {
    try {
      const result = work();
      if (!isThenable(result)) {
        context.result = result;
        return result;
      }
      return result.then(
        (value) => {
          context.result = value;
          settled();
          return value;
        },
        (cause: unknown) => {
          try {
            return failed(cause);
          } finally {
            settled();
          }
        },
      );
    } catch (cause) {
      return failed(cause);
    } finally {
      end.publish(context);
    }
  });
}

/** Pieces of a body, and what follows it, are made while it is sent: whoever makes them finds what was bound for `respond`. */
function scoped(response: ResponseLike): ResponseLike {
  const { status, headers, body, trailers } = response ?? {};
  if (!isMadeOnDemand(body) && typeof trailers !== "function") {
    return response;
  }
  const scope = new AsyncResource("turnout:respond");
  return {
    ...(status === undefined ? {} : { status }),
    ...(headers ? { headers } : {}),
    body: isMadeOnDemand(body) ? scopedPieces(scope, body) : body,
    trailers: typeof trailers === "function" ? () => scope.runInAsyncScope(() => response.trailers!()) : trailers,
  } as ResponseLike;
}

function scopedPieces(scope: AsyncResource, body: Pieces): Pieces {
  return {
    [Symbol.asyncIterator]: (): PieceIterator => {
      const iterator = scope.runInAsyncScope(iterate, undefined, body);
      return {
        next: () => scope.runInAsyncScope(() => iterator.next()),
        return: () => scope.runInAsyncScope(() => iterator.return?.()),
      } as PieceIterator;
    },
  } as Pieces;
}

/** Streams, of node and of the web, have a context of their own. */
function isMadeOnDemand(body: BodyLike | null | undefined): body is Pieces {
  return (
    typeof body === "object" &&
    body !== null &&
    (Symbol.asyncIterator in body || Symbol.iterator in body) &&
    !(body instanceof Uint8Array || body instanceof Readable || body instanceof ReadableStream)
  );
}
