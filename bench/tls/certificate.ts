import { type SelfSigned, selfSigned } from "../../lib/index.ts";

const variable = "TURNOUT_BENCH_CERTIFICATE";

/** One certificate for all servers of a run, as a part of their environment. */
export function certificateForAll(): Readonly<Record<string, string>> {
  return { [variable]: JSON.stringify(selfSigned()) };
}

/** What this process has been given. */
export function givenCertificate(): SelfSigned {
  return JSON.parse(process.env[variable]!) as SelfSigned;
}
