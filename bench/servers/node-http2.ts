import { createServer } from "node:http2";
import { body } from "../suites/workload.ts";
import type { Served } from "./index.ts";
import { listening } from "./listening.ts";

/** With its stream API. */
export function serve(): Promise<Served> {
  const server = createServer();
  server.on("stream", (stream, request) => {
    stream.on("error", () => {}); // the client may go while it is answered
    const answer = (): void => {
      stream.respond({ ":status": 200, "content-type": "text/plain", "content-length": body.length });
      stream.end(body);
    };
    if (request[":method"] === "POST") {
      stream.on("end", answer).resume();
    } else {
      answer();
    }
  });
  return listening(server);
}
