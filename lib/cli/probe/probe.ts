import { allCases } from "./cases.ts";
import { type ProbeCommandLine, ProbeUsageError, probeUsage, readProbeCommandLine } from "./command-line.ts";
import { canConnect } from "./exchange.ts";
import { jsonOf, tableOf } from "./report.ts";
import { run } from "./runner.ts";
import { addressesOf, isLoopback, type Target } from "./target.ts";

const maxBytes = 256 * 1024;
const connections = 4;
const totalMs = 60_000;

/** `turnout probe`, with the arguments behind that. Gives the exit code: 0, 1 where something fails, 2 where it cannot be said. */
export async function probe(args: readonly string[]): Promise<number> {
  let commandLine: ProbeCommandLine | "help";
  try {
    commandLine = readProbeCommandLine(args);
  } catch (error) {
    if (error instanceof ProbeUsageError) {
      return complain(error.message);
    }
    throw error;
  }
  if (commandLine === "help") {
    process.stdout.write(probeUsage());
    return 0;
  }
  return tryAndReport(commandLine);
}

async function tryAndReport({ url, target, only, allowRemote, json, ...rest }: ProbeCommandLine): Promise<number> {
  const bounds = { timeoutMs: rest.timeoutMs, maxBytes, connections, totalMs };
  const addresses = await addressesOf(target.hostname).catch(() => []);
  if (!addresses.every(isLoopback)) {
    if (!allowRemote) {
      return complain(`${target.hostname} is not this machine; --allow-remote probes it all the same`);
    }
    process.stderr.write(`turnout: ${target.hostname} is not this machine. Probe only what you are responsible for.\n`);
  }
  const address = await reachable(target, addresses, bounds.timeoutMs);
  if (address === undefined) {
    return complain(`${target.hostname} cannot be reached on port ${target.port}`);
  }
  const cases = only.length === 0 ? allCases : allCases.filter(({ id }) => only.includes(id));
  const { outcomes, cutShort } = await run(cases, target, address, bounds);
  const look = { colour: process.stdout.isTTY === true && process.stdout.hasColors(), verbose: rest.verbose };
  process.stdout.write(json ? jsonOf(url, outcomes, look) : tableOf(outcomes, look));
  if (outcomes.some(({ verdict }) => verdict === "fails")) {
    return 1;
  }
  return cutShort ? complain(`not everything could be tried in ${totalMs / 1000} s`) : 0;
}

/** The first of the addresses that takes a connection. */
async function reachable(target: Target, addresses: readonly string[], timeoutMs: number): Promise<string | undefined> {
  for (const address of addresses) {
    if (await canConnect(target, address, timeoutMs)) {
      return address;
    }
  }
  return undefined;
}

function complain(sentence: string): number {
  process.stderr.write(`turnout: ${sentence}.\n`);
  return 2;
}
