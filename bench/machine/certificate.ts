import { type SelfSigned, selfSigned } from "../../lib/index.ts";

const variable = "TURNOUT_BENCH_CERTIFICATE";
let made: SelfSigned | undefined;

/** One certificate for all servers and clients of a run, as a part of their environment. */
export function certificateForAll(): Readonly<Record<string, string>> {
  made ??= selfSigned();
  return { [variable]: JSON.stringify(made) };
}

/** What this process has been given. */
export function givenCertificate(): SelfSigned {
  return JSON.parse(process.env[variable]!) as SelfSigned;
}
