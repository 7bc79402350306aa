import { performance } from "node:perf_hooks";
import {
  type Answered,
  type Decision,
  type FieldsLike,
  type Offer,
  type OriginalRequest,
  ProtocolModule,
  type RequestInfo,
  Roster,
  reject,
  type Transport,
  UsageError,
} from "turnout";
import { BroadcastFrames } from "./broadcast-frames.ts";
import { Deflate } from "./deflate.ts";
import { type DeflateAgreement, negotiateDeflate } from "./deflate-negotiation.ts";
import { parseExtensions } from "./extensions.ts";
import { acceptOf, faultOfHandshake, offeredSubprotocols, overHttp2 } from "./opening-handshake.ts";
import {
  type Admission,
  type AdmitOptions,
  admit,
  type DeflateOptions,
  resolveDeflate,
  resolveLimits,
  resolveTimeouts,
  type WebSocketLimits,
  type WebSocketOffer,
  type WebSocketOptions,
  type WebSocketTimeouts,
} from "./options.ts";
import { Session, type Shared } from "./session.ts";
import { ServerWebSocket, sessionOf } from "./socket.ts";
import { isThenable } from "./thenable.ts";
import { ZlibQueue } from "./zlib-queue.ts";

/** What was agreed on in an opening handshake. */
export interface Handshake<State> {
  readonly state: State;
  readonly subprotocol: string;
  readonly deflate: DeflateAgreement | undefined;
  /** What came of it. */
  session: Session | undefined;
}

/** Who gets a broadcast. */
export interface BroadcastOptions<State> {
  /** Not this one: the sender, for example. */
  readonly except?: ServerWebSocket<State>;
  /** Only those for which it gives true. */
  readonly where?: (socket: ServerWebSocket<State>) => boolean;
  /** What becomes of a client with more than `limits.slowBytes` waiting: this message is not for it, or 1013. Default `"skip"`. */
  readonly slow?: "skip" | "close";
}

/** Sockets, as many as there are at the moment; walking over them is undisturbed by those that come and go. */
export interface OpenSockets<State> extends Iterable<ServerWebSocket<State>> {
  readonly size: number;
  has(socket: ServerWebSocket<State>): boolean;
}

/** WebSocket: RFC 6455, with `permessage-deflate` (RFC 7692) if asked for. One instance is one kind of sockets. */
export class WebSocketProtocol<State = undefined> extends ProtocolModule<Handshake<State>> {
  readonly tokens: readonly string[] = ["websocket"];

  /** All, so that others than GET are told what is wrong (RFC 6455 section 4.2.1). */
  override readonly methods = "*";

  /** Content means nothing here, but a client may send it; it is on the socket's request. */
  override readonly maxBody: number = 16_384;

  override readonly overHttp2: boolean = true;

  /** The closing handshake says who ends first. */
  override readonly halfClose = "manual";

  readonly #options: WebSocketOptions<State>;
  readonly #deflate: DeflateOptions | undefined;
  readonly #zlib: ZlibQueue;
  readonly #limits: WebSocketLimits;
  readonly #timeouts: WebSocketTimeouts;
  readonly #shared: Shared & { now: number };
  readonly #sockets: Roster<ServerWebSocket<State>> = new Roster();
  #timer: NodeJS.Timeout | undefined;

  /** Throws a `UsageError` for options that make no sense. */
  constructor(options: WebSocketOptions<State> = {}) {
    super();
    this.#options = options;
    this.#limits = resolveLimits(options.limits);
    this.#timeouts = resolveTimeouts(options.timeouts);
    this.#deflate = resolveDeflate(options.perMessageDeflate);
    this.#zlib = new ZlibQueue(this.#deflate?.concurrency ?? 1);
    this.#shared = {
      handlers: options as WebSocketOptions<never>,
      limits: this.#limits,
      timeouts: this.#timeouts,
      thresholdBytes: this.#deflate?.thresholdBytes ?? 0,
      now: Math.round(performance.now()),
    };
  }

  /** The sockets that are not closed. */
  get sockets(): OpenSockets<State> {
    return this.#sockets;
  }

  /**
   * Sends one message to many sockets: to all that are open, but for those left out. It is framed once, and compressed at
   * most once for those that do not compress in context. Gives how many it was sent to.
   */
  broadcast(data: string | Uint8Array, options: BroadcastOptions<State> = {}): number {
    const { except, where, slow = "skip" } = options;
    const frames = new BroadcastFrames(data, this.#deflate, this.#zlib);
    let sent = 0;
    for (const socket of this.#sockets) {
      if (socket === except || !socket.open || where?.(socket) === false) {
        continue;
      }
      const session = sessionOf(socket as ServerWebSocket<never>);
      if (session.bufferedBytes <= this.#limits.slowBytes) {
        session.sendFrame(frames.for(session.deflate?.sharedWindowBits), frames.bytes);
        sent++;
      } else if (slow === "close") {
        session.violated("ERR_TURNOUT_WEBSOCKET_TOO_SLOW");
      }
    }
    return sent;
  }

  override accept(offer: Offer): Decision<Handshake<State>> | Promise<Decision<Handshake<State>>> {
    const { request } = offer;
    const fault = faultOfHandshake(request, this.#options.origin ?? "same-origin");
    if (fault !== undefined) {
      return reject(fault.status, fault.body, fault.headers === undefined ? {} : { headers: fault.headers });
    }
    const subprotocols = offeredSubprotocols(request)!;
    const { accept } = this.#options;
    if (accept === undefined) {
      return this.#conclude(request, subprotocols, admit(undefined as State));
    }
    const decision = accept.call(this.#options, new OfferedWebSocket(offer, subprotocols));
    return isThenable(decision)
      ? Promise.resolve(decision).then((settled) => this.#conclude(request, subprotocols, settled))
      : this.#conclude(request, subprotocols, decision);
  }

  override takeOver(
    request: OriginalRequest,
    transport: Transport<Handshake<State>>,
    handshake: Handshake<State>,
  ): Answered {
    const { state, subprotocol, deflate } = handshake;
    const compression =
      deflate === undefined
        ? undefined
        : new Deflate(deflate, this.#zlib, this.#deflate!.level, this.#limits.maxMessageBytes);
    const receipt = transport.answeredByHandshake();
    this.#startClock();
    const session = new Session(this.#shared, transport, compression);
    const socket = new ServerWebSocket<State>(session, request, state, subprotocol);
    this.#sockets.add(socket);
    handshake.session = session;
    transport.onData = onData;
    transport.onEnd = onEnd;
    transport.onDrain = onDrain;
    session.start(socket as ServerWebSocket<never>);
    return receipt;
  }

  /**
   * 1001 (RFC 6455 section 7.4.1). Not to all at the same time: they may all come back at the same time. But to all of them
   * within half of the time that there is, so that the last has the other half for its Close frame.
   */
  override drain(transport: Transport<Handshake<State>>, graceMs: number): void {
    const session = transport.state.session!;
    const windowMs = Math.min(this.#timeouts.drainWindowMs, this.#sockets.size - 1, graceMs / 2);
    setTimeout(() => session.close(1001, "the server is closing"), Math.random() * windowMs).unref();
  }

  override onClose(transport: Transport<Handshake<State>>, error: Error | undefined): void {
    const { session } = transport.state;
    if (session !== undefined) {
      this.#sockets.delete(session.socket as ServerWebSocket<State>);
      session.gone(error);
      this.#stopClock();
    }
  }

  #conclude(
    request: RequestInfo,
    offered: readonly string[],
    decision: Decision<State> | Admission<State>,
  ): Decision<Handshake<State>> {
    if (decision?.do !== "switch") {
      return decision;
    }
    const admission: Admission<State> = decision;
    const subprotocol = this.#chooseSubprotocol(offered, admission);
    const deflate = this.#agreeOnDeflate(request, admission);
    const headers: (readonly [string, string])[] = overHttp2(request)
      ? []
      : [["Sec-WebSocket-Accept", acceptOf(request.headers.get("sec-websocket-key")!)]];
    if (subprotocol !== "") {
      headers.push(["Sec-WebSocket-Protocol", subprotocol]);
    }
    if (deflate !== undefined) {
      headers.push(["Sec-WebSocket-Extensions", deflate.response]);
    }
    return {
      do: "switch",
      state: { state: admission.state, subprotocol, deflate, session: undefined },
      headers: admission.headers === undefined ? headers : [...headers, ...ownFields(admission.headers)],
    };
  }

  #chooseSubprotocol(offered: readonly string[], { subprotocol }: Pick<AdmitOptions, "subprotocol">): string {
    if (subprotocol === undefined) {
      return offered.find((one) => this.#options.subprotocols?.includes(one)) ?? "";
    }
    if (subprotocol !== "" && !offered.includes(subprotocol)) {
      throw new UsageError("ERR_TURNOUT_DECISION", `the client did not offer the subprotocol ${subprotocol}`);
    }
    return subprotocol;
  }

  #agreeOnDeflate(request: RequestInfo, { compress }: Pick<AdmitOptions, "compress">): DeflateAgreement | undefined {
    const field = request.headers.get("sec-websocket-extensions");
    return field === undefined || this.#deflate === undefined || compress === false
      ? undefined
      : negotiateDeflate(parseExtensions(field)!, this.#deflate);
  }

  #startClock(): void {
    if (this.#timer !== undefined) {
      return;
    }
    const shortest = Math.min(...Object.values(this.#timeouts));
    this.#shared.now = Math.round(performance.now());
    this.#timer = setInterval(() => this.#tick(), Math.min(500, Math.max(5, shortest / 4)));
    this.#timer.unref();
  }

  #stopClock(): void {
    if (this.#sockets.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  #tick(): void {
    this.#shared.now = Math.round(performance.now());
    // After a long task the sockets' bytes are still unread when timers run: let them be read first.
    setImmediate(() => {
      for (const socket of this.#sockets) {
        sessionOf(socket as ServerWebSocket<never>).tick();
      }
    }).unref();
  }
}

// One function each for all connections: closures of their own would cost each of them 200 bytes.

function onData(this: Transport, chunk: Buffer): void {
  (this.state as Handshake<unknown>).session!.received(chunk);
}

function onEnd(this: Transport): void {
  (this.state as Handshake<unknown>).session!.clientEnded();
}

function onDrain(this: Transport): void {
  (this.state as Handshake<unknown>).session!.roomAgain();
}

class OfferedWebSocket implements WebSocketOffer {
  readonly subprotocols: readonly string[];
  readonly #offer: Offer;

  constructor(offer: Offer, subprotocols: readonly string[]) {
    this.#offer = offer;
    this.subprotocols = subprotocols;
  }

  get request(): RequestInfo {
    return this.#offer.request;
  }

  get token(): string {
    return this.#offer.token;
  }

  get signal(): AbortSignal {
    return this.#offer.signal;
  }
}

/** The application's fields of the 101. Those of the handshake are the module's to say. */
function* ownFields(fields: FieldsLike): Generator<readonly [string, string]> {
  for (const [name, values] of Symbol.iterator in fields ? fields : Object.entries(fields)) {
    if (/^sec-websocket-/i.test(name)) {
      throw new UsageError("ERR_TURNOUT_RESPONSE", `${name} of the 101 is not the application's to say`);
    }
    for (const value of [values].flat()) {
      yield [name, value];
    }
  }
}
