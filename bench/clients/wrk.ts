import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { headOf } from "../suites/script.ts";
import type { Counted, Task } from "./client.ts";
import { run } from "./load-program.ts";

/** Loads a server with wrk, of one thread; a script of Lua says what it sends. Throws where a request fails. */
export async function wrk({ port, workload, durationMs }: Task): Promise<Counted> {
  const folder = mkdtempSync(join(tmpdir(), "turnout-bench-"));
  try {
    const script = join(folder, "requests.lua");
    const says = JSON.stringify(headOf(workload).repeat(workload.inFlight)); // Lua reads these escapes as JavaScript does
    writeFileSync(script, `local says = ${says}\nrequest = function() return says end\n`);
    const args = ["-t", "1", "-c", String(workload.connections), "-d", "600s", "-s", script];
    return rateIn(await run("wrk", [...args, `http://127.0.0.1:${port}/`], durationMs));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Of pipelined requests it counts each. */
function rateIn(said: string): Counted {
  const perSecond = Number(/^Requests\/sec: +([\d.]+)$/m.exec(said)?.[1]);
  if (!(perSecond > 0) || /Socket errors|Non-2xx/.test(said)) {
    throw new Error(`wrk was not answered: ${said}`);
  }
  return { perSecond, medianMs: 0 };
}
