import { isThenable } from "./thenable.ts";

/** A message: text is a string, binary a `Buffer`. */
export type Message = string | Buffer;

/** What an inbox hands messages to, and tells when it has room again. */
export interface InboxOwner {
  /** Whether the application has a callback. */
  readonly handles: boolean;
  /** Calls it; what it returns may be a promise. */
  handle(message: Message): unknown;
  /** There may be room for the next message, or nothing to do. */
  emptied(): void;
  /** The callback threw, or its promise was rejected. */
  crashed(cause: unknown): void;
}

/**
 * Between the frames and the application: one message at a time. It goes to the loop that waits for it, or to the
 * callback when that is through with the one before; until then it is held, and no further one is read.
 */
export class Inbox {
  readonly #owner: InboxOwner;
  #held: Message | undefined;
  /** The callback, or `open`, is at work. */
  #busy = false;
  /** The application has a message that it is not through with. */
  #handling = false;
  /** A loop takes the messages. */
  #iterated = false;
  #waiting: ((result: IteratorResult<Message, undefined>) => void) | undefined;
  #ended = false;

  constructor(owner: InboxOwner) {
    this.#owner = owner;
  }

  /** Whether the next message may come. */
  get hasRoom(): boolean {
    return this.#held === undefined;
  }

  /** Whether the application is through with all that came. */
  get idle(): boolean {
    return this.#held === undefined && !this.#handling;
  }

  deliver(message: Message): void {
    if (this.#waiting !== undefined) {
      const give = this.#waiting;
      this.#waiting = undefined;
      this.#handling = true;
      give({ done: false, value: message });
    } else if (this.#callbackTakes) {
      this.#call(message);
    } else {
      this.#held = message;
    }
  }

  /** Holds messages back until `work` is settled, if it is a promise. */
  hold(work: unknown): void {
    if (isThenable(work)) {
      this.#busy = true;
      work.then(
        () => this.#through(),
        (cause: unknown) => {
          this.#owner.crashed(cause);
          this.#through();
        },
      );
    }
  }

  /** Nothing more will come: loops end behind what is held. */
  end(): void {
    this.#ended = true;
    this.#waiting?.({ done: true, value: undefined });
    this.#waiting = undefined;
  }

  iterate(): AsyncIterator<Message, undefined> {
    this.#iterated = true;
    return {
      next: () =>
        new Promise((resolve) => {
          this.#waiting = resolve;
          this.#handling = false;
          this.#handOver();
        }),
      return: async () => {
        this.#iterated = this.#handling = false;
        this.#handOver();
        return { done: true, value: undefined };
      },
    };
  }

  get #callbackTakes(): boolean {
    return !this.#iterated && !this.#busy && this.#owner.handles;
  }

  #call(message: Message): void {
    let result: unknown;
    try {
      result = this.#owner.handle(message);
    } catch (cause) {
      this.#owner.crashed(cause);
      return;
    }
    if (isThenable(result)) {
      this.#handling = true;
      this.hold(result);
    }
  }

  #through(): void {
    this.#busy = this.#handling = false;
    this.#handOver();
  }

  /** Hands over what is held, if somebody takes it now. */
  #handOver(): void {
    const message = this.#held;
    if (message !== undefined && (this.#waiting !== undefined || (this.#callbackTakes && !this.#ended))) {
      this.#held = undefined;
      this.deliver(message);
    } else if (message === undefined && this.#ended) {
      this.end();
    }
    this.#owner.emptied();
  }
}
