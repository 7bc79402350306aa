import type { Door } from "../suites/suite.ts";
import type { Workload } from "../suites/workload.ts";

/** What a client is to do. */
export interface Task {
  readonly port: number;
  readonly workload: Workload;
  readonly door: Door;
  readonly durationMs: number;
}

/** What it has counted. */
export interface Counted {
  readonly perSecond: number;
  /** The median of how long an exchange took; 0 where that was not looked at. */
  readonly medianMs: number;
  /** The share of the time that the client worked, where that can be told: near 1, the server may have waited for it. */
  readonly clientBusy?: number;
}

/** Exchanges, of all that goes on at one time. */
export interface Count {
  done: number;
  /** How long each took, where one is waited for at a time. */
  times: number[];
}

export function newCount(): Count {
  return { done: 0, times: [] };
}
