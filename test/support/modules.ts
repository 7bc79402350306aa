import {
  type Answered,
  type Decision,
  type Offer,
  type OriginalRequest,
  ProtocolModule,
  type Transport,
} from "turnout";
import { EchoProtocol } from "turnout/echo";

/** In what a module differs from one that answers in a line and sends back every byte. */
export interface LineOptions {
  readonly methods?: readonly string[] | "*";
  readonly maxBody?: number;
  readonly halfClose?: "mirror" | "manual";
  readonly hopFields?: readonly string[];
  readonly above?: readonly string[];
  readonly drainsUnanswered?: boolean;
  readonly accept?: (offer: Offer) => Decision<undefined> | Promise<Decision<undefined>>;
  readonly takeOver?: (request: OriginalRequest, transport: Transport<undefined>) => Answered | Promise<Answered>;
  readonly drain?: (transport: Transport<undefined>) => void;
}

/**
 * A protocol of the tests' own. Answers in one line, `<token> <METHOD> <target>[ <content>][ <trailer>=<value>]` CRLF,
 * and then sends back every byte.
 */
export class LineProtocol extends ProtocolModule {
  readonly tokens: readonly string[];
  override readonly methods: readonly string[] | "*";
  override readonly maxBody: number;
  override readonly halfClose: "mirror" | "manual";
  override readonly hopFields: readonly string[];
  override readonly above: readonly string[];
  override readonly drainsUnanswered: boolean;
  readonly #options: LineOptions;

  constructor(tokens: readonly string[], options: LineOptions = {}) {
    super();
    this.tokens = tokens;
    this.methods = options.methods ?? ["GET"];
    this.maxBody = options.maxBody ?? 0;
    this.halfClose = options.halfClose ?? "mirror";
    this.hopFields = options.hopFields ?? [];
    this.above = options.above ?? [];
    this.drainsUnanswered = options.drainsUnanswered ?? false;
    this.#options = options;
  }

  override accept(offer: Offer): Decision<undefined> | Promise<Decision<undefined>> {
    return this.#options.accept === undefined ? super.accept(offer) : this.#options.accept(offer);
  }

  takeOver(request: OriginalRequest, transport: Transport<undefined>): Answered | Promise<Answered> {
    return (this.#options.takeOver ?? answerInALine)(request, transport);
  }

  override drain(transport: Transport<undefined>, graceMs: number): void {
    if (this.#options.drain === undefined) {
      super.drain(transport, graceMs);
    } else {
      this.#options.drain(transport);
    }
  }
}

/** What a {@link LineProtocol} does unless a test says otherwise. */
export function answerInALine(request: OriginalRequest, transport: Transport<undefined>): Answered {
  sendBack(transport);
  const trailers = [...request.trailers].map(([name, value]) => `${name}=${value}`);
  const words = [transport.token, request.method, request.target, request.body.toString("latin1"), ...trailers];
  return transport.answer(`${words.filter((word) => word !== "").join(" ")}\r\n`);
}

function sendBack(transport: Transport<undefined>): void {
  transport.onData = (chunk) => {
    if (!transport.write(chunk)) {
      transport.pause();
    }
  };
  transport.onDrain = () => transport.resume();
}

export const fooTokens = ["foo/2", "foo/1"] as const;

export function foo(): ProtocolModule {
  return new LineProtocol(fooTokens, { methods: ["GET", "POST", "OPTIONS"], maxBody: 64 });
}

/** The 101 is the whole answer, as it is in RFC 6455, and a close frame with 1001 takes leave. */
export function webSocketStandIn(): ProtocolModule {
  return new LineProtocol(["websocket"], {
    takeOver: (_request, transport) => {
      sendBack(transport);
      return transport.answeredByHandshake();
    },
    drain: (transport) => transport.end(goingAway),
  });
}

/** RFC 6455 section 7.4.1: a close frame that says that an endpoint is going away. */
export const goingAway: Uint8Array = Uint8Array.of(0x88, 0x02, 0x03, 0xe9);

/** RFC 7540 section 3.2.1: HTTP2-Settings is a field of the connection, and has to be named in Connection. */
export function h2cStandIn(): ProtocolModule {
  return new LineProtocol(["h2c"], { hopFields: ["http2-settings"] });
}

/** RFC 2817 section 3.3: inside the TLS that is switched to, HTTP/1.1 goes on. */
export function tlsStandIn(): ProtocolModule {
  return new LineProtocol(["TLS/1.2"], { methods: ["GET", "OPTIONS"], above: ["HTTP/1.1"] });
}

/** The modules of the server under test, in the server's order of preference. */
export function modulesUnderTest(): ProtocolModule[] {
  return [
    new EchoProtocol(),
    foo(),
    new LineProtocol(["IRC/6.9"]),
    new LineProtocol(["RTA/x11"]),
    webSocketStandIn(),
    h2cStandIn(),
    tlsStandIn(),
  ];
}
