import type { AddressInfo } from "node:net";
import { createServer, type Server } from "turnout";
import { authorityOf, banner } from "./banner.ts";
import { Feed } from "./live/feed.ts";
import { DemonstrationWebSocket } from "./live/web-socket.ts";
import { inColour, log } from "./log.ts";
import type { CommandLine } from "./options.ts";
import { Page } from "./page.ts";
import { makeModules } from "./protocols.ts";
import { drainOnSignal } from "./signals.ts";
import { Site } from "./site.ts";
import { makeTls, type Tls } from "./tls.ts";
import { trace } from "./trace.ts";

/** Serves until a signal comes. Rejects with a sentence, where it cannot. */
export async function serve(options: CommandLine, version: string): Promise<void> {
  const { host, port, protocols, require } = options;
  const tls = protocols.includes("tls") ? tlsOf(options) : undefined;
  const feed = new Feed(protocols);
  const webSocket = new DemonstrationWebSocket(feed, options.maxMessageBytes, options.host);
  const authority = (): string => authorityOf(server.address() as AddressInfo);
  const site = new Site({ protocols, require, page: new Page(protocols, version), authority });
  const server: Server = createServer({
    protocols: makeModules({ protocols, tls, webSocket }),
    respond: (request) => site.respond(request),
    negotiate: (request, offers) => site.negotiate(request, offers),
    limits: { maxHeadBytes: options.maxHeadBytes },
    timeouts: {
      headMs: options.headTimeoutMs,
      bodyMs: options.bodyTimeoutMs,
      keepAliveMs: options.idleTimeoutMs,
      drainMs: options.graceMs,
    },
  });
  feed.observe(server);
  const say = log(server, options.log);
  if (options.trace) {
    trace();
  }
  try {
    await server.listen({ host, port });
  } catch (cause) {
    throw new Error(sentence(cause as NodeJS.ErrnoException, options), { cause });
  }
  drainOnSignal(server, options.drainDelayMs, say); // before anybody can know that it is time for a signal
  const facts = { authority: authority(), protocols, require, tls };
  process.stdout.write(banner(facts, (style, text) => inColour(style, text, process.stdout)));
}

function tlsOf(options: CommandLine): Tls {
  try {
    return makeTls(options);
  } catch (cause) {
    throw new Error(`TLS cannot be spoken: ${(cause as Error).message}`, { cause });
  }
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
