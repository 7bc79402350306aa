import type { FieldsLike, RequestInfo } from "turnout";

/** An opening handshake as it was on the wire. */
export interface HandshakeText {
  readonly over: "HTTP/1.1" | "HTTP/2";
  readonly secure: boolean;
  /** Lines with their CRLF over HTTP/1.1; over HTTP/2, whose fields are compressed, a line of text a field. */
  readonly request: string;
  readonly response: string;
}

/** Rebuilds a handshake from what the server has of it. `fields` are those that WebSocket added to the answer. */
export function handshakeText(request: RequestInfo, fields: FieldsLike | undefined): HandshakeText {
  const over = request.httpVersion === "2.0" ? "HTTP/2" : "HTTP/1.1";
  const added = [...pairs(fields ?? [])];
  return over === "HTTP/2"
    ? {
        over,
        secure: request.secure,
        // The server has put Host among the fields; the client has said :authority.
        request: lines([...pseudoFields(request), ...[...request.headers].filter(([name]) => name !== "host")], "\n"),
        response: lines(
          [[":status", "200"], ...added.map(([name, value]) => [name.toLowerCase(), value] as const)],
          "\n",
        ),
      }
    : {
        over,
        secure: request.secure,
        request: `${request.method} ${request.target} HTTP/1.1\r\n${lines(request.headers, "\r\n")}\r\n`,
        response: `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${lines(added, "\r\n")}\r\n`,
      };
}

/** RFC 8441 section 4: an extended CONNECT has them all. */
function pseudoFields({ method, secure, host, target }: RequestInfo): (readonly [string, string])[] {
  return [
    [":method", method],
    [":protocol", "websocket"],
    [":scheme", secure ? "https" : "http"],
    [":authority", host],
    [":path", target],
  ];
}

function lines(fields: Iterable<readonly [name: string, value: string]>, end: string): string {
  return [...fields].map(([name, value]) => `${name}: ${value}${end}`).join("");
}

function* pairs(fields: FieldsLike): Generator<readonly [string, string]> {
  for (const [name, values] of Symbol.iterator in fields ? fields : Object.entries(fields)) {
    for (const value of [values].flat()) {
      yield [name, value];
    }
  }
}
