import { ModuleError, UsageError } from "./errors.ts";
import type { RequestInfo } from "./http/request.ts";
import type { FieldsLike } from "./http/response-fields.ts";
import type { Decision, Offer } from "./protocol-module.ts";
import type { Registration } from "./registry.ts";
import { isThenable } from "./thenable.ts";
import { acceptTraced, tracingAccept } from "./tracing.ts";

/** What came of asking the candidates. */
export type Outcome =
  | {
      readonly do: "switch";
      readonly to: Registration;
      readonly state: unknown;
      readonly headers: FieldsLike | undefined;
    }
  | { readonly do: "respond" }
  | {
      readonly do: "refuse";
      readonly by: Registration;
      readonly status: number;
      readonly body: string;
      readonly headers: FieldsLike | undefined;
    };

/**
 * Asks one candidate after the other until one takes its offer or refuses the request. Stays synchronous as long as
 * the modules do. Throws, or rejects with, a `ModuleError`.
 */
export function consider(
  candidates: readonly Registration[],
  request: RequestInfo,
  signal: () => AbortSignal,
  from = 0,
): Outcome | Promise<Outcome> {
  for (let index = from; index < candidates.length; index++) {
    const candidate = candidates[index]!;
    const decision = ask(candidate, request, signal);
    if (isThenable(decision)) {
      return Promise.resolve(decision).then(
        (settled) => outcomeOf(settled, candidate) ?? consider(candidates, request, signal, index + 1),
        (cause: unknown) => {
          throw failure(candidate, cause);
        },
      );
    }
    const outcome = outcomeOf(decision, candidate);
    if (outcome !== undefined) {
      return outcome;
    }
  }
  return { do: "respond" };
}

function ask(
  candidate: Registration,
  request: RequestInfo,
  signal: () => AbortSignal,
): Decision<unknown> | Promise<Decision<unknown>> {
  const offer = new PendingOffer(request, candidate.token, signal);
  try {
    return tracingAccept.hasSubscribers ? acceptTraced(candidate.module, offer) : candidate.module.accept(offer);
  } catch (cause) {
    throw failure(candidate, cause);
  }
}

/** A class: an object literal with a getter would be a new shape to V8 each time (bench/wire: half of what a switch costs). */
class PendingOffer implements Offer {
  readonly request: RequestInfo;
  readonly token: string;
  readonly #signal: () => AbortSignal;

  constructor(request: RequestInfo, token: string, signal: () => AbortSignal) {
    this.request = request;
    this.token = token;
    this.#signal = signal;
  }

  get signal(): AbortSignal {
    return this.#signal();
  }
}

/** Undefined: declined, go on. */
function outcomeOf(decision: Decision<unknown>, candidate: Registration): Outcome | undefined {
  switch (decision?.do) {
    case "switch":
      return { do: "switch", to: candidate, state: decision.state, headers: decision.headers };
    case "decline":
      return undefined;
    case "reject":
      if (Number.isInteger(decision.status) && decision.status >= 300 && decision.status <= 599) {
        const { status, body, headers } = decision;
        return { do: "refuse", by: candidate, status, body, headers };
      }
      throw failure(candidate, new UsageError("ERR_TURNOUT_DECISION", `reject with status ${decision.status}`));
    default:
      throw failure(candidate, new UsageError("ERR_TURNOUT_DECISION", "accept returned no decision"));
  }
}

function failure(candidate: Registration, cause: unknown): ModuleError {
  return new ModuleError("ERR_TURNOUT_MODULE", candidate.module.constructor.name, "accept threw", { cause });
}
