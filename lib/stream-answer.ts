import { cancelBody } from "./body-pump.ts";
import type { ServerContext } from "./context.ts";
import { ModuleError, PeerError, TransportError } from "./errors.ts";
import { HttpRequest, type RequestOrigin } from "./http/request.ts";
import { RequestBody } from "./http/request-body.ts";
import { composeResponse, fieldsOf, type ResponseLike } from "./http/response.ts";
import { type StreamRequest, streamHead } from "./stream-request.ts";
import { isThenable } from "./thenable.ts";

/**
 * Answers a request without content on a stream of its own, when the answer is text or bytes: then nothing has to be read,
 * pumped or timed, and the stream needs no connection around it (bench/http2). `others` answers in the other cases.
 */
export function answerStream(
  request: StreamRequest,
  origin: RequestOrigin,
  context: ServerContext,
  others: (response: ResponseLike) => void,
): void {
  const { stream } = request;
  const head = streamHead(request);
  const asked = new HttpRequest(head, origin, RequestBody.empty);

  let answered = false;
  const answer = (response: ResponseLike): void => {
    answered = true;
    if (stream.destroyed) {
      cancelBody(response?.body);
      return;
    }
    const body = response?.body;
    if (body !== undefined && body !== null && typeof body !== "string" && !(body instanceof Uint8Array)) {
      others(response);
      return;
    }
    try {
      const composed = composeResponse(response, {
        method: request.method,
        minorVersion: 0,
        close: false,
        date: context.clock.date(),
        advertise: "",
        required: "HTTP/1.1", // a 426 has to name something; the field is left out here
      });
      const content = composed.body as string | Uint8Array | undefined;
      const ends = content === undefined || content.length === 0;
      request.sendHead(composed.status, fieldsOf(composed.head), ends);
      if (!ends) {
        stream.end(content, "latin1");
      }
      context.observer.answered(asked, composed.status);
    } catch (cause) {
      fail(cause);
    }
  };

  let failed = false;
  const fail = (cause: unknown): void => {
    if (failed) {
      request.reset(false); // not even the 500 can be sent
      return;
    }
    failed = true;
    if (cause instanceof PeerError) {
      context.observer.refused(cause);
      answer({ status: cause.status, body: `${cause.code}: ${cause.message}\n` });
    } else {
      context.observer.fault(
        new ModuleError("ERR_TURNOUT_RESPOND", "respond", "the request was not answered", { cause }),
      );
      answer({ status: 500, body: "500 Internal Server Error\n" });
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
    stream.once("close", () => {
      if (!answered) {
        asked.abandon(() => new TransportError("ERR_TURNOUT_RESET", "the stream closed before it was answered"));
      }
    });
    response.then(answer, fail);
  } else {
    answer(response);
  }
}
