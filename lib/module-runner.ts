import type { Answered } from "./answered.ts";
import type { Connection } from "./connection.ts";
import { ModuleError, PeerError } from "./errors.ts";
import type { OriginalRequest } from "./http/request.ts";
import type { ProtocolModule } from "./protocol-module.ts";
import type { Registration } from "./registry.ts";
import { isThenable } from "./thenable.ts";
import { takeOverTraced, tracingTakeOver } from "./tracing.ts";
import type { Transport } from "./transport.ts";

/** Runs a module's code for one connection. What it throws, now or later, ends this connection and nothing else. */
export abstract class ModuleRunner {
  readonly token: string;
  protected readonly connection: Connection;
  protected readonly module: ProtocolModule<unknown>;
  /** Undefined where the connection began with this protocol. */
  protected readonly request: OriginalRequest | undefined;
  /** The connection is destroyed, or about to be. */
  protected destroyed = false;

  constructor(
    connection: Connection,
    { module, token }: Pick<Registration, "module" | "token">,
    request: OriginalRequest | undefined,
  ) {
    this.connection = connection;
    this.module = module;
    this.token = token;
    this.request = request;
  }

  /** What was spoken on the connection; a stream began with the request that asked for this protocol. */
  get spoken(): readonly string[] {
    return this.request === undefined || this.connection.isStream ? [this.token] : ["HTTP/1.1", this.token];
  }

  abstract destroy(error?: Error): void;

  report(error: unknown): void {
    const { observer } = this.connection.context;
    error instanceof PeerError
      ? observer.refused(error, this.connection)
      : observer.fault(this.#moduleError("it reported", error), this.connection);
  }

  protected takeOver(transport: Transport<unknown>): Answered | PromiseLike<Answered> {
    const { module, request } = this;
    return tracingTakeOver.hasSubscribers
      ? takeOverTraced(module, request!, transport)
      : module.takeOver(request!, transport, transport.state);
  }

  protected call<T extends unknown[]>(name: string, callback: ((...args: T) => unknown) | undefined, ...args: T): void {
    try {
      const result = callback?.apply(this, args);
      if (result !== undefined && isThenable(result)) {
        result.then(undefined, (cause: unknown) => {
          // Work on what a lost connection has brought may well fail; its end has been told already.
          if (!this.destroyed || name === "onClose") {
            this.fail(`${name} threw`, cause);
          }
        });
      }
    } catch (cause) {
      this.fail(`${name} threw`, cause);
    }
  }

  protected fail(what: string, cause: unknown): void {
    this.#destroyWith(this.#moduleError(what, cause));
  }

  protected unanswered(why: string): void {
    const what = `the original request is not answered: ${why}`;
    this.#destroyWith(new ModuleError("ERR_TURNOUT_NOT_ANSWERED", this.module.constructor.name, what));
  }

  #moduleError(what: string, cause: unknown): ModuleError {
    return new ModuleError("ERR_TURNOUT_MODULE", this.module.constructor.name, what, { cause });
  }

  #destroyWith(error: ModuleError): void {
    this.connection.context.observer.fault(error, this.connection);
    this.destroy(error);
  }
}
