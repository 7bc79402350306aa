import { readAnswers } from "../../lib/cli/probe/answers.ts";
import type { Plan, Seen } from "../../lib/cli/probe/case.ts";
import { type Target, targetOf } from "../../lib/cli/probe/target.ts";

/** A target that nobody connects to. */
export const someTarget: Target = targetOf("http://h/x", "/ws")!;

/** What would be seen of a server that says `received`, and then ends the connection, if not otherwise. */
export function seenOf(plan: Plan, received: string, ended: Seen["ended"] = "end"): Seen {
  const bytes = Buffer.from(received, "latin1");
  const reading = readAnswers(bytes, ended === "end" || ended === "reset");
  const requests = plan.requests ?? 1;
  const finals = reading.answers.filter(({ status }) => status >= 200);
  const usedAgain = finals.length >= requests && !finals[requests - 1]!.closes;
  return {
    ...reading,
    sent: [plan.sends],
    received: bytes,
    due: requests + (usedAgain ? 1 : 0),
    usedAgain,
    ended,
  };
}

/** An answer with content, by its length. */
export function answer(status: number, fields = "", version = "HTTP/1.1"): string {
  return `${version} ${status} S\r\n${fields}Content-Length: 2\r\n\r\nhi`;
}

export function closing(status: number, fields = ""): string {
  return answer(status, `${fields}Connection: close\r\n`);
}

export function switching(protocol: string, fields = ""): string {
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${fields}\r\n`;
}
