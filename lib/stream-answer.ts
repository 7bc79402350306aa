import { cancelBody } from "./body-pump.ts";
import type { ServerContext } from "./context.ts";
import { ModuleError, PeerError, TransportError } from "./errors.ts";
import { HttpRequest, type RequestOrigin } from "./http/request.ts";
import { RequestBody } from "./http/request-body.ts";
import { composeResponse, headRecord, type ResponseLike } from "./http/response.ts";
import { type StreamRequest, streamFacts, streamHead } from "./stream-request.ts";
import type { StreamTrack } from "./stream-track.ts";
import { isThenable } from "./thenable.ts";

/** Content that is given to a stream without a watch over whether the client takes it. */
const unwatchedBytes = 16_384;

/**
 * Answers a request without content on a stream of its own, when the answer is a short text or a few bytes: then nothing
 * has to be read, pumped or timed, and the stream needs no connection around it (bench/http2). Everything else is for
 * `track`, which puts one there.
 */
export function answerStream(
  request: StreamRequest,
  origin: RequestOrigin,
  context: ServerContext,
  track: () => StreamTrack,
): void {
  const { stream } = request;
  const asked = new HttpRequest(streamHead(request), origin, RequestBody.empty);

  const watch = (): void => {
    stream.once("close", () => {
      if (request.aborted || !stream.writableEnded) {
        asked.abandon(() => new TransportError("ERR_TURNOUT_RESET", "the stream closed before the answer was out"));
      }
    });
  };
  const fail = (cause: unknown): void => {
    if (cause instanceof PeerError) {
      if (!stream.destroyed) {
        track().refuse(cause);
      }
      return;
    }
    const error = new ModuleError("ERR_TURNOUT_RESPOND", "respond", "the request was not answered", { cause });
    if (stream.destroyed) {
      context.observer.fault(error);
    } else {
      track().fault(error);
    }
  };
  const answer = (response: ResponseLike): void => {
    if (stream.destroyed) {
      cancelBody(response?.body);
      return;
    }
    if (!isShort(response?.body)) {
      track().answer(response);
      return;
    }
    try {
      const composed = composeResponse(response, streamFacts(request));
      const content = composed.body as string | Uint8Array | undefined;
      const ends = content === undefined || content.length === 0;
      request.sendHead(composed.status, headRecord(composed, context.clock.date()), ends);
      if (!ends) {
        stream.end(content);
      }
      context.observer.answered(asked, composed.status);
    } catch (cause) {
      fail(cause);
    }
  };

  let response: ResponseLike | PromiseLike<ResponseLike>;
  try {
    response = context.respond(asked);
  } catch (cause) {
    fail(cause);
    return;
  }
  if (isThenable(response)) {
    watch();
    response.then(answer, fail);
  } else {
    if (!isShort(response?.body)) {
      watch();
    }
    answer(response);
  }
}

function isShort(body: ResponseLike["body"]): boolean {
  const isWhole = typeof body === "string" || body instanceof Uint8Array;
  return isWhole ? body.length <= unwatchedBytes : body === undefined || body === null;
}
