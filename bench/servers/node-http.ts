import { createServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { givenCertificate } from "../machine/certificate.ts";
import { body } from "../suites/workload.ts";
import type { Order, Served } from "./index.ts";
import { listening } from "./listening.ts";

const options = { keepAliveTimeout: 60_000, maxHeaderSize: 32_768 };
const switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: bench/1\r\nConnection: Upgrade\r\n\r\n";

/** It sends what Turnout sends: without `Connection: keep-alive` and `Keep-Alive`. */
const respond: RequestListener = (_request, response) => {
  response.removeHeader("Connection");
  response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": body.length });
  response.end(body);
};

export function serve({ workload: { secure } }: Order): Promise<Served> {
  const server = secure
    ? createHttpsServer({ ...options, ...givenCertificate() }, respond)
    : createServer(options, respond);
  server.on("upgrade", (request, socket) => {
    socket.write(`${switching}${request.method} ${request.url}\n`);
    socket.on("data", (chunk) => socket.write(chunk));
    socket.on("error", () => socket.destroy());
    socket.on("end", () => socket.end());
  });
  return listening(server);
}
