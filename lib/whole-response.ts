import type { ResponseLike } from "./http/response.ts";
import { isThenable } from "./thenable.ts";

/** Whether an answer is there, and all of it: neither a promise nor a stream, for which somebody has to wait. */
export function isWhole(response: ResponseLike | PromiseLike<ResponseLike>): response is ResponseLike {
  if (typeof response !== "object" || response === null || isThenable(response)) {
    return false;
  }
  const { body } = response;
  return typeof body === "string" || body === undefined || body === null || body instanceof Uint8Array;
}
