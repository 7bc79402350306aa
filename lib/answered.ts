let issue: (owner: object) => Answered;
let ownerOf: (value: unknown) => object | undefined;

/**
 * The receipt: the value that proves that the original request has been answered in the new protocol (RFC 9110
 * section 7.8). Only a transport gives it, bound to its own switch; it can neither be made nor be copied.
 */
export class Answered {
  readonly #owner: object;

  private constructor(owner: object) {
    this.#owner = owner;
  }

  static {
    issue = (owner) => new Answered(owner);
    ownerOf = (value) => (typeof value === "object" && value !== null && #owner in value ? value.#owner : undefined);
  }
}

/** For transports: the receipt of the switch that `owner` stands for. */
export function receiptOf(owner: object): Answered {
  return issue(owner);
}

/** Whether `value` is a receipt of the switch that `owner` stands for. */
export function isReceiptOf(owner: object, value: unknown): value is Answered {
  return ownerOf(value) === owner;
}
