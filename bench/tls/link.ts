import { once } from "node:events";
import { connect as connectInClear, type Socket } from "node:net";
import { connect as connectWithTls, createSecureContext, TLSSocket } from "node:tls";
import { givenCertificate } from "./certificate.ts";
import { answer, get, protocolOfAll } from "./workloads.ts";

const { cert } = givenCertificate();
/** One for all connections, which saves time: a session that nobody hands on is not resumed. */
const secureContext = createSecureContext({ ca: cert, minVersion: "TLSv1.3" });

/** A connection, upon which `opened` is called when something can be said. */
export function connect(port: number, secure: boolean, opened: () => void): Socket {
  const where = { port, host: "127.0.0.1" };
  if (!secure) {
    const socket = connectInClear({ ...where, noDelay: true });
    return socket.on("connect", opened);
  }
  const socket = connectWithTls({
    ...where,
    servername: "localhost",
    ALPNProtocols: [protocolOfAll],
    secureContext,
    checkServerIdentity: () => undefined, // the rehearsal has looked at it
  });
  socket.setNoDelay();
  return socket.on("secureConnect", () => {
    if (socket.isSessionReused()) {
      throw new Error("a handshake that is none: the session was resumed");
    }
    opened();
  });
}

/** One conversation that is read in full, before the many whose bytes are only counted. */
export async function rehearse(port: number, secure: boolean): Promise<void> {
  const socket = connect(port, secure, () => socket.write(get));
  let heard = "";
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    heard += (chunk as Buffer).toString("latin1");
    if (heard.length >= answer.length) {
      break;
    }
  }
  expect("the answer", linesOf(heard), linesOf(answer));
  expect("its bytes", heard.length, answer.length);
  if (socket instanceof TLSSocket) {
    expect("the version of TLS", socket.getProtocol(), "TLSv1.3");
    expect("the protocol in it", socket.alpnProtocol, protocolOfAll);
    expect("the certificate", socket.authorized, true);
  }
  await once(socket.resume().end(), "close");
}

/** Fields come in one order or another, and at one time or another. */
function linesOf(text: string): string {
  return text
    .replace(/^Date: .{29}\r\n/m, "Date\r\n")
    .split("\r\n")
    .toSorted()
    .join("\n");
}

function expect(what: string, seen: unknown, wanted: unknown): void {
  if (seen !== wanted) {
    throw new Error(`${what}: ${seen} instead of ${wanted}`);
  }
}
