import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Counted } from "./measurements.ts";
import type { Door, Workload } from "./workloads.ts";

export function isInstalled(program: string, versionFlag: string): boolean {
  return spawnSync(program, [versionFlag], { stdio: "ignore" }).error === undefined;
}

/** Loads a server with nghttp2's h2load, on a core of its own. Throws where a request fails. */
export async function h2load(port: string, workload: Workload, door: Door, durationMs: number): Promise<Counted> {
  const { connections, streams, contentBytes } = workload;
  const folder = mkdtempSync(join(tmpdir(), "turnout-bench-"));
  try {
    const args = ["-D", `${durationMs}ms`, "-c", String(connections), "-m", String(streams)];
    if (door === "HTTP/1.1") {
      args.push("-p", "http/1.1");
    }
    if (contentBytes > 0) {
      const file = join(folder, "content");
      writeFileSync(file, Buffer.alloc(contentBytes, "x"));
      args.push("-d", file);
    }
    args.push(`http://127.0.0.1:${port}/`);
    const pinned = cpus().length > 1 ? ["taskset", "-c", "1"] : [];
    const [command, ...rest] = [...pinned, "h2load", ...args];
    const { stdout } = await promisify(execFile)(command!, rest);
    return { perSecond: rateIn(stdout), medianMs: 0 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function rateIn(said: string): number {
  const succeeded = Number(/, (\d+) succeeded, 0 failed, 0 errored, 0 timeout$/m.exec(said)?.[1]);
  const rate = Number(/^finished in \S+, ([\d.]+) req\/s/m.exec(said)?.[1]);
  if (!(succeeded > 0 && rate > 0) || !said.includes(`status codes: ${succeeded} 2xx, 0 3xx, 0 4xx, 0 5xx`)) {
    throw new Error(`h2load was not answered: ${said}`);
  }
  return rate;
}
