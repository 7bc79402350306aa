import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { Server as HttpServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "chai";
import type { Context } from "mocha";
import type { ServerOptions } from "turnout";
import { Http2Protocol } from "turnout/http2";
import { TlsProtocol } from "turnout/tls";
import { WebSocketProtocol } from "turnout/websocket";
import { express, fastify, hono, pieces } from "../support/applications.ts";
import { type Run, requireClient, requirePackage, run } from "../support/client-program.ts";
import { Random } from "../support/random.ts";
import { type Serving, serving } from "../support/serving.ts";
import { certificate } from "../support/tls-serving.ts";
import { talking, type WsConstructor } from "../support/ws-client.ts";

const echo = (): WebSocketProtocol<undefined> =>
  new WebSocketProtocol({ message: (socket, message) => socket.send(message) });

/** curl without progress; paths become URLs. Fails where the connection does. */
async function curl(base: string, args: readonly string[], input?: Uint8Array): Promise<Run> {
  const urls = args.map((arg) => (arg.startsWith("/") ? base + arg : arg));
  const done = await run("curl", ["--silent", "--show-error", "--insecure", "--max-time", "30", ...urls], input);
  assert.equal(done.code, 0, done.stderr);
  return done;
}

/** Behind the content of each answer: its version, its status, and how many connections were made for it. */
const summary = ["--write-out", " [%{http_version} %{response_code} %{num_connects}]\n"];

async function said(base: string, ...args: string[]): Promise<string> {
  return String((await curl(base, [...summary, ...args])).stdout);
}

const big = new Random(1).bytes(3_000_000);

const applications: Readonly<Record<string, (test: Context) => Promise<ServerOptions>>> = {
  "Express, adopted": async (test) => ({ http: express(test) }),
  "Fastify, adopted": async (test) => ({ http: await fastify(test) }),
  "Hono, by respond": async (test) => ({ respond: hono(test) }),
};

for (const [name, make] of Object.entries(applications)) {
  describe(name, () => {
    let application: ServerOptions;
    let WebSocket: WsConstructor;

    before(async function () {
      requireClient(this, "curl", "--version");
      WebSocket = requirePackage(this, "ws") as WsConstructor;
      application = await make(this);
    });

    const served = (protocols: ServerOptions["protocols"], test: (serving: Serving) => Promise<void>): Promise<void> =>
      serving({ ...application, protocols: protocols! }, test);

    it("curl: one connection for many requests, of all kinds", () =>
      served([echo()], async ({ port, server, faults }) => {
        const base = `http://127.0.0.1:${port}`;
        assert.equal(
          await said(base, "/hello", "/pieces"),
          `hello false [1.1 200 1]\n${pieces.join("")} [1.1 200 0]\n`,
        );
        assert.match(await said(base, "/nowhere"), / \[1\.1 404 1]\n$/);
        const post = ["--data-binary", "@-", "-H", "Content-Type: application/octet-stream"];
        for (const more of [[], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"]]) {
          assert.isTrue(big.equals((await curl(base, [...post, ...more, "/echo"], big)).stdout), more.join(" "));
        }
        assert.deepEqual([faults, server.stats().refused], [[], {}]);
      }));

    it("curl --http2: an offer that nobody takes is an ordinary request", () =>
      served([echo()], async ({ port }) => {
        const base = `http://127.0.0.1:${port}`;
        assert.equal(
          await said(base, "--http2", "/hello", "/pieces"),
          `hello false [1.1 200 1]\n${pieces.join("")} [1.1 200 0]\n`,
        );
        assert.equal(await said(base, "--http2", "--data-binary", "abc", "/echo"), "abc [1.1 200 1]\n");
      }));

    it("curl: the same over HTTP/2, by Upgrade, by prior knowledge and inside TLS", () =>
      served([new TlsProtocol(certificate), new Http2Protocol(), echo()], async ({ port, faults }) => {
        for (const [base, flags, isSecure] of [
          [`http://127.0.0.1:${port}`, ["--http2"], false],
          [`http://127.0.0.1:${port}`, ["--http2-prior-knowledge"], false],
          [`https://127.0.0.1:${port}`, ["--http2"], true],
        ] as const) {
          const each = (await said(base, ...flags, "/hello")) + (await said(base, ...flags, "/pieces"));
          assert.equal(each, `hello ${isSecure} [2 200 1]\n${pieces.join("")} [2 200 1]\n`, flags[0]);
          const post = ["--data-binary", "@-", "-H", "Content-Type: application/octet-stream"];
          assert.isTrue(big.equals((await curl(base, [...flags, ...post, "/echo"], big)).stdout), flags[0]);
        }
        const tls = `https://127.0.0.1:${port}`;
        const both = await said(tls, "--http1.1", "/hello", "/pieces");
        assert.equal(both, `hello true [1.1 200 1]\n${pieces.join("")} [1.1 200 0]\n`);
        assert.deepEqual(faults, []);
      }));

    it("npm's ws, beside it and inside TLS", () =>
      served([new TlsProtocol(certificate), echo()], async ({ port }) => {
        for (const scheme of ["ws", "wss"]) {
          await talking(WebSocket, `${scheme}://127.0.0.1:${port}/`, { rejectUnauthorized: false }, async (talk) => {
            talk.client.send("hello");
            await talk.received(1);
            assert.deepEqual(talk.messages, ["hello"]);
            talk.client.close(1000);
            assert.equal((await talk.ended).code, 1000);
          });
        }
      }));
  });
}

/** The JDK's client as it comes: in clear text it offers h2c, also with content. */
const java = `
import java.net.URI;
import java.net.http.*;
import java.net.http.HttpResponse.BodyHandlers;

public class Client {
  public static void main(String[] args) throws Exception {
    for (int client = 0; client < 2; client++) {
      HttpClient http = HttpClient.newHttpClient();
      for (int round = 0; round < 3; round++) {
        for (String content : new String[] {null, "hello", "x".repeat(1_000_000)}) {
          HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(args[0] + (content == null ? "/hello" : "/echo")));
          if (content != null) {
            request.header("Content-Type", "text/plain").POST(HttpRequest.BodyPublishers.ofString(content));
          }
          HttpResponse<String> response = http.send(request.build(), BodyHandlers.ofString());
          String right = content == null ? "hello false" : content;
          System.out.println(response.statusCode() + " " + response.version() + " " + response.body().equals(right));
        }
      }
    }
  }
}
`;

interface WebSocketServer {
  on(
    event: "connection",
    listener: (socket: { on(event: string, listener: (data: Buffer) => void): void; send(text: string): void }) => void,
  ): void;
  close(): void;
}

describe("Express with npm's ws attached to its server, adopted", () => {
  let app: HttpServer;
  let WebSocket: WsConstructor;
  let sockets: WebSocketServer;

  before(function () {
    requireClient(this, "curl", "--version");
    app = express(this);
    WebSocket = requirePackage(this, "ws") as WsConstructor;
    const Attached = (WebSocket as unknown as { WebSocketServer: new (options: object) => WebSocketServer })
      .WebSocketServer;
    sockets = new Attached({ server: app });
    sockets.on("connection", (socket) => socket.on("message", (data) => socket.send(`ws: ${data}`)));
  });

  after(() => sockets?.close());

  const served = (test: (base: string, port: number) => Promise<void>): Promise<void> =>
    serving({ http: { server: app, upgrades: ["websocket"] } }, ({ port }) => test(`http://127.0.0.1:${port}`, port));

  it("its WebSockets go on as before", () =>
    served((_base, port) =>
      talking(WebSocket, `ws://127.0.0.1:${port}/`, {}, async (talk) => {
        talk.client.send("hello");
        await talk.received(1);
        assert.deepEqual(talk.messages, ["ws: hello"]);
        talk.client.close(1000);
        assert.equal((await talk.ended).code, 1000);
      }),
    ));

  it("and those who merely offer something else are answered: curl --http2, Upgrade: TLS/1.2", () =>
    served(async (base) => {
      for (const offer of [["--http2"], ["-H", "Connection: Upgrade", "-H", "Upgrade: TLS/1.2"]]) {
        assert.equal(
          await said(base, ...offer, "/hello", "/hello"),
          "hello false [1.1 200 1]\nhello false [1.1 200 0]\n",
        );
        assert.equal(await said(base, ...offer, "--data-binary", "abc", "/echo"), "abc [1.1 200 1]\n");
      }
    }));

  it("the JDK's HttpClient, which offers h2c", async function () {
    requireClient(this, "javac", "--version"); // java alone does not run a source file
    requireClient(this, "java", "--version");
    const folder = await mkdtemp(join(tmpdir(), "turnout-java-"));
    try {
      const file = join(folder, "Client.java");
      await writeFile(file, java);
      await served(async (base) => {
        const { code, stdout, stderr } = await run("java", [file, base]);
        assert.equal(code, 0, stderr);
        assert.equal(String(stdout), "200 HTTP_1_1 true\n".repeat(18));
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
