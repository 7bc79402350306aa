import { UsageError } from "./errors.ts";
import type { RequestInfo } from "./http/request.ts";
import { parseUpgradeList, protocolKey } from "./http/upgrade-list.ts";
import type { Negotiate } from "./options.ts";
import type { Registration, Registry } from "./registry.ts";

/** What of a request head bears on switching. */
export interface DecidingHead {
  readonly method: string;
  /** HTTP/1.1 or later, an Upgrade field, and `upgrade` named in Connection (RFC 9110 section 7.8, 7.6.1). */
  readonly wantsUpgrade: boolean;
  /** Bytes of content; -1 for chunked. */
  readonly contentLength: number;
  values(name: string): readonly string[];
  namedInConnection(option: string): boolean;
}

/** What becomes of a request, as far as its head and the server's rules tell. */
export type Verdict =
  /** The application answers, over HTTP/1.1, as if Upgrade had not been sent. */
  | { readonly do: "respond" }
  /** These are asked, in this order; the first that takes its offer gets the connection. */
  | { readonly do: "consider"; readonly candidates: readonly Registration[] }
  /** Nothing is switched any more. */
  | { readonly do: "refuse"; readonly status: 503 };

const respondVerdict: Verdict = { do: "respond" };

/**
 * The whole policy. Pure: nothing is asked, read or written here. `request` makes the request for a `negotiate`
 * function, which alone needs one.
 */
export function decide(
  head: DecidingHead,
  registry: Registry,
  negotiate: Negotiate,
  draining: boolean,
  request: () => RequestInfo,
): Verdict {
  if (!head.wantsUpgrade) {
    return respondVerdict;
  }
  const candidates: Registration[] = [];
  for (const offer of parseUpgradeList(head.values("upgrade"))) {
    const registration = registry.find(offer);
    if (registration !== undefined && fits(head, registration) && !candidates.includes(registration)) {
      candidates.push(registration);
    }
  }
  const chosen = candidates.length === 0 ? candidates : inOrder(candidates, negotiate, request);
  if (chosen.length === 0) {
    return respondVerdict;
  }
  return draining ? { do: "refuse", status: 503 } : { do: "consider", candidates: chosen };
}

/** Whether the module could honour the request at all; where it could not, the offer is as good as unknown. */
function fits(head: DecidingHead, { methods, hopFields, maxBody }: Registration): boolean {
  return (
    (methods === "*" || methods.has(head.method)) &&
    // Content of unknown length may turn out to fit; but not into nothing.
    (head.contentLength === -1 ? maxBody > 0 : head.contentLength <= maxBody) &&
    hopFields.every((field) => head.namedInConnection(field))
  );
}

function inOrder(
  candidates: readonly Registration[],
  negotiate: Negotiate,
  request: () => RequestInfo,
): readonly Registration[] {
  if (negotiate === "client") {
    return candidates;
  }
  if (negotiate === "server") {
    return candidates.toSorted((a, b) => a.rank - b.rank);
  }
  const wanted = negotiate(
    request(),
    candidates.map(({ token }) => token),
  );
  const tokens = typeof wanted === "string" ? [wanted] : (wanted ?? []);
  const chosen = tokens.map((token) => {
    const key = protocolKey(token);
    const candidate = candidates.find((one) => protocolKey(one.token) === key);
    if (candidate === undefined) {
      // RFC 9110 section 7.8: a server MUST NOT switch to a protocol that was not indicated by the client.
      throw new UsageError("ERR_TURNOUT_NOT_OFFERED", `negotiate chose ${token}, which was not offered`);
    }
    return candidate;
  });
  return [...new Set(chosen)];
}
