#!/usr/bin/env node
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer, type Server, selfSigned } from "turnout";
import { EchoProtocol } from "turnout/echo";
import { ExampleProtocol } from "turnout/example";
import { Http2Protocol } from "turnout/http2";
import { TlsProtocol } from "turnout/tls";
import { WebSocketProtocol } from "turnout/websocket";
import { type CommandLine, CommandLineError, readCommandLine, usage } from "./options.ts";
import { probe } from "./probe/probe.ts";
import { respond, switchesAt } from "./site.ts";

function main(): void {
  let options: CommandLine;
  try {
    options = readCommandLine(process.argv.slice(2));
  } catch (error) {
    if (error instanceof CommandLineError) {
      complain(error.message, 2);
      return;
    }
    throw error;
  }
  if (options.help) {
    process.stdout.write(usage());
  } else if (options.version) {
    process.stdout.write(`${version()}\n`);
  } else {
    serve(options);
  }
}

function serve(options: CommandLine): void {
  let tls: Tls | undefined;
  try {
    tls = options.tls ? tlsOf(options) : undefined;
  } catch (error) {
    complain(`TLS cannot be spoken: ${(error as Error).message}`, 1);
    return;
  }
  const server = createServer({
    protocols: [
      new ExampleProtocol(),
      new EchoProtocol(),
      echoingWebSocket(options),
      new Http2Protocol(),
      ...(tls === undefined ? [] : [tls.protocol]),
    ],
    respond,
    negotiate: (request, offers) => offers.filter((offer) => offer === "h2c" || switchesAt(request.path)),
    limits: { maxHeadBytes: options.maxHeadBytes },
    timeouts: {
      headMs: options.headTimeoutMs,
      bodyMs: options.bodyTimeoutMs,
      keepAliveMs: options.idleTimeoutMs,
      drainMs: options.graceMs,
    },
  });
  log(server, options.quiet);
  server.listen({ host: options.host, port: options.port }).then(
    (address) => {
      drainOnSignal(server, options.quiet); // before anybody can know that it is time for a signal
      process.stdout.write(banner(urlOf(address as AddressInfo), tls));
    },
    (error: NodeJS.ErrnoException) => complain(sentence(error, options), 1),
  );
}

/** TLS, and how its certificate is known. */
interface Tls {
  readonly protocol: TlsProtocol;
  readonly fingerprint: string;
}

/** Throws where a file cannot be read, or is no certificate or no key. */
function tlsOf({ cert: certFile, key: keyFile, saveCert }: CommandLine): Tls {
  const { cert, key } =
    certFile === "" ? selfSigned() : { cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
  const { fingerprint256: fingerprint } = namely(`${certFile} is no certificate`, () => new X509Certificate(cert));
  namely(`${keyFile} is no private key`, () => createPrivateKey(key));
  if (saveCert !== "") {
    writeFileSync(saveCert, cert);
  }
  return { protocol: new TlsProtocol({ cert, key }), fingerprint };
}

/** What `read` gives; OpenSSL's own words for what is wrong say less than `otherwise`. */
function namely<T>(otherwise: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Error(otherwise, { cause });
  }
}

function banner(url: string, tls: Tls | undefined): string {
  const secure =
    tls === undefined
      ? ""
      : `TLS is spoken on the same port: ${url.replace("http", "https")}\nits certificate has the SHA-256 ${tls.fingerprint}\n`;
  return `turnout listens on ${url}\nWebSocket echoes at ${url.replace("http", "ws")}ws\n${secure}`;
}

/** Sends every message back. There is nothing here to protect from the pages of others, so any may connect. */
function echoingWebSocket({ maxMessageBytes }: CommandLine): WebSocketProtocol {
  return new WebSocketProtocol({
    origin: "any",
    message: (socket, message) => socket.send(message),
    limits: { maxMessageBytes },
    perMessageDeflate: true,
  });
}

/** The first signal drains the server; a second one ends the process at once. */
function drainOnSignal(server: Server, quiet: boolean): void {
  let draining = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (draining) {
      process.exit(signal === "SIGINT" ? 130 : 143);
    }
    draining = true;
    void server.close().then(({ durationMs }) => {
      if (!quiet) {
        process.stderr.write(`closed after ${Math.round(durationMs)} ms\n`);
      }
    });
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

/** One line an event, on standard error. */
function log(server: Server, quiet: boolean): void {
  const say = quiet ? () => {} : (line: string) => process.stderr.write(`${line}\n`);
  server.on("answered", ({ method, target }, status) => say(`${status} ${method} ${target}`));
  server.on("opened", (token) => say(`--- ${token}`));
  server.on("switched", ({ method, target }, token) => say(`101 ${method} ${target} -> ${token}`));
  server.on("refused", ({ status, code, message }) => say(`${status || "---"} ${code}: ${message}`));
  server.on("fault", (error) => say(`${error.code} ${error.message}: ${String(error.cause ?? "")}`));
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}/`;
}

function sentence(error: NodeJS.ErrnoException, { host, port }: CommandLine): string {
  switch (error.code) {
    case "EADDRINUSE":
      return `port ${port} on ${host} is in use already`;
    case "EACCES":
      return `port ${port} on ${host} may not be listened on by this user`;
    default:
      return `it cannot listen on port ${port} of ${host}: ${error.message}`;
  }
}

function complain(sentence: string, exitCode: number): void {
  process.stderr.write(`turnout: ${sentence}.\n`);
  process.exitCode = exitCode;
}

function version(): string {
  const manifest = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

if (process.argv[2] === "probe") {
  process.exitCode = await probe(process.argv.slice(3));
} else {
  main();
}
