import type { OriginalRequest, Peer } from "turnout";
import type { Message } from "./inbox.ts";
import type { Session } from "./session.ts";

let sessionIn: (socket: ServerWebSocket<never>) => Session;

/** The server's end of one WebSocket, as the application has it. */
export class ServerWebSocket<State = unknown> implements AsyncIterable<Message> {
  /** The request that opened it. */
  readonly request: OriginalRequest;
  /** The application's own: what `accept` gave to `admit`. */
  readonly state: State;
  /** The subprotocol that was agreed on; `""` for none. */
  readonly subprotocol: string;
  /** @internal */
  place = -1;
  readonly #session: Session;

  /** @internal */
  constructor(session: Session, request: OriginalRequest, state: State, subprotocol: string) {
    this.#session = session;
    this.request = request;
    this.state = state;
    this.subprotocol = subprotocol;
  }

  static {
    sessionIn = (socket) => socket.#session;
  }

  /** Who is at the other end. */
  get peer(): Peer {
    return this.request.peer;
  }

  /** Whether messages can be sent: until a Close frame is sent, or the connection is lost. */
  get open(): boolean {
    return this.#session.open;
  }

  /** Whether `permessage-deflate` was agreed on. */
  get compressed(): boolean {
    return this.#session.deflate !== undefined;
  }

  /** Bytes that are on their way and not taken by the system. */
  get bufferedBytes(): number {
    return this.#session.bufferedBytes;
  }

  /**
   * Sends a message: text, or bytes, which must not be changed afterwards. False: enough is waiting, go on at `drain`; or
   * the socket is not open, and nothing was sent. `compress: false` sends it as it is.
   */
  send(data: string | Uint8Array, options?: { readonly compress?: boolean }): boolean {
    return this.#session.send(data, options?.compress ?? true);
  }

  /** Sends a Ping frame, with 125 bytes at most; `pong` is called with the same (RFC 6455 section 5.5.2). */
  ping(payload: string | Uint8Array = ""): void {
    this.#session.sendPing(Buffer.from(payload as string));
  }

  /**
   * Sends a Close frame behind all that was sent, and waits for the client's (RFC 6455 section 7.1.2). No message is
   * received any more. Throws a `UsageError` for a code that must not be sent, or a reason over 123 bytes.
   */
  close(code = 1000, reason = ""): void {
    this.#session.close(code, reason);
  }

  /** Ends the connection at once; what is waiting is lost. */
  terminate(): void {
    this.#session.terminate();
  }

  /**
   * The messages, one at a time: the next one is read when the loop has taken this one. Ends when the socket closes. A
   * loop that is left early leaves the socket open, and another loop can go on.
   */
  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    return this.#session.iterate();
  }
}

/** What a socket stands for. */
export function sessionOf(socket: ServerWebSocket<never>): Session {
  return sessionIn(socket);
}
