import type { ResponseLike } from "./http/response.ts";
import { isThenable } from "./thenable.ts";

/** A response that is there, and all of it. */
export type WholeResponse = ResponseLike & { readonly body?: string | Uint8Array | null };

/** Whether an answer is there, and all of it: neither a promise nor a stream, for which somebody would have to wait. */
export function isWhole(response: ResponseLike | PromiseLike<ResponseLike>): response is WholeResponse {
  if (typeof response !== "object" || response === null || isThenable(response)) {
    return false;
  }
  const { body } = response;
  return typeof body === "string" || body === undefined || body === null || body instanceof Uint8Array;
}
