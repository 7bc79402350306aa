import { RequestHeadParser } from "../../lib/http/request-head.ts";
import { resolveLimits } from "../../lib/options.ts";

/** The head that `lines` make, with its CRLFs and the empty line added, as the server's parser reads it. */
export function headOf(...lines: string[]): RequestHeadParser {
  const parser = new RequestHeadParser(resolveLimits());
  const bytes = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  const end = parser.read(bytes, 0);
  if (end !== bytes.length) {
    throw new Error(`the head ends at ${end} of ${bytes.length}`);
  }
  return parser;
}
