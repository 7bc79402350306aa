import type { ResponseLike } from "./http/response.ts";
import { isThenable } from "./thenable.ts";

/** A response that is there, and all of it. */
export type WholeResponse = ResponseLike & { readonly body?: string | Uint8Array | null; readonly trailers?: never };

/** Whether an answer is there, and all of it: no promise, stream or trailers, for which somebody would have to wait. */
export function isWhole(response: ResponseLike | PromiseLike<ResponseLike>): response is WholeResponse {
  if (typeof response !== "object" || response === null || isThenable(response)) {
    return false;
  }
  const { body } = response;
  const isThere = typeof body === "string" || body === undefined || body === null || body instanceof Uint8Array;
  return isThere && response.trailers === undefined;
}
