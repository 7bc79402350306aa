import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";

/** What is sampled: where the time goes, or what allocates, with what has been collected since. */
export type Sampled = "cpu" | "heap";

/** Samples this process from now on; what it gives ends that, and writes to a file what was seen. */
export async function beginProfile(sampled: Sampled): Promise<(file: string) => Promise<void>> {
  const session = new Session();
  session.connect();
  if (sampled === "heap") {
    await session.post("HeapProfiler.startSampling", {
      samplingInterval: 16_384,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    } as object); // Node's types do not know the last two
  } else {
    await session.post("Profiler.enable");
    await session.post("Profiler.setSamplingInterval", { interval: 200 });
    await session.post("Profiler.start");
  }
  return async (file) => {
    const { profile } = await (sampled === "heap"
      ? session.post("HeapProfiler.stopSampling")
      : session.post("Profiler.stop"));
    writeFileSync(file, JSON.stringify(profile));
    session.disconnect();
  };
}
