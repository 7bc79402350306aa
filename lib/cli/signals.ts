import type { Server } from "turnout";
import type { Say } from "./log.ts";

/** The first signal drains the server, after a delay in which it goes on as before; a second one ends the process at once. */
export function drainOnSignal(server: Server, delayMs: number, say: Say): void {
  let draining = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (draining) {
      process.exit(signal === "SIGINT" ? 130 : 143);
    }
    draining = true;
    say({ event: "draining", signal });
    void server.close({ delayMs }).then(({ durationMs }) => say({ event: "drained", durationMs }));
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}
