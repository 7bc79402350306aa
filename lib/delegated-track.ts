import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Connection } from "./connection.ts";
import { PeerError } from "./errors.ts";
import { RequestInfo } from "./http/request.ts";
import { onlyHttp } from "./http-reader.ts";
import { NodeHead, offersOf } from "./node-request.ts";
import { OfferTrack } from "./offer-track.ts";
import type { PendingAnswers } from "./pending-answers.ts";
import type { Track } from "./track.ts";

/**
 * An http.Server speaks: it reads and writes, and its timeouts hold. What remains here is to hear of its requests and answers,
 * to take the connection back when one of them offers to switch, and to see that it ends when the server closes.
 */
export class DelegatedTrack implements Track {
  readonly spoken: readonly string[] = onlyHttp;
  requests = 0;
  /** The next offer has been looked at already: it is for the http.Server's own listeners. */
  toListeners = false;
  readonly #connection: Connection;
  readonly #answers: PendingAnswers;
  /** The client had finished before the http.Server got the connection, and so cannot tell it. */
  #ended = false;

  #overlooked = false;

  constructor(connection: Connection, answers: PendingAnswers) {
    this.#connection = connection;
    this.#answers = answers;
  }

  received(): void {}

  finished(): void {}

  drained(): void {}

  expired(): void {}

  closing(): void {
    this.#answers.closeBehind();
  }

  closed(): void {}

  /** Whether an offer is one that modules are asked about. */
  wants(request: IncomingMessage): boolean {
    const { registry } = this.#connection.context;
    return !this.toListeners && offersOf(request).some((offer) => registry.find(offer));
  }

  /** Whether an offer is one that the http.Server's own listeners are to get. */
  passes(request: IncomingMessage): boolean {
    return this.#connection.context.adopted!.passes(offersOf(request));
  }

  /** The offer that node:http has just read is none to it. What comes in one piece with such a request it loses. */
  overlooked(): void {
    this.#overlooked = true;
  }

  /** The client has finished: behind the answers nothing can follow. */
  endBehind(): void {
    this.#ended = true;
  }

  /** The http.Server has read a request, and `response` is to be its answer. */
  answering(request: IncomingMessage, response: ServerResponse): void {
    const { context } = this.#connection;
    this.requests++;
    this.toListeners = false;
    this.#answers.add(response, () => {
      if (response.writableFinished) {
        context.observer.answered(new RequestInfo(new NodeHead(request), this.#connection), response.statusCode);
      }
      this.#answered();
    });
    if (context.draining || this.#overlooked) {
      this.#answers.closeBehind();
    }
  }

  /** The http.Server has read an offer, and let go of the connection. Without `bytes`: it does not have all of the head. */
  takeBack(bytes: Buffer | undefined): void {
    const connection = this.#connection;
    const { stream } = connection;
    const track = OfferTrack.resume(connection, bytes ?? Buffer.alloc(0));
    connection.takeBack();
    connection.speak(track);
    const passOn = (): void => this.#answers.drained();
    stream.on("drain", passOn);
    this.#answers.whenOut(() => {
      stream.off("drain", passOn);
      // Not from within the http.Server's own call: its parser is still at work, and may be the next one's.
      setImmediate(() => connection.turn(() => this.#proceed(track, bytes !== undefined)));
    });
  }

  #proceed(track: OfferTrack, isWhole: boolean): void {
    const connection = this.#connection;
    if (connection.track !== track || !connection.stream.writable) {
      return; // gone meanwhile, or an earlier answer has closed it
    }
    connection.untime(); // the http.Server has set its keep-alive timeout behind that answer
    if (isWhole) {
      track.proceed();
    } else {
      track.refuse(new PeerError("ERR_TURNOUT_TOO_MANY_FIELDS"));
    }
  }

  #answered(): void {
    const connection = this.#connection;
    if (this.#answers.size === 0 && (this.#ended || connection.context.draining) && connection.track === this) {
      endSoon(connection.stream);
    }
  }
}

/** As node:http ends a connection behind its last answer. */
function endSoon(stream: Duplex & { destroySoon?(): void }): void {
  if (stream.destroySoon === undefined) {
    stream.end();
  } else {
    stream.destroySoon();
  }
}
