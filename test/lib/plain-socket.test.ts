import { once } from "node:events";
import { rmSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { expect } from "chai";
import { createServer, type Server } from "turnout";
import { TlsProtocol } from "turnout/tls";
import { getTwo, nextClosed } from "../support/exchanges.ts";
import { codeOf } from "../support/failures.ts";
import { tlsFront } from "../support/fronts.ts";
import { losingNothing } from "../support/lost-rejections.ts";
import { certificate } from "../support/tls-serving.ts";

/** A server that answers without end, and how many bytes it was asked for. */
interface Endless {
  readonly server: Server;
  made(): number;
}

/** Runs `test` with a server that gives up at once who takes nothing. */
function answeringEndlessly(test: (endless: Endless) => Promise<void>): Promise<void> {
  let made = 0;
  const body = function* (): Generator<Uint8Array> {
    for (;;) {
      made += 65_536;
      yield Buffer.alloc(65_536);
    }
  };
  const server = createServer({
    protocols: [new TlsProtocol(certificate)],
    respond: () => ({ body: body() }),
    timeouts: { stallMs: 50 },
  });
  return losingNothing(async () => {
    try {
      await test({ server, made: () => made });
    } finally {
      await server.close({ graceMs: 0 });
    }
  });
}

/** Asks, takes nothing until the server has given up, and then all that still comes; gives how many bytes that are. */
async function comesAfterwards(client: Duplex, server: Server): Promise<number> {
  client.pause();
  const closed = nextClosed(server);
  client.write(getTwo);
  expect(codeOf(await closed)).to.equal("ERR_TURNOUT_STALLED");
  let bytes = 0;
  client.removeAllListeners("data");
  client.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  // A reset, of which a socket that was paused hears as of an end up to Node 22, and as of an error from 24 on.
  client.on("error", () => {});
  client.on("end", () => client.destroy());
  const gone = new Promise((resolve) => client.once("close", resolve));
  client.resume();
  await gone;
  return bytes;
}

describe("a connection that the server gives up since the peer takes nothing", () => {
  it("over TCP is reset: what waits does not stay with the system", () =>
    answeringEndlessly(async ({ server, made }) => {
      const { port } = (await server.listen({ port: 0, host: "127.0.0.1" })) as AddressInfo;
      expect(await comesAfterwards(connect(port, "127.0.0.1"), server)).to.be.below(made() / 2);
    }));

  it("within TLS: the connection that carries it is reset", () =>
    answeringEndlessly(async ({ server, made }) => {
      const { port } = (await server.listen({ port: 0, host: "127.0.0.1" })) as AddressInfo;
      const client = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
      await once(client, "secureConnect");
      expect(await comesAfterwards(client, server)).to.be.below(made() / 2);
    }));

  it("in TLS that somebody else speaks is closed", () =>
    answeringEndlessly(async ({ server }) => {
      const front = tlsFront();
      const listener = front.listen((socket) => server.accept(socket)).listen(0, "127.0.0.1");
      await once(listener, "listening");
      const client = await front.connect((listener.address() as AddressInfo).port);
      listener.close();
      expect(await comesAfterwards(client.stream, server)).to.be.above(0);
    }));

  it("over a socket of UNIX is closed", () =>
    answeringEndlessly(async ({ server }) => {
      const path = join(tmpdir(), `turnout-stalled-${process.pid}.sock`);
      rmSync(path, { force: true });
      await server.listen({ path });
      expect(await comesAfterwards(connect(path), server)).to.be.above(0);
    }));
});
