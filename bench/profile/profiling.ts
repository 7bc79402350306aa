/*
 * Loaded before a server (`node --import profiling.js server.js`): a first SIGUSR2 begins a profile, a second one writes it to
 * the file that TURNOUT_BENCH_PROFILE names. So what is profiled is a server under load, and not its start.
 */
import { renameSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";

const file = process.env["TURNOUT_BENCH_PROFILE"]!;
const ofMemory = file.endsWith(".heapprofile");
const session = new Session();
let isRunning = false;

async function begin(): Promise<void> {
  session.connect();
  if (ofMemory) {
    await session.post("HeapProfiler.startSampling", {
      samplingInterval: 16_384,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    } as object);
  } else {
    await session.post("Profiler.enable");
    await session.post("Profiler.setSamplingInterval", { interval: 200 });
    await session.post("Profiler.start");
  }
}

async function end(): Promise<void> {
  const { profile } = await (ofMemory ? session.post("HeapProfiler.stopSampling") : session.post("Profiler.stop"));
  writeFileSync(`${file}.part`, JSON.stringify(profile));
  renameSync(`${file}.part`, file);
}

process.on("SIGUSR2", () => {
  const step = isRunning ? end() : begin();
  isRunning = true;
  step.catch((error) => {
    throw error;
  });
});
