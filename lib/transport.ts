import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Answered } from "./answered.ts";
import type { Peer } from "./http/request.ts";
import type { StreamRequest } from "./stream-request.ts";

/**
 * What a module speaks through, of one shape over TCP, TLS and any other duplex stream. The core owns the stream: no
 * error event exists for a module to forget, and what a callback throws or rejects with ends this connection only.
 *
 * The bytes that came behind the request's head are the first `onData`; they wait until it is set. Set it before the
 * receipt is given: a client that has finished by then is not waited for.
 *
 * Callbacks are called with the transport as `this`: where connections are many, one function can serve them all, with what
 * belongs to one of them in `state`.
 */
export interface Transport<State = unknown> {
  /** Bytes from the client. The chunk is the module's, to keep and to change. */
  onData: ((this: Transport, chunk: Buffer) => unknown) | undefined;
  /** The client has finished; nothing more will come. With `halfClose: "mirror"` the server's side ends after this. */
  onEnd: ((this: Transport) => unknown) | undefined;
  /** After `write` gave false: there is room again. */
  onDrain: ((this: Transport) => unknown) | undefined;
  /** The connection is closed. Called once; with the error, when it did not end in order. */
  onClose: ((this: Transport, error: Error | undefined) => unknown) | undefined;

  /** What `accept` decided with `switchTo(state)`. */
  readonly state: State;
  /** The token that was switched to. */
  readonly token: string;
  /** Who is at the other end, behind a proxy that says so. `socket` has the other end of the socket itself. */
  readonly peer: Peer;
  /** Whether it is inside TLS. */
  readonly secure: boolean;
  /** What TLS can be told that the server speaks inside it, in its order (RFC 7301). The same list for all of a server. */
  readonly alpn: readonly string[];
  /** Bytes written and not yet taken by the system. */
  readonly bufferedBytes: number;
  /** Whether nothing can be written any more: ended, destroyed or closed. */
  readonly ended: boolean;
  /** The native socket, for what only it can do (`setKeepAlive`, ...); undefined where the stream is none. */
  readonly socket: Socket | undefined;

  /**
   * Writes the first bytes of the answer to the original request, in the new protocol, and gives the receipt. Text is
   * UTF-8. Once only, and not after `end` or `destroy`: that throws `ERR_TURNOUT_STATE`.
   */
  answer(bytes: string | Uint8Array): Answered;
  /** The receipt for protocols in which the 101 itself is the answer, such as WebSocket. */
  answeredByHandshake(): Answered;

  /**
   * Writes bytes, or text as UTF-8. False: enough is waiting; go on at `onDrain`. Do not change the bytes afterwards.
   * What is written in one turn of the event loop leaves together.
   */
  write(bytes: string | Uint8Array): boolean;
  /** Ends the server's side, after `bytes` and all that was written before. */
  end(bytes?: string | Uint8Array): void;
  /** Ends both sides at once; what is still waiting is lost. */
  destroy(error?: Error): void;
  /**
   * Tells the server of something that the module has dealt with, or is about to: a `PeerError` is counted in `stats()` and
   * emitted as `refused`; anything else is a fault of the module, with `error` as its cause. The connection goes on.
   */
  report(error: unknown): void;
  /** Stops reading; TCP holds the client back. */
  pause(): void;
  /** Reads on, after `pause`. */
  resume(): void;
  /**
   * Has a request answered that came as a stream of this module's protocol: by the application, or, where it asks for
   * another protocol (RFC 8441), by that one's module. The receipt is there at once: how long an answer takes is the
   * application's to say.
   */
  dispatch(request: StreamRequest): Answered;
  /**
   * Begins anew on `stream`, which this protocol has made of its connection, as TLS does: from the first byte on, all that the
   * server speaks can be spoken there. The receipt is there at once: what was asked is answered inside.
   */
  serve(stream: Duplex): Answered;
  /**
   * Gives up the transport for the native stream, with what has come and was not read as its first bytes: for those who have
   * an implementation of their own, such as node:http2. The core goes on to hear of its errors and its close, and
   * destroys it at the end of the grace period; nothing can be written or read here any more.
   */
  handOver(): Duplex;
  /** The transport as a standard Duplex, for `pipe` and `for await`. Takes over the callbacks. */
  duplex(): Duplex;
}
