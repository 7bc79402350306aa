import { UsageError } from "./errors.ts";
import type { HttpRequest } from "./http/request.ts";
import type { ResponseLike } from "./http/response.ts";
import type { Respond } from "./options.ts";

/** Where, and what, a server answers to those who look whether it is well. */
export interface HealthOptions {
  /** The path at which it is asked whether the process lives: 200 as long as it answers at all. Default `/healthz`. */
  readonly live?: string;
  /** The path at which it is asked whether it wants new traffic: 200, or 503. Default `/readyz`. */
  readonly ready?: string;
  /**
   * What `ready` is answered from `server.close()` on. Default 503. To HAProxy's `http-check disable-on-404` it is 404 that says
   * that connections stay, and no new ones are to come.
   */
  readonly drainingStatus?: number;
  /** Whether the application could serve now. Asked each time; what it throws is answered 500. Default: always. */
  readonly isReady?: (request: HttpRequest) => boolean | Promise<boolean>;
}

/**
 * Answers health checks, and leaves all other requests to `respond`. Checks are GET or HEAD, in any version of HTTP and without
 * a Host field where that need not be. Throws a `UsageError` for options that make no sense.
 */
export function health(options: HealthOptions, respond: Respond): Respond {
  const { live = "/healthz", ready = "/readyz", drainingStatus = 503, isReady } = options;
  if (!live.startsWith("/") || !ready.startsWith("/") || live === ready) {
    throw new UsageError("ERR_TURNOUT_OPTION", "live and ready have to be two paths");
  }
  if (!Number.isInteger(drainingStatus) || drainingStatus < 400 || drainingStatus > 599) {
    throw new UsageError(
      "ERR_TURNOUT_OPTION",
      `a drainingStatus of ${drainingStatus} does not say that it is not ready`,
    );
  }
  const readiness = (isGood: boolean): ResponseLike => (isGood ? say(200, "ready") : say(503, "not ready"));

  return (request) => {
    const { path } = request;
    if (path !== live && path !== ready) {
      return respond(request);
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return { status: 405, headers: { Allow: "GET, HEAD" }, body: "405 Method Not Allowed\n" };
    }
    if (path === live) {
      return say(200, "live");
    }
    if (request.draining) {
      return say(drainingStatus, "draining");
    }
    const isGood = isReady?.(request) ?? true;
    return typeof isGood === "boolean" ? readiness(isGood) : isGood.then(readiness);
  };
}

/** What was true of a moment is not to be kept. */
function say(status: number, what: string): ResponseLike {
  return {
    status,
    headers: { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" },
    body: `${what}\n`,
  };
}
