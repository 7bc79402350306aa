import { performance } from "node:perf_hooks";
import type { Connection } from "./connection.ts";
import { consider, type Outcome } from "./consider.ts";
import { ModuleError, type PeerError, TransportError } from "./errors.ts";
import { Fields } from "./http/fields.ts";
import { OriginalRequest, type RequestInfo } from "./http/request.ts";
import type { Registration } from "./registry.ts";
import { SwitchedTrack } from "./switched-track.ts";
import type { Task, TaskHost } from "./task.ts";
import { isThenable } from "./thenable.ts";

const noContent: Buffer = Buffer.alloc(0);

type Switch = Extract<Outcome, { do: "switch" }>;

/**
 * From an offer that could be taken to the 101: the modules are asked, the content is read, a 100 is sent where one is
 * waited for, and the connection is handed over. At every point before the 101 the request can still be answered over
 * HTTP/1.1.
 */
export class Switching implements Task {
  readonly #track: TaskHost;
  readonly #connection: Connection;
  readonly #candidates: readonly Registration[];
  readonly #request: RequestInfo;
  #chosen: Switch | undefined;
  /** When the head had been read. */
  readonly #since: number = performance.now();
  #settled = false;
  #content: Buffer[] = [];
  #contentBytes = 0;

  constructor(track: TaskHost, candidates: readonly Registration[]) {
    this.#track = track;
    this.#connection = track.connection;
    this.#candidates = candidates;
    this.#request = track.requestInfo();
  }

  start(): void {
    this.#connection.become("deciding", this.#connection.context.timeouts.acceptMs);
    let outcome: Outcome | Promise<Outcome>;
    try {
      outcome = consider(this.#candidates, this.#request, () => this.#request.signal);
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (isThenable(outcome)) {
      outcome.then(
        (settled) => this.#connection.turn(() => this.#settle(settled)),
        (error: unknown) => this.#connection.turn(() => this.#failed(error)),
      );
    } else {
      this.#settle(outcome);
    }
  }

  /** Content is read once a module has taken the offer: before, an ordinary answer may want to refuse it unread. */
  get wantsContent(): boolean {
    return this.#chosen !== undefined;
  }

  content(bytes: Buffer): void {
    this.#content.push(bytes);
    this.#contentBytes += bytes.length;
    if (this.#contentBytes > this.#chosen!.to.maxBody) {
      // RFC 9110 section 7.8: a server MAY ignore Upgrade; what was read so far is the beginning of ordinary content.
      this.#track.respond(this.#content, false);
    }
  }

  contentComplete(trailers: Fields): void {
    if (this.#connection.context.draining) {
      this.#tooLate();
    } else {
      this.#switch(trailers);
    }
  }

  contentFailed(error: PeerError): void {
    this.#request.abandon(() => error);
    this.#track.refuse(error, this.#request.method);
  }

  drained(): void {}

  expired(): void {
    const late = new ModuleError("ERR_TURNOUT_ACCEPT_TIMEOUT", this.#names(), "accept did not decide in time");
    this.#settled = true;
    this.#request.abandon(() => late);
    this.#connection.context.observer.fault(late, this.#connection);
    this.#connection.turn(() =>
      this.#track.answer({ status: 503, body: "503 Service Unavailable\n" }, { close: true }),
    );
  }

  closed(error: TransportError | undefined): void {
    this.#settled = true;
    this.#request.abandon(() => error ?? new TransportError("ERR_TURNOUT_RESET", "the client left before the switch"));
  }

  #settle(outcome: Outcome): void {
    if (this.#settled) {
      return; // too late: answered otherwise, or nobody is there
    }
    this.#settled = true;
    if (outcome.do === "respond") {
      this.#track.respond();
      this.#track.goOn();
    } else if (outcome.do === "refuse") {
      const { status, body, headers, by } = outcome;
      // Bytes behind the head may be the refused protocol's: they are not parsed as anything else.
      this.#track.answer(
        { status, body, ...(headers === undefined ? {} : { headers }) },
        { close: this.#track.holdsBytes, required: by.module.tokens.join(", ") },
      );
    } else if (this.#connection.context.draining) {
      this.#tooLate();
    } else {
      this.#take(outcome);
    }
  }

  #tooLate(): void {
    this.#track.answer({ status: 503, body: "the server is closing\n" }, { close: true });
  }

  #take(chosen: Switch): void {
    this.#chosen = chosen;
    if (this.#track.head.expectContinue) {
      // RFC 9110 section 7.8: both an Upgrade and a 100-continue, then the 100 MUST come before the 101.
      this.#track.sendContinue();
    }
    if (this.#track.contentLeft > 0) {
      this.#connection.become("collecting", this.#connection.context.timeouts.bodyMs);
      this.#track.goOn();
    } else {
      this.#switch(Fields.empty);
    }
  }

  #switch(trailers: Fields): void {
    const { to, state, headers } = this.#chosen!;
    try {
      this.#track.sendSwitch(to, headers);
    } catch (cause) {
      const name = to.module.constructor.name;
      this.#track.fault(new ModuleError("ERR_TURNOUT_MODULE", name, "the switch cannot be told", { cause }));
      return;
    }
    const { early, finished } = this.#track.leave();
    const body =
      this.#content.length === 0
        ? noContent // an own one would cost each idle connection 200 bytes
        : this.#content.length === 1
          ? this.#content[0]!
          : Buffer.concat(this.#content, this.#contentBytes);
    const request = new OriginalRequest(this.#track.head, this.#connection, body, trailers);
    this.#connection.become("switched", this.#connection.context.timeouts.answerMs);
    const switched = new SwitchedTrack(this.#connection, to, state, request);
    this.#connection.speak(switched);
    this.#connection.context.observer.switched(this.#connection, request, to.token, performance.now() - this.#since);
    switched.start(early, finished);
  }

  #failed(error: unknown): void {
    if (!this.#settled) {
      this.#settled = true;
      this.#track.fault(error as ModuleError);
    }
  }

  #names(): string {
    return [...new Set(this.#candidates.map(({ module }) => module.constructor.name))].join(", ");
  }
}
