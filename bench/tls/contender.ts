/*
 * One server, in a process of its own: `node contender.js NAME`. Says its port on standard output, and upon each line on
 * standard input what it has used.
 */
import { once } from "node:events";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Server as NetServer } from "node:net";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { createServer as createTlsServer } from "node:tls";
import { createServer } from "../../lib/index.ts";
import { Http2Protocol } from "../../protocols/http2/index.ts";
import { TlsProtocol } from "../../protocols/tls/index.ts";
import { body } from "../wire/workloads.ts";
import { givenCertificate } from "./certificate.ts";
import type { Usage } from "./measurements.ts";
import { answer, type ContenderName, protocolOfAll } from "./workloads.ts";

const where = { port: 0, host: "127.0.0.1" };
const { cert, key } = givenCertificate();
const headers = { "Content-Type": "text/plain" };

const contenders: Readonly<Record<ContenderName, () => Promise<number>>> = {
  /** The ceiling: canned bytes upon every read, nothing parsed. */
  "node:tls": () => {
    const server = createTlsServer({ cert, key, ALPNProtocols: [protocolOfAll], noDelay: true }, (socket) => {
      socket.on("data", () => socket.write(answer, "latin1"));
      socket.on("error", () => socket.destroy());
    });
    return listening(server);
  },
  "node:https": () => {
    const server = createHttpsServer({ cert, key, keepAliveTimeout: 60_000 }, (_request, response) => {
      response.removeHeader("Connection"); // and with it Keep-Alive: all contenders send the same bytes
      response.writeHead(200, { ...headers, "Content-Length": body.length });
      response.end(body);
    });
    return listening(server);
  },
  turnout: () => turnout([new TlsProtocol({ cert, key })]),
  alone: () => turnout([]),
  "beside-tls": () => turnout([new TlsProtocol({ cert, key })]),
  "beside-both": () => turnout([new TlsProtocol({ cert, key }), new Http2Protocol({ upgrade: "on" })]),
};

async function turnout(protocols: (TlsProtocol | Http2Protocol)[]): Promise<number> {
  const server = createServer({ protocols, respond: () => ({ headers, body }) });
  return ((await server.listen(where)) as AddressInfo).port;
}

async function listening(server: NetServer): Promise<number> {
  server.listen(where);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

process.stdout.write(`${await contenders[process.argv[2] as ContenderName]()}\n`);
process.on("SIGTERM", () => process.exit()); // a profile is written then
const questions = createInterface(process.stdin);
questions.on("close", () => process.exit()); // nobody is left to measure
for await (const _question of questions) {
  const { user, system } = process.cpuUsage();
  const usage: Usage = { ms: performance.now(), processorMs: (user + system) / 1000 };
  process.stdout.write(`${JSON.stringify(usage)}\n`);
}
