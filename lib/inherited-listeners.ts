import { UsageError } from "./errors.ts";

/** A listening socket that whoever has started this process has opened for it. For `server.listen`. */
export interface InheritedListener {
  readonly fd: number;
  /** `FileDescriptorName=` of systemd; `"unknown"` where none was given. */
  readonly name: string;
}

/** The first descriptor behind the standard three. */
const firstDescriptor = 3;

const variables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"] as const;

/**
 * The listening sockets that this process was started with, as systemd's socket activation passes them (sd_listen_fds(3)):
 * `LISTEN_FDS` of them, from descriptor 3 on, where `LISTEN_PID` is this process. None in every other case. The variables are
 * removed, so that a child process does not take them for its own; a further call gives none.
 *
 * Throws a `UsageError` where the variables are for this process and make no sense.
 */
export function inheritedListeners(): InheritedListener[] {
  const [pid, count, names] = variables.map((name) => process.env[name]);
  for (const name of variables) {
    delete process.env[name];
  }
  if (pid !== String(process.pid)) {
    return [];
  }
  if (count === undefined || !/^\d{1,4}$/.test(count)) {
    throw new UsageError("ERR_TURNOUT_OPTION", `LISTEN_FDS is no number of descriptors: ${JSON.stringify(count)}`);
  }
  const named = names?.split(":") ?? [];
  return Array.from({ length: Number(count) }, (_, index) => ({
    fd: firstDescriptor + index,
    name: named[index] || "unknown",
  }));
}
