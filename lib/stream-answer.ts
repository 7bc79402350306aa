import { cancelBody } from "./body-pump.ts";
import type { Connection } from "./connection.ts";
import { ModuleError, PeerError, TransportError } from "./errors.ts";
import { HttpRequest } from "./http/request.ts";
import { RequestBody } from "./http/request-body.ts";
import { composeResponse, headRecord, type ResponseLike } from "./http/response.ts";
import { StreamHead, type StreamRequest, streamFacts } from "./stream-request.ts";
import type { StreamTrack } from "./stream-track.ts";
import { isThenable } from "./thenable.ts";
import { isWhole } from "./whole-response.ts";

/** Content that is given to a stream without a watch over whether the client takes it. */
const unwatchedBytes = 16_384;

/** Puts a connection around a stream. */
export type OpenTrack = (request: StreamRequest, outer: Connection) => StreamTrack;

/**
 * Answers a request without content on a stream of its own, when the answer is a short text or a few bytes: then nothing
 * has to be read, pumped or timed, and the stream needs no connection around it (bench/http2). Everything else is for the
 * track that `open` puts there.
 */
export function answerStream(stream: StreamRequest, outer: Connection, open: OpenTrack): void {
  const request = new HttpRequest(new StreamHead(stream), outer, RequestBody.empty);
  let response: ResponseLike | PromiseLike<ResponseLike>;
  try {
    response = outer.context.respond(request);
  } catch (cause) {
    fail(cause, stream, outer, open);
    return;
  }
  if (isThenable(response)) {
    abandonAtClose(request, stream);
    response.then(
      (settled) => answer(settled, request, stream, outer, open),
      (cause: unknown) => fail(cause, stream, outer, open),
    );
    return;
  }
  if (!isShort(response)) {
    abandonAtClose(request, stream);
  }
  answer(response, request, stream, outer, open);
}

function answer(
  response: ResponseLike,
  request: HttpRequest,
  stream: StreamRequest,
  outer: Connection,
  open: OpenTrack,
): void {
  if (stream.stream.destroyed) {
    cancelBody(response?.body);
    return;
  }
  if (!isShort(response)) {
    open(stream, outer).answer(response);
    return;
  }
  const { clock, observer } = outer.context;
  try {
    const composed = composeResponse(response, streamFacts(stream));
    const content = composed.body as string | Uint8Array | undefined;
    const ends = content === undefined || content.length === 0;
    stream.sendHead(headRecord(composed, clock.date()), ends);
    if (!ends) {
      stream.stream.end(content);
    }
    observer.answered(request, composed.status);
  } catch (cause) {
    fail(cause, stream, outer, open);
  }
}

function fail(cause: unknown, stream: StreamRequest, outer: Connection, open: OpenTrack): void {
  const isGone = stream.stream.destroyed;
  if (cause instanceof PeerError) {
    if (!isGone) {
      open(stream, outer).refuse(cause);
    }
    return;
  }
  const error = new ModuleError("ERR_TURNOUT_RESPOND", "respond", "the request was not answered", { cause });
  if (isGone) {
    outer.context.observer.fault(error, outer);
  } else {
    open(stream, outer).fault(error);
  }
}

/** The application hears of a client that leaves before it has been answered. */
function abandonAtClose(request: HttpRequest, stream: StreamRequest): void {
  stream.stream.once("close", () => {
    if (stream.aborted || !stream.stream.writableEnded) {
      request.abandon(() => new TransportError("ERR_TURNOUT_RESET", "the stream closed before the answer was out"));
    }
  });
}

function isShort(response: ResponseLike): boolean {
  return isWhole(response) && (response.body?.length ?? 0) <= unwatchedBytes;
}
