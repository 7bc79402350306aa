import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Counted, Task } from "./client.ts";
import { run } from "./load-program.ts";

/** Loads a server with nghttp2's h2load. Throws where a request fails. */
export async function h2load({ port, workload, durationMs }: Task): Promise<Counted> {
  const { speaks, connections, inFlight, contentBytes } = workload;
  const folder = mkdtempSync(join(tmpdir(), "turnout-bench-"));
  try {
    const args = ["-D", `${durationMs}ms`, "-c", String(connections), "-m", String(inFlight)];
    if (speaks === "http") {
      args.push("-p", "http/1.1");
    }
    if (contentBytes > 0) {
      const file = join(folder, "content");
      writeFileSync(file, Buffer.alloc(contentBytes, "x"));
      args.push("-d", file);
    }
    return rateIn(await run("h2load", [...args, `http://127.0.0.1:${port}/`]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function rateIn(said: string): Counted {
  const succeeded = Number(/, (\d+) succeeded, 0 failed, 0 errored, 0 timeout$/m.exec(said)?.[1]);
  const perSecond = Number(/^finished in \S+, ([\d.]+) req\/s/m.exec(said)?.[1]);
  // Where the time was over between an answer's head and its content, there is one status more.
  const good = Number(/^status codes: (\d+) 2xx, 0 3xx, 0 4xx, 0 5xx$/m.exec(said)?.[1]);
  if (!(succeeded > 0 && perSecond > 0 && good >= succeeded)) {
    throw new Error(`h2load was not answered: ${said}`);
  }
  return { perSecond, medianMs: 0 };
}
