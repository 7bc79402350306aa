import type { Answered } from "./answered.ts";
import type { OriginalRequest, RequestInfo } from "./http/request.ts";
import type { FieldsLike } from "./http/response-fields.ts";
import type { Transport } from "./transport.ts";

/** What a module is asked before the switch. */
export interface Offer {
  /** The request's head. Its content has not been read yet. */
  readonly request: RequestInfo;
  /** The offered protocol, in the spelling that the module registered. */
  readonly token: string;
  /** Aborted when the client is gone, or the decision took too long. */
  readonly signal: AbortSignal;
}

/** What becomes of an offer; made by {@link switchTo}, {@link decline} and {@link reject}. */
export type Decision<State> =
  | { readonly do: "switch"; readonly state: State; readonly headers: FieldsLike | undefined }
  | { readonly do: "decline" }
  | { readonly do: "reject"; readonly status: number; readonly body: string; readonly headers: FieldsLike | undefined };

/** What goes with a decision to switch. */
export interface SwitchOptions {
  /** Further fields of the 101. What belongs to the switch or to framing is refused: `ERR_TURNOUT_RESPONSE`. */
  readonly headers?: FieldsLike;
}

/** Take the offer. `state` is handed to `takeOver` and stays on the transport. */
export function switchTo(): Decision<undefined>;
/** Take the offer, with a state. Further fields of the 101 are in `options`. */
export function switchTo<State>(state: State, options?: SwitchOptions): Decision<State>;
export function switchTo(state?: unknown, options: SwitchOptions = {}): Decision<unknown> {
  return { do: "switch", state, headers: options.headers };
}

/** Leave the offer: the next one is asked, and then the application answers as if there had been none. */
export function decline(): Decision<never> {
  return declined;
}

const declined: Decision<never> = { do: "decline" };

/** Refuse the request, over HTTP/1.1, with a status from 300 to 599. A 426 names the module's tokens by itself. */
export function reject(status: number, body = "", options: SwitchOptions = {}): Decision<never> {
  return { do: "reject", status, body, headers: options.headers };
}

/** What a connection begins on. */
export interface Beneath {
  /** Whether it is inside TLS. */
  readonly secure: boolean;
  /** What TLS has agreed on (RFC 7301); undefined where there is no TLS, or it has agreed on nothing. */
  readonly alpnProtocol: string | undefined;
}

/**
 * A protocol that a connection can be switched to. Subclass it, declare what can be declared, and answer the original
 * request in `takeOver`. One instance serves many connections: keep what belongs to one of them in the state or in
 * closures.
 */
export abstract class ProtocolModule<State = undefined> {
  /** The Upgrade tokens (`name[/version]`) that lead here, in the module's order of preference. */
  abstract readonly tokens: readonly string[];

  /** The methods whose meaning the protocol can honour (RFC 9110 section 7.8); `"*"` for all. Default GET. */
  readonly methods: readonly string[] | "*" = ["GET"];

  /** Bytes of content that the original request may have. Default 0. With more, it is answered over HTTP/1.1. */
  readonly maxBody: number = 0;

  /**
   * What the end of the client's bytes means. `"mirror"`: the server's side ends, too, once all is written.
   * `"manual"`: the module goes on writing, calls `end()` itself, and sets its own
   * deadline for the client's end. Default `"mirror"`.
   */
  readonly halfClose: "mirror" | "manual" = "mirror";

  /** Fields that have to be named in Connection for the offer to count, since they are hop-by-hop. Default none. */
  readonly hopFields: readonly string[] = [];

  /**
   * Protocols that are spoken on top of this one from its first byte on, in ascending order of layers. The 101 names
   * them behind the token (RFC 9110 section 7.8). Default none.
   */
  readonly above: readonly string[] = [];

  /**
   * Whether `drain` is called as soon as the server closes, also where `takeOver` has not given its receipt yet. The module
   * then answers soon, or ends the connection by `transport.destroy()`. Default false: it is called behind the receipt, or
   * behind `transport.handOver()`.
   */
  readonly drainsUnanswered: boolean = false;

  /**
   * Whether the protocol can be spoken over one stream of HTTP/2 (RFC 8441), which is opened with the token as
   * `:protocol`. There is no native socket then, and no 101: the answer has the status 200. Default false.
   */
  readonly overHttp2: boolean = false;

  /** The names under which TLS can agree on the protocol (RFC 7301). Its opening bytes are waited for all the same. Default none. */
  readonly alpn: readonly string[] = [];

  /**
   * Whether a connection's first bytes are this protocol's own opening: the door for clients with prior knowledge. Asked
   * with all that has come until then, as long as it says `"more"`. Default: there is no such door.
   */
  detect(_bytes: Buffer, _beneath: Beneath): "mine" | "not mine" | "more" {
    return "not mine";
  }

  /** What connections that begin so are counted and reported as. Default: its first token. */
  readonly openedAs: string = "";

  /** The connection has begun with this protocol's opening bytes, which are the first `onData`: no request is to be answered. */
  open(_transport: Transport<State>): void {}

  /** Decide about an offer before anything is written. Default: take it. */
  accept(_offer: Offer): Decision<State> | Promise<Decision<State>> {
    return { do: "switch", state: undefined as State, headers: undefined };
  }

  /**
   * The connection speaks this protocol now: answer `request` in it. Returns the receipt that the transport gave for
   * the answer; a long answer returns it with its first bytes and goes on writing.
   */
  abstract takeOver(request: OriginalRequest, transport: Transport<State>, state: State): Answered | Promise<Answered>;

  /**
   * The server is closing: say so in the protocol's own way, and end soon. Called once. In `graceMs` milliseconds at the
   * latest the connection is destroyed. Default: `transport.end()`.
   */
  drain(transport: Transport<State>, _graceMs: number): void {
    transport.end();
  }

  /** The connection is closed; called once. `error` is there when it did not end in order. */
  onClose(_transport: Transport<State>, _error: Error | undefined): void {}
}
