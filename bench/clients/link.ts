import { connect as connectInClear, type Socket } from "node:net";
import { connect as connectWithTls, createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { givenCertificate } from "../machine/certificate.ts";

const host = "127.0.0.1";
/** All connections in clear text read into the same memory: what came is counted, not kept. */
const buffer = Buffer.allocUnsafeSlow(65_536);
let secureContext: SecureContext | undefined;

/** How a link is made. */
export interface LinkOptions {
  readonly port: number;
  readonly secure: boolean;
  /** Something can be said. */
  ready(link: Link): void;
}

/** A client's connection that only counts bytes. */
export class Link {
  readonly socket: Socket;
  /** Told how many bytes have come. */
  heard: (bytes: number) => void = unexpected;

  constructor({ port, secure, ready }: LinkOptions) {
    if (secure) {
      const socket = connectSecurely(port);
      this.socket = socket.on("secureConnect", () => {
        if (socket.isSessionReused()) {
          throw new Error("a handshake that is none: the session was resumed");
        }
        ready(this);
      });
      this.socket.on("data", (chunk) => this.heard(chunk.length));
    } else {
      const callback = (bytes: number): true => {
        this.heard(bytes);
        return true;
      };
      this.socket = connectInClear({ port, host, noDelay: true, onread: { buffer, callback } });
      this.socket.on("connect", () => ready(this));
    }
    this.socket.on("end", ended);
  }

  /** Ends the connection; through TLS, by both sides, before `then`. */
  close(then: () => void): void {
    this.socket.off("end", ended);
    if (this.socket instanceof TLSSocket) {
      this.socket.on("close", then).end();
    } else {
      this.socket.destroy();
      then();
    }
  }
}

/** A connection through TLS 1.3, for `http/1.1`. */
export function connectSecurely(port: number): TLSSocket {
  // One for all connections, which saves time: a session that nobody hands on is not resumed.
  secureContext ??= createSecureContext({ ca: givenCertificate().cert, minVersion: "TLSv1.3" });
  const socket = connectWithTls({
    port,
    host,
    servername: "localhost",
    ALPNProtocols: ["http/1.1"],
    secureContext,
    checkServerIdentity: () => undefined, // the rehearsal has looked at it
  });
  return socket.setNoDelay();
}

function ended(): void {
  throw new Error("the server has ended a connection");
}

function unexpected(bytes: number): void {
  throw new Error(`${bytes} bytes that nobody has asked for`);
}
