import type { ServerName } from "../servers/index.ts";
import type { Workload } from "./workload.ts";

/** A module of Turnout that a contender has registered. */
export type ModuleName = "bench/1" | "websocket" | "http2" | "tls";

/** By which protocol a client of HTTP/2 begins. */
export type Door = "prior knowledge" | "upgrade";

/** A server, and how it is met. */
export interface Contender {
  readonly server: ServerName;
  /** Default: prior knowledge. */
  readonly door?: Door;
  /** Of Turnout's, which are registered. Default: none. */
  readonly modules?: readonly ModuleName[];
  /** Of Turnout's, how many others are registered, which nobody asks for. Default: 0. */
  readonly idleModules?: number;
}

export interface Row extends Workload {
  /** Measured in the short form, too. */
  readonly short?: boolean;
}

/** Workloads and contenders, by name: each meets each. The others are compared with the first contender. */
export interface Table {
  readonly title: string;
  readonly rows: Readonly<Record<string, Row>>;
  readonly contenders: Readonly<Record<string, Contender>>;
}

/** What one command measures. The names of its rows differ. */
export interface Suite {
  readonly name: string;
  readonly tables: readonly Table[];
}
