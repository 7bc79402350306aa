/** Whether a callback's result is still to come. Cheaper than awaiting it, which costs a turn of the microtask queue. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
