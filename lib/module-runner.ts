import type { Connection } from "./connection.ts";
import { ModuleError, PeerError } from "./errors.ts";
import type { ProtocolModule } from "./protocol-module.ts";
import { isThenable } from "./thenable.ts";

/** Runs a module's code for one connection. What it throws, now or later, ends this connection and nothing else. */
export abstract class ModuleRunner {
  protected readonly connection: Connection;
  protected readonly module: ProtocolModule<unknown>;
  /** The connection is destroyed, or about to be. */
  protected destroyed = false;

  constructor(connection: Connection, module: ProtocolModule<unknown>) {
    this.connection = connection;
    this.module = module;
  }

  abstract destroy(error?: Error): void;

  report(error: unknown): void {
    const { observer } = this.connection.context;
    error instanceof PeerError ? observer.refused(error) : observer.fault(this.#moduleError("it reported", error));
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
    this.connection.context.observer.fault(error);
    this.destroy(error);
  }
}
