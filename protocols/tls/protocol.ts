import type { Duplex } from "node:stream";
import {
  createSecureContext,
  createServer,
  type SecureContextOptions,
  type Server,
  type TLSSocket,
  type TlsOptions,
} from "node:tls";
import {
  type Answered,
  type Decision,
  decline,
  type Offer,
  type OriginalRequest,
  PeerError,
  ProtocolModule,
  switchTo,
  type Transport,
  UsageError,
} from "turnout";
import { originOf } from "./origin-of.ts";
import { originalRequestBytes } from "./original-request.ts";

/** What `tls.createServer` takes (`cert`, `key`, `ca`, `requestCert`, `SNICallback`, `minVersion`, ...), and two doors. */
export interface TlsProtocolOptions extends TlsOptions {
  /** Whether a connection may begin with TLS, on the same port as clear text. Default true. */
  readonly implicit?: boolean;
  /**
   * Whether `Upgrade: TLS/1.2` is taken (RFC 2817). Default false. Together with `implicit`, and whichever other port has the
   * same certificate, it opens what is known as the Opossum attack, which no server can tell from a client's own doing: an
   * intermediary upgrades in clear text, and splices a victim's TLS behind its own request. Whoever wants both has to say
   * `iAcceptDesync`.
   */
  readonly upgrade?: boolean;
  readonly iAcceptDesync?: boolean;
}

/** A TLS handshake, and what came of it. */
interface Handshake {
  readonly transport: Transport;
  /** To be called when it is done. */
  secured(socket: TLSSocket): void;
  /** Once it is done. */
  socket: TLSSocket | undefined;
  /** It has failed, and that is told; or the server has given it up. */
  over: boolean;
}

const defaultHandshakeMs = 10_000;

/** How long a handshake that is under way when the server closes may take. */
const drainedHandshakeMs = 1_000;

/** A TLS record that has a ClientHello in it begins so (RFC 8446 sections 4.1.2 and 5.1). */
const handshakeRecord = 0x16;
const majorVersion = 0x03;

/**
 * TLS as a protocol that one switches to, by a connection's first bytes or by Upgrade (RFC 2817). Inside it the whole server
 * begins anew: HTTP/1.1, HTTP/2 where ALPN has agreed on it, and every Upgrade.
 */
export class TlsProtocol extends ProtocolModule {
  readonly tokens: readonly string[];

  override readonly openedAs: string = "TLS";

  override readonly methods = "*";

  override readonly maxBody: number = 65_536;

  override readonly halfClose = "manual";

  /** RFC 2817 section 3.3: the 101 names what is spoken inside, too. */
  override readonly above: readonly string[] = ["HTTP/1.1"];

  readonly #options: TlsOptions;
  readonly #implicit: boolean;
  /** One server that never listens for each list of what is spoken inside: for each Turnout server, that is. */
  readonly #servers: Map<readonly string[], Server> = new Map();
  #context: SecureContextOptions = {};
  readonly #byStream: WeakMap<Duplex, Handshake> = new WeakMap();
  readonly #byTransport: WeakMap<Transport, Handshake> = new WeakMap();

  /** Throws a `UsageError` for doors that must not stand open together, and what `tls.createServer` throws. */
  constructor({ implicit = true, upgrade = false, iAcceptDesync = false, ...options }: TlsProtocolOptions) {
    super();
    if (implicit && upgrade && !iAcceptDesync) {
      throw new UsageError(
        "ERR_TURNOUT_OPTION",
        "upgrade beside implicit TLS lets an intermediary mix two clients' requests up: see iAcceptDesync",
      );
    }
    const { cert, key, pfx, SNICallback } = options;
    if ((cert === undefined) !== (key === undefined) || key?.length === 0 || (!cert && !pfx && !SNICallback)) {
      throw new UsageError(
        "ERR_TURNOUT_OPTION",
        "TLS needs a certificate and its key: cert and key, pfx, or SNICallback",
      );
    }
    this.tokens = upgrade ? ["TLS/1.2", "TLS/1.3"] : [];
    this.#implicit = implicit;
    this.#options = { handshakeTimeout: defaultHandshakeMs, ...options };
    createSecureContext(this.#options); // what is wrong with a certificate shows at once
  }

  /** Replaces the certificate, for connections from now on. */
  setSecureContext(context: SecureContextOptions): void {
    createSecureContext({ ...this.#options, ...context }); // what is wrong with it leaves the old one in its place
    this.#context = context;
    for (const server of this.#servers.values()) {
      server.setSecureContext({ ...this.#options, ...context });
    }
  }

  override detect(bytes: Buffer): "mine" | "not mine" | "more" {
    if (!this.#implicit || bytes[0] !== handshakeRecord || (bytes.length > 1 && bytes[1] !== majorVersion)) {
      return "not mine";
    }
    return bytes.length > 1 ? "mine" : "more";
  }

  override open(transport: Transport<undefined>): void {
    this.#secure(transport, (socket) => {
      transport.serve(socket);
    });
  }

  override accept({ request }: Offer): Decision<undefined> {
    return request.secure ? decline() : switchTo(); // TLS within TLS is nothing that anybody asks for
  }

  override takeOver(request: OriginalRequest, transport: Transport<undefined>): Promise<Answered> {
    return new Promise((answered) => {
      this.#secure(transport, (socket) => {
        socket.unshift(originalRequestBytes(request));
        answered(transport.serve(socket));
      });
    });
  }

  /** What is spoken inside is drained by itself; a handshake under way, of a client that has just come, has to be done soon. */
  override drain(transport: Transport<undefined>): void {
    const handshake = this.#byTransport.get(transport)!;
    if (handshake.socket !== undefined) {
      return;
    }
    const giveUp = (): void => {
      if (handshake.socket === undefined) {
        handshake.over = true;
        transport.destroy();
      }
    };
    setTimeout(giveUp, drainedHandshakeMs).unref();
  }

  override onClose(transport: Transport<undefined>): void {
    const handshake = this.#byTransport.get(transport);
    if (handshake?.socket === undefined) {
      this.#fail(handshake, "the client has left");
    } else {
      handshake.socket.destroy();
    }
  }

  #secure(transport: Transport, secured: (socket: TLSSocket) => void): void {
    if (transport.secure) {
      transport.destroy();
      return;
    }
    const stream = transport.handOver();
    const handshake: Handshake = { transport, secured, socket: undefined, over: false };
    this.#byStream.set(stream, handshake);
    this.#byTransport.set(transport, handshake);
    this.#serverFor(transport.alpn).emit("connection", stream);
  }

  #serverFor(alpn: readonly string[]): Server {
    let server = this.#servers.get(alpn);
    if (server === undefined) {
      server = createServer({ ALPNProtocols: [...alpn], ...this.#options, ...this.#context });
      server.on("secureConnection", (socket) => {
        const handshake = this.#handshakeOf(socket);
        if (handshake === undefined) {
          socket.destroy();
          return;
        }
        handshake.socket = socket;
        // What comes is no TLS any more, or an attack by renegotiation; the error leaves the stream beneath open. Not at once:
        // OpenSSL is still at work, and node would end with it.
        socket.on("error", () => setImmediate(() => handshake.transport.destroy()));
        handshake.secured(socket);
      });
      server.on("tlsClientError", ({ message }, socket) => {
        const handshake = this.#handshakeOf(socket);
        this.#fail(handshake, message);
        socket.destroy(); // the failure alone does not close it
        handshake?.transport.destroy();
      });
      this.#servers.set(alpn, server);
    }
    return server;
  }

  #handshakeOf(socket: TLSSocket): Handshake | undefined {
    const origin = originOf(socket);
    return origin && this.#byStream.get(origin);
  }

  /** RFC 2817 section 3.3: a handshake that fails ends the connection; nothing is said in clear text any more. */
  #fail(handshake: Handshake | undefined, why: string): void {
    if (handshake !== undefined && !handshake.over) {
      handshake.over = true;
      handshake.transport.report(new PeerError("ERR_TURNOUT_TLS_HANDSHAKE", 0, `the TLS handshake failed: ${why}`));
    }
  }
}
