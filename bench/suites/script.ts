import { clientFrame, frameOf, handshakeAnswer, handshakeOf, saidFrame, serverFrame } from "./frames.ts";
import { body, payloadOf, type Workload } from "./workload.ts";

/** What is said on a connection, and canned answers to it. Of HTTP/1.1, a protocol behind it, and WebSocket. */
export interface Script {
  /** Said first on connections that stay, and not counted. */
  readonly opening: Exchange | undefined;
  /** Said again and again. */
  readonly unit: Exchange;
}

export interface Exchange {
  readonly says: Buffer;
  readonly answer: Buffer;
}

/** What a server answers to a request, but for the date. */
const okHead =
  "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\n";
const lines = "GET / HTTP/1.1\r\nHost: localhost\r\n";
const switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: bench/1\r\nConnection: Upgrade\r\n\r\n";
const upgrade = exchange(`${lines}Connection: Upgrade\r\nUpgrade: bench/1\r\n\r\n`, `${switching}GET /\n`);

export function scriptOf(workload: Workload): Script {
  switch (workload.speaks) {
    case "http":
      return sequence(workload, undefined, exchange(headOf(workload), okHead + body));
    case "bench/1": {
      const payload = payloadOf(workload.message);
      return sequence(workload, upgrade, { says: payload, answer: payload });
    }
    case "websocket": {
      const opening = exchange(handshakeOf(workload), handshakeAnswer);
      const message = { says: clientFrame(saidFrame(workload)), answer: serverFrame(frameOf(workload)) };
      return sequence(workload, opening, message);
    }
    case "http2":
      throw new Error("HTTP/2 is not said by a script");
  }
}

/**
 * On new connections the opening is what is measured. On others there always is one: a connection that has been answered is not
 * in the server's queue of new ones, which must not overflow.
 */
function sequence({ does }: Workload, opening: Exchange | undefined, unit: Exchange): Script {
  const first = opening ?? unit;
  return does === "connections" ? { opening: undefined, unit: first } : { opening: first, unit };
}

function exchange(says: string, answer: string): Exchange {
  return { says: Buffer.from(says, "latin1"), answer: Buffer.from(answer, "latin1") };
}

/** A GET whose head has about so many bytes, in fields of 64. */
export function headOf({ headBytes }: Workload): string {
  let head = lines;
  for (let n = 0; head.length + 66 <= headBytes; n++) {
    head += `${`X-Field-${n}: `.padEnd(62, "abcdefghij klmnopqrst")}\r\n`;
  }
  return `${head}\r\n`;
}
