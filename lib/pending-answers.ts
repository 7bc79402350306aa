import type { ServerResponse } from "node:http";

/** The answers that an http.Server owes on one connection. */
export class PendingAnswers {
  readonly #responses: Set<ServerResponse> = new Set();
  #whenOut: (() => void) | undefined;

  get size(): number {
    return this.#responses.size;
  }

  /** `over` is called when the answer is out, or the connection is gone. */
  add(response: ServerResponse, over: () => void): void {
    this.#responses.add(response);
    response.once("close", () => {
      this.#responses.delete(response);
      over();
      this.#tell();
    });
  }

  /** Calls `tell` once all are out: now, where there are none. */
  whenOut(tell: () => void): void {
    this.#whenOut = tell;
    this.#tell();
  }

  /** No request is to follow upon those. */
  closeBehind(): void {
    for (const response of this.#responses) {
      if (!response.headersSent) {
        response.setHeader("Connection", "close");
      }
    }
  }

  /** The connection has room again. node:http listens to that no more where a request behind them offers to switch. */
  drained(): void {
    const [first] = this.#responses;
    if (first?.writableNeedDrain) {
      first.emit("drain");
    }
  }

  #tell(): void {
    if (this.#responses.size === 0) {
      const tell = this.#whenOut;
      this.#whenOut = undefined;
      tell?.();
    }
  }
}
