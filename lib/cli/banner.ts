import type { AddressInfo } from "node:net";
import type { styleText } from "node:util";
import type { BundledName } from "./bundled.ts";
import { commandsFor, tongues } from "./commands.ts";
import type { Tls } from "./tls.ts";

export interface BannerFacts {
  /** `host:port`. */
  readonly authority: string;
  readonly protocols: readonly BundledName[];
  readonly require: string;
  readonly tls: Pick<Tls, "fingerprint"> | undefined;
}

/** Columns that the titles of commands take. */
const titleWidth = 23;

/** What is said once the server listens. The first line is for programs, too. */
export function banner(
  { authority, protocols, require, tls }: BannerFacts,
  styled: (style: Parameters<typeof styleText>[0], text: string) => string,
): string {
  const lines = [`turnout listens on ${styled("bold", `http://${authority}/`)}`, `it speaks ${tongues(protocols)}`];
  if (tls !== undefined) {
    lines.push(`TLS is on the same port: https://${authority}/`);
    lines.push(`its certificate has the SHA-256 ${tls.fingerprint}`);
  }
  if (require !== "") {
    lines.push(`every request has to switch to ${require}; others get 426`);
  }
  lines.push("");
  for (const { title, command } of commandsFor(authority, protocols)) {
    lines.push(`  ${styled("dim", title.padEnd(titleWidth))}  ${command}`);
  }
  return `${lines.join("\n")}\n\n`;
}

/** An address as a URL has it. */
export function authorityOf({ address, family, port }: AddressInfo): string {
  return `${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
