import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { assert } from "chai";
import { requireClient, requirePackage, run } from "../support/client-program.ts";
import { Conversation } from "../support/clients.ts";
import { program } from "../support/demonstration.ts";

/** What npm's ws gives a server. */
interface WsServer {
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, done: (client: unknown) => void): void;
}

interface Ws {
  readonly WebSocketServer: new (options: { server: Server; path: string } | { noServer: true }) => WsServer;
}

interface Report {
  readonly exitCode: number | null;
  /** By case: `verdict: reason`. */
  readonly said: Readonly<Record<string, string>>;
  readonly failed: readonly string[];
}

/** Runs the program. Who hangs does so for two seconds in each case. */
async function probe(url: string, ...args: string[]): Promise<Report> {
  const { code, stdout, stderr } = await run(process.execPath, [
    program,
    ...["probe", url, "--json", "--timeout-ms", "2000", ...args],
  ]);
  assert.equal(stderr, "");
  const { cases } = JSON.parse(stdout.toString()) as {
    cases: readonly { id: string; verdict: string; reason: string }[];
  };
  return {
    exitCode: code,
    said: Object.fromEntries(cases.map(({ id, verdict, reason }) => [id, `${verdict}: ${reason}`])),
    failed: cases.filter(({ verdict }) => verdict === "fails").map(({ id }) => id),
  };
}

/** Runs `test` with a server of Node's own, to which `prepare` may have added something. */
async function servingNode(prepare: (server: Server) => void, test: (url: string) => Promise<void>): Promise<void> {
  const server = createServer((_request, response) => response.end("hi\n"));
  const sockets = new Set<Duplex>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  prepare(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await test(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    server.close();
    for (const socket of sockets) {
      socket.destroy(); // upgraded ones are no longer the server's
    }
  }
}

describe("turnout probe", () => {
  it("node:http without an upgrade listener answers offers", () =>
    servingNode(
      () => {},
      async (url) => {
        const { said } = await probe(url);
        assert.include(said, {
          unasked: "ok: 200",
          unknown: "ok: 200, as without Upgrade",
          malformed: "ok: 200, as without Upgrade",
          "http-1.0": "ok: 200, as without Upgrade",
          "h2c-curl": "ok: 200, as without Upgrade",
          "h2c-java": "ok: 200, as without Upgrade",
          "cl-te": "ok: 400",
          "ws-open": "not applicable: no --websocket PATH",
        });
      },
    ));

  it("node:http with ws: a handshake is taken, everything else that is offered gets a 400", async function () {
    const { WebSocketServer } = requirePackage(this, "ws") as Ws;
    await servingNode(
      (server) => new WebSocketServer({ server, path: "/ws" }),
      async (url) => {
        const { exitCode, said, failed } = await probe(url, "--websocket", "/ws");
        assert.equal(exitCode, 1);
        assert.include(said, {
          unasked: "ok: 200",
          unknown: "warning: 400, and 200 without Upgrade",
          "h2c-curl": "warning: 400, and 200 without Upgrade",
          "h2c-java": "warning: 400, and 200 without Upgrade",
          "ws-open": "ok: 101",
          "ws-early-ping": "ok: Pong",
          "ws-keep-alive": "ok: 101",
          "ws-no-key": "ok: 400",
          "ws-list": "warning: 400, no 101",
        });
        assert.notInclude(failed, "h2c-curl");
      },
    );
  });

  it("node:http with an upgrade listener that knows WebSocket only: whoever offers h2c waits for ever", async function () {
    const { WebSocketServer } = requirePackage(this, "ws") as Ws;
    await servingNode(
      (server) => {
        const webSockets = new WebSocketServer({ noServer: true });
        server.on("upgrade", (request, socket, head) => {
          if (request.url === "/ws") {
            webSockets.handleUpgrade(request, socket, head, () => {});
          }
        });
      },
      async (url) => {
        const { exitCode, said } = await probe(url, "--websocket", "/ws");
        assert.equal(exitCode, 1);
        assert.include(said, {
          unasked: "ok: 200",
          unknown: "fails: no answer came in time",
          "h2c-curl": "fails: no answer came in time",
          "h2c-java": "fails: no answer came in time",
          "ws-open": "ok: 101",
        });
      },
    );
  });

  it("Python's http.server has not heard of Upgrade", async function () {
    requireClient(this, "python3", "--version");
    const server = new Conversation("python3", ["-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]);
    try {
      const [, port] = / port (\d+)/.exec(await server.said(/ port \d+/))!;
      const { exitCode, said, failed } = await probe(`http://127.0.0.1:${port}/`);
      assert.equal(exitCode, 1);
      assert.include(said, {
        unknown: "ok: 200, as without Upgrade",
        "behind-post": "ok: 200, as without Upgrade",
        "http-1.0": "ok: 200, as without Upgrade",
        "h2c-curl": "ok: 200, as without Upgrade",
        expect: "ok: 501, as without Upgrade",
        "two-hosts": "fails: 200, where 400 is due",
      });
      // It reads neither Host nor lengths; to offers it does nothing wrong.
      assert.isEmpty(failed.filter((id) => /^h2|^(?:un|lone|no-option|malformed|empty|long)/.test(id)));
    } finally {
      await server.stop();
    }
  });
});
