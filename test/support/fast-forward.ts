import { mock } from "node:test";
import { turns } from "./exchanges.ts";

/** Simulated seconds beyond which something is taken to wait for ever. */
const patienceSeconds = 100;

/**
 * Runs `work`, which waits for nothing but timers and what happens within the process, with time going by as fast as
 * the event loop turns.
 */
export async function fastForward<T>(work: () => Promise<T>): Promise<T> {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  try {
    let settled = false;
    const result = work().finally(() => {
      settled = true;
    });
    result.catch(() => {}); // it is awaited below
    for (let seconds = 0; !settled; seconds++) {
      if (seconds > patienceSeconds) {
        throw new Error("it never ends");
      }
      await turns(20);
      mock.timers.tick(1_000);
    }
    return await result;
  } finally {
    mock.timers.reset();
  }
}
