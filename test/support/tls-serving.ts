import { once } from "node:events";
import { Duplex } from "node:stream";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { expect } from "chai";
import type { ServerOptions } from "turnout";
import { EchoProtocol } from "turnout/echo";
import { Http2Protocol } from "turnout/http2";
import { type SelfSigned, selfSigned } from "turnout/testing";
import { TlsProtocol, type TlsProtocolOptions } from "turnout/tls";
import { WebSocketProtocol } from "turnout/websocket";
import { describeRequest, switchingHead } from "./exchanges.ts";
import { losingNothing } from "./lost-rejections.ts";
import { RawClient } from "./raw-client.ts";
import { type Serving, serving } from "./serving.ts";

/** What the servers under test show, and their clients trust. */
export const certificate: SelfSigned = selfSigned();

/** Upgrade is the only door to TLS. */
export const byUpgrade: TlsProtocolOptions = { upgrade: true, implicit: false };

/** The 101 that leads to TLS by the token. */
export const tlsHead = (token = "TLS/1.2"): string => switchingHead(`${token}, HTTP/1.1`);

/** A client inside TLS, and its socket. */
export interface SecureClient {
  readonly client: RawClient;
  readonly tls: TLSSocket;
}

/** A server that speaks TLS, and what it told. */
export interface TlsServing extends Serving {
  readonly protocol: TlsProtocol;
  /** The events of the server in words, such as `opened TlsProtocol`; `closed` with the code of its error. */
  readonly told: readonly string[];
  /** Waits until as many connections have been closed since the start. */
  closings(count: number): Promise<void>;
  /** Begins with TLS on a new connection. Rejects where the handshake fails. */
  secure(options?: ConnectionOptions): Promise<SecureClient>;
  /** Goes on inside TLS on the connection of a client whose upgrade has been answered. */
  within(client: Pick<RawClient, "stream">, options?: ConnectionOptions): Promise<SecureClient>;
  /** Sends a request that has to be answered with the 101, and goes on inside TLS. */
  upgraded(request: string, options?: ConnectionOptions): Promise<SecureClient>;
}

/** Like a client of TCP, which goes on reading when it has ended. The types know nothing of it. */
const halfOpen = { allowHalfOpen: true };

/** The longest that a wait for the closing of connections may take. */
const patienceMs = 10_000;

/** Runs `test` against a server that speaks TLS, HTTP/2, WebSocket and echo/1, and closes everything afterwards. */
export function servingTls(
  tls: TlsProtocolOptions,
  test: (serving: TlsServing) => Promise<void>,
  options: ServerOptions = {},
): Promise<void> {
  const protocol = new TlsProtocol({ ...certificate, ...tls });
  const others = [
    new EchoProtocol(),
    new WebSocketProtocol({ message: (socket, message) => void socket.send(message) }),
  ];
  const protocols = [protocol, ...(options.protocols ?? [new Http2Protocol(), ...others])];
  return losingNothing(() =>
    serving({ respond: describeRequest, ...options, protocols }, (all) => secureServing(all, protocol, test)),
  );
}

async function secureServing(
  all: Serving,
  protocol: TlsProtocol,
  test: (serving: TlsServing) => Promise<void>,
): Promise<void> {
  const { server, port, connect } = all;
  const told: string[] = [];
  let closed = 0;
  server.on("opened", (token) => told.push(`opened ${token}`));
  server.on("switched", ({ method, target }, token) => told.push(`switched ${method} ${target} ${token}`));
  server.on("answered", ({ method, target, secure }, status) =>
    told.push(`answered ${method} ${target} ${status} ${secure ? "inside" : "in clear"}`),
  );
  server.on("refused", ({ code }) => told.push(`refused ${code}`));
  server.on("closed", (error) => {
    closed++;
    told.push(error === undefined ? "closed" : `closed ${error.code}`);
  });
  const sockets: TLSSocket[] = [];
  const secured = async (options: ConnectionOptions): Promise<SecureClient> => {
    const tls = connectTls({ ca: certificate.cert, servername: "localhost", ...options });
    sockets.push(tls);
    tls.on("error", () => {}); // the second one, where there is one
    await once(tls, "secureConnect", { signal: AbortSignal.timeout(patienceMs) });
    return { client: new RawClient(tls), tls };
  };
  const within: TlsServing["within"] = (client, options) => secured({ socket: client.stream, ...options });
  try {
    await test({
      ...all,
      protocol,
      told,
      within,
      secure: (options) => secured({ port, host: "127.0.0.1", ...halfOpen, ...options }),
      upgraded: async (request, options) => {
        const client = (await connect()).send(request);
        expect(await client.takeUntil("\r\n\r\n")).to.equal(tlsHead());
        return within(client, options);
      },
      closings: async (count) => {
        const signal = AbortSignal.timeout(patienceMs);
        while (closed < count) {
          await once(server, "closed", { signal });
        }
      },
    });
  } finally {
    for (const socket of sockets) {
      socket.destroy();
    }
  }
}

/**
 * The wire of a TLS client whose first flight is cut into pieces, each of which is a segment of its own. `head` goes before
 * it in clear text; what comes in clear text until an empty line is its answer.
 */
export class CutWire extends Duplex {
  /** The answer in clear text. */
  answer = "";
  readonly #client: RawClient;
  readonly #cut: (flight: Buffer) => Iterable<Buffer>;
  readonly #head: string;
  #flights = 0;
  #inClear: boolean;

  constructor(client: RawClient, cut: (flight: Buffer) => Iterable<Buffer>, head = "") {
    super();
    this.#client = client;
    this.#cut = cut;
    this.#head = head;
    this.#inClear = head !== "";
    client.stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    client.stream.on("end", () => this.push(null));
    client.stream.on("close", () => this.destroy());
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const isFirst = this.#flights++ === 0;
    const bytes = isFirst ? Buffer.concat([Buffer.from(this.#head, "latin1"), chunk]) : chunk;
    this.#send(isFirst ? this.#cut(bytes) : [bytes]).then(() => done(), done);
  }

  override _final(done: () => void): void {
    this.#client.end();
    done();
  }

  async #send(pieces: Iterable<Buffer>): Promise<void> {
    for (const piece of pieces) {
      await this.#client.sendSegment(piece);
    }
  }

  #receive(chunk: Buffer): void {
    if (!this.#inClear) {
      this.push(chunk);
      return;
    }
    const text = this.answer + chunk.toString("latin1");
    const end = text.indexOf("\r\n\r\n");
    this.answer = text.slice(0, end < 0 ? text.length : end + 4);
    this.#inClear = end < 0;
    if (text.length > this.answer.length) {
      this.push(Buffer.from(text.slice(this.answer.length), "latin1"));
    }
  }
}

/** Options by which a ClientHello is short: there are fewer places to cut it at. */
export const shortHello: ConnectionOptions = {
  minVersion: "TLSv1.2",
  maxVersion: "TLSv1.2",
  ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256",
  ecdhCurve: "P-256",
  sigalgs: "ECDSA+SHA256",
  servername: "",
  checkServerIdentity: () => undefined,
};

/** The certificate that the server has shown, as PEM. */
export function certificateOf(tls: TLSSocket): string {
  const lines = tls.getPeerX509Certificate()!.raw.toString("base64").replace(/.{64}/g, "$&\n").trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
