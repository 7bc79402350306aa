import { isIP } from "node:net";
import {
  type Answered,
  type Decision,
  type Offer,
  type OriginalRequest,
  type RequestInfo,
  reject,
  type Transport,
} from "turnout";
import { type Admission, admit, type Message, type ServerWebSocket, WebSocketProtocol } from "turnout/websocket";
import type { Feed, Watcher } from "./feed.ts";
import { ClientFrames, serverTextFrame } from "./frames.ts";
import { type HandshakeText, handshakeText } from "./handshake-text.ts";
import { type PortState, peerOf } from "./port-state.ts";

/** A socket of the page at `/`: where the page is told of its own handshake and frames, and of the port. */
interface LivePage {
  readonly frames: ClientFrames;
  handshake: HandshakeText | undefined;
  watcher: Watcher | undefined;
}

/** The state of a socket: that of a page, or none for one that only echoes. */
type State = LivePage | undefined;
type Socket = ServerWebSocket<State>;
type Base = WebSocketProtocol<State>;

export const livePath = "/live";

/** Characters of a text that a page may send. */
const maxTypedLength = 1_024;

/**
 * Echoes at every path, and at `/live` for the demonstration's own page: text comes back as text; what the page is told beside
 * that comes as binary, which is JSON.
 */
export class DemonstrationWebSocket extends WebSocketProtocol<State> {
  /** `listensOn` is the name or the address that the server was told to listen on. */
  constructor(feed: Feed, maxMessageBytes: number, listensOn: string) {
    super({
      // There is nothing to protect in an echo from the pages of others. What the port does is this page's to see.
      origin: (origin, request) => request.path !== livePath || isOwn(origin, request, listensOn),
      accept: ({ request }) => (request.path === livePath ? admitPage(feed) : admit<State>(undefined)),
      open: (socket) => {
        if (socket.state !== undefined) {
          welcome(socket, socket.state, feed);
        }
      },
      message: (socket, message) => {
        if (socket.state === undefined) {
          socket.send(message);
        } else {
          answerTyped(socket, socket.state, message);
          feed.changed();
        }
      },
      close: ({ state }) => {
        if (state?.watcher !== undefined) {
          feed.unwatch(state.watcher);
        }
      },
      limits: { maxMessageBytes },
      perMessageDeflate: true,
    });
  }

  /** Keeps what the answer will say: the page is shown it. */
  override accept(offer: Offer): ReturnType<Base["accept"]> {
    const decision = super.accept(offer) as Exclude<ReturnType<Base["accept"]>, Promise<unknown>>; // ours is made at once
    if (decision.do === "switch" && decision.state.state !== undefined) {
      decision.state.state.handshake = handshakeText(offer.request, decision.headers);
    }
    return decision;
  }

  /** Shows a page's bytes to its `ClientFrames` before they are unmasked, which is done in place. */
  override takeOver(request: OriginalRequest, ...[transport, handshake]: HandedOver): Answered {
    const receipt = super.takeOver(request, transport, handshake);
    const { state } = handshake;
    const { onData } = transport;
    if (state !== undefined && onData !== undefined) {
      transport.onData = function (this: Transport, chunk: Buffer): unknown {
        state.frames.push(chunk);
        return onData.call(this, chunk);
      };
    }
    return receipt;
  }
}

type HandedOver = Parameters<Base["takeOver"]> extends [unknown, ...infer Rest] ? Rest : never;

function admitPage(feed: Feed): Decision<State> | Admission<State> {
  return feed.full
    ? reject(503, "enough pages watch already\n")
    : // Uncompressed, so that the page can show what a frame is.
      admit<State>({ frames: new ClientFrames(), handshake: undefined, watcher: undefined }, { compress: false });
}

function welcome(socket: Socket, page: LivePage, feed: Feed): void {
  const peer = peerOf(socket);
  tell(socket, { handshake: page.handshake, peer });
  page.watcher = {
    peer,
    get ready() {
      return socket.bufferedBytes === 0;
    },
    show: (port: PortState) => tell(socket, { port }),
  };
  feed.watch(page.watcher);
}

function answerTyped(socket: Socket, { frames }: LivePage, message: Message): void {
  const received = frames.take();
  if (typeof message !== "string" || message.length > maxTypedLength) {
    socket.close(1008, `text of up to ${maxTypedLength} characters is echoed here`);
    return;
  }
  socket.send(message);
  tell(socket, { frames: { received, sent: serverTextFrame(message) } });
}

function tell(socket: Socket, what: object): void {
  socket.send(Buffer.from(JSON.stringify(what)));
}

/**
 * Whether a page is this server's own: its origin is the host that it connects to (a browser leaves out the same default port
 * in both), and nobody else can have given that name to this machine, as DNS rebinding would.
 */
function isOwn(origin: string, { host }: RequestInfo, listensOn: string): boolean {
  if (!URL.canParse(origin)) {
    return false;
  }
  const { host: page, hostname } = new URL(origin);
  const isAddress = isIP(hostname.replace(/^\[|\]$/g, "")) !== 0;
  return page === host.toLowerCase() && (isAddress || hostname === "localhost" || hostname === listensOn.toLowerCase());
}
