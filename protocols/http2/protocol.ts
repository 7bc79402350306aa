import type { IncomingHttpHeaders, ServerHttp2Stream, ServerOptions } from "node:http2";
import {
  type Answered,
  type Beneath,
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
import { AwaitedOpening } from "./awaited-opening.ts";
import type { Opened } from "./client-opening.ts";
import { preface } from "./frames.ts";
import { canBeSaid, isForwarded, openingBytes } from "./original-request.ts";
import { ServedSession } from "./served-session.ts";
import { decodeSettings } from "./settings.ts";
import { Http2Request, headerListBytes } from "./stream-request.ts";
import { sessionOn } from "./undocumented.ts";

/** Bounds of one connection. What node:http2 bounds by itself besides: resets, pings, settings and CONTINUATION frames. */
export interface Http2Limits {
  /** Streams at one time. Default 100. */
  readonly maxConcurrentStreams: number;
  /** Bytes of a request's fields, as RFC 9113 section 6.5.2 counts them. Default 16,384. */
  readonly maxHeaderListBytes: number;
  /** Fields of a request. Default 100. */
  readonly maxFields: number;
  /** Megabytes that node:http2 may hold for one connection. Default 10. */
  readonly maxSessionMegabytes: number;
}

/** In milliseconds. */
export interface Http2Timeouts {
  /** From the 101 to the client's preface. Default 5,000; then the connection is destroyed. */
  readonly prefaceMs: number;
  /** Without a stream. Default 60,000; then the connection is closed. With streams, after so long a PING is sent. */
  readonly idleMs: number;
  /** While the client takes nothing of an answer of 16 KiB or less. Default 60,000; then the stream is reset. */
  readonly stallMs: number;
  /** From the end of our side to the client's. Default 2,000; then the connection is destroyed. */
  readonly closeMs: number;
}

/** What {@link Http2Protocol} is made with. */
export interface Http2Options {
  /**
   * Whether `Upgrade: h2c` is taken (RFC 7540 section 3.2, which RFC 9113 has left out). `"direct-only"`: not where a
   * forwarding field or a PROXY header shows an intermediary, which would pass on what it does not understand. Default `"direct-only"`.
   */
  readonly upgrade?: "direct-only" | "on" | "off";
  /** Each with its default. */
  readonly limits?: Partial<Http2Limits>;
  /** In milliseconds, each with its default. */
  readonly timeouts?: Partial<Http2Timeouts>;
}

/** What an Upgrade to h2c was accepted with. */
export interface Http2Upgrade {
  /** The payload of the SETTINGS frame that HTTP2-Settings stands for. */
  readonly settings: Buffer;
}

/** The natural bound: the client's stream 1 has a window of this size when it has not yet heard of another. */
const maxUpgradeBody = 65_535;

/** Where the preface can no longer be anything else: behind `PRI * HTTP/2.0`. */
const unmistakable = 14;

const defaultLimits: Http2Limits = {
  maxConcurrentStreams: 100,
  maxHeaderListBytes: 16_384,
  maxFields: 100,
  maxSessionMegabytes: 10,
};

const defaultTimeouts: Http2Timeouts = { prefaceMs: 5_000, idleMs: 60_000, stallMs: 60_000, closeMs: 2_000 };

/**
 * HTTP/2 on node:http2, by `Upgrade: h2c` and by prior knowledge. The application answers its requests as it does those of
 * HTTP/1.1, and other modules speak over its streams (RFC 8441).
 */
export class Http2Protocol extends ProtocolModule<Http2Upgrade> {
  readonly tokens: readonly string[] = ["h2c"];

  override readonly alpn: readonly string[] = ["h2"];

  override readonly openedAs: string = "h2";

  override readonly methods = "*";

  override readonly maxBody: number = maxUpgradeBody;

  override readonly halfClose = "manual";

  /** The client's preface is waited for before anything can be answered. */
  override readonly drainsUnanswered = true;

  /** RFC 7540 section 3.2.1: without this, an intermediary that knows nothing of it would pass the offer on. */
  override readonly hopFields: readonly string[] = ["HTTP2-Settings"];

  readonly #upgrade: "direct-only" | "on" | "off";
  readonly #timeouts: Http2Timeouts;
  readonly #sessionOptions: ServerOptions;
  readonly #limits: Http2Limits;
  readonly #served: Map<Transport<Http2Upgrade>, AwaitedOpening | ServedSession> = new Map();

  /** Throws a `UsageError` for options that make no sense. */
  constructor({ upgrade = "direct-only", limits = {}, timeouts = {} }: Http2Options = {}) {
    super();
    if (!["direct-only", "on", "off"].includes(upgrade)) {
      throw new UsageError("ERR_TURNOUT_OPTION", `upgrade cannot be ${JSON.stringify(upgrade)}`);
    }
    this.#upgrade = upgrade;
    this.#timeouts = resolve("timeouts", defaultTimeouts, timeouts);
    const resolved = resolve("limits", defaultLimits, limits);
    this.#limits = resolved;
    this.#sessionOptions = {
      maxSettings: 64, // those of HTTP2-Settings and of the client's first frame come as one
      maxSessionMemory: resolved.maxSessionMegabytes,
      maxHeaderListPairs: resolved.maxFields + 5, // the pseudo-fields are counted, too
      settings: {
        enableConnectProtocol: true,
        maxConcurrentStreams: resolved.maxConcurrentStreams,
        maxHeaderListSize: resolved.maxHeaderListBytes,
      },
    };
  }

  override detect(bytes: Buffer, { secure, alpnProtocol }: Beneath): "mine" | "not mine" | "more" {
    if (secure && alpnProtocol !== "h2") {
      return "not mine"; // RFC 9113 section 3.3: prior knowledge is for clear text, and inside TLS it is ALPN that says HTTP/2
    }
    const known = Math.min(bytes.length, preface.length);
    if (preface.compare(bytes, 0, known, 0, known) === 0) {
      return known === preface.length ? "mine" : "more";
    }
    // What only resembles the preface is no request of HTTP/1.1 either: node:http2 closes the connection.
    return preface.compare(bytes, 0, Math.min(known, unmistakable), 0, unmistakable) === 0 ? "mine" : "not mine";
  }

  override open(transport: Transport<Http2Upgrade>): void {
    this.#serve(transport, [], () => {});
  }

  override accept({ request }: Offer): Decision<Http2Upgrade> {
    const fields = request.headers.getAll("http2-settings");
    const settings = fields.length === 1 ? decodeSettings(fields[0]!) : undefined;
    const isWanted = this.#upgrade === "on" || (this.#upgrade === "direct-only" && !isForwarded(request));
    // RFC 9113 section 3.1: inside TLS it is ALPN that says HTTP/2.
    const fits = request.headers.size <= this.#limits.maxFields;
    return isWanted && fits && settings !== undefined && !request.secure && canBeSaid(request)
      ? switchTo({ settings })
      : decline();
  }

  override takeOver(
    request: OriginalRequest,
    transport: Transport<Http2Upgrade>,
    { settings }: Http2Upgrade,
  ): Promise<Answered> {
    return new Promise((answered) => {
      const awaited = new AwaitedOpening(transport, this.#timeouts.prefaceMs, (opened) => {
        if (opened === false) {
          this.#refuse(transport);
          return;
        }
        const session = this.#begin(request, transport, settings, opened, answered);
        if (awaited.closing) {
          session.close();
        }
      });
      this.#served.set(transport, awaited);
    });
  }

  override drain(transport: Transport<Http2Upgrade>): void {
    this.#served.get(transport)!.close();
  }

  override onClose(transport: Transport<Http2Upgrade>): void {
    this.#served.get(transport)?.destroy();
    this.#served.delete(transport);
  }

  #begin(
    request: OriginalRequest,
    transport: Transport<Http2Upgrade>,
    settings: Buffer,
    opened: Opened,
    answered: (receipt: Answered) => void,
  ): ServedSession {
    return this.#serve(transport, [openingBytes(request, settings, opened.settings), opened.rest], answered);
  }

  /** From here on node:http2 speaks, and reads `first`; `dispatched` gets a receipt for each stream. */
  #serve(
    transport: Transport<Http2Upgrade>,
    first: readonly Buffer[],
    dispatched: (receipt: Answered) => void,
  ): ServedSession {
    const socket = transport.handOver();
    const session = sessionOn(socket, this.#sessionOptions, first);
    const served = new ServedSession(session, socket, this.#timeouts, () => transport.destroy());
    this.#served.set(transport, served);
    session.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]) => {
      stream.on("error", ignore); // first of all: the session may be gone already
      if (stream.destroyed) {
        return;
      }
      served.opened(stream);
      // node:http2 goes by it only once the client has acknowledged that setting.
      if (headerListBytes(raw) > this.#limits.maxHeaderListBytes) {
        transport.report(new PeerError("ERR_TURNOUT_HEAD_TOO_LARGE"));
        stream.respond({ ":status": 431 }, { endStream: true });
        return;
      }
      dispatched(transport.dispatch(new Http2Request(stream, headers, raw)));
    });
    return served;
  }

  #refuse(transport: Transport<Http2Upgrade>): void {
    const error = new PeerError(
      "ERR_TURNOUT_HTTP2_PREFACE",
      0,
      "the client did not begin to speak HTTP/2 after the 101",
    );
    transport.report(error);
    transport.destroy(error);
  }
}

/** A stream's error comes with its close, which is heard of. */
function ignore(): void {}

function resolve<T extends object>(group: string, defaults: T, given: Partial<T>): T {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, name) || !(typeof value === "number" && value >= 0)) {
      throw new UsageError("ERR_TURNOUT_OPTION", `${group}.${name} is no option, or cannot be ${String(value)}`);
    }
  }
  return { ...defaults, ...given };
}
