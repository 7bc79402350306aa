import type { Connection } from "./connection.ts";
import type { PeerError } from "./errors.ts";
import { HeldBytes } from "./held-bytes.ts";
import { parseUpgradeList } from "./http/upgrade-list.ts";
import { HttpTrack } from "./http-track.ts";
import { withoutOffer } from "./node-request.ts";

/** Who speaks HTTP/1.1 on a connection. */
export function httpTrackOn(connection: Connection): HttpTrack {
  return connection.context.adopted === undefined ? new HttpTrack(connection) : new OfferTrack(connection);
}

/**
 * The HTTP/1.1 track of a server that has adopted an http.Server: it reads no more than it takes to see whether a module is
 * offered the connection. Everything else is the http.Server's, from the first byte on: what is ordinary, what is declined,
 * and what cannot be read here.
 */
export class OfferTrack extends HttpTrack {
  /** All that has come since the last answer. */
  #seen: HeldBytes = new HeldBytes();
  #peerEnded = false;
  /** What was read from the http.Server's connection has to wait until its earlier answers are out. */
  #waits = false;
  /** The head that is being read has been read by the http.Server before, and put together again. */
  #reread = false;

  /** The http.Server has read a request that makes an offer: `bytes`, whose turn comes with {@link proceed}. */
  static resume(connection: Connection, bytes: Buffer): OfferTrack {
    const track = new OfferTrack(connection);
    track.#waits = track.#reread = true;
    connection.deadline = Number.POSITIVE_INFINITY;
    track.#seen.push(bytes);
    return track;
  }

  /** The earlier answers are out. */
  proceed(): void {
    this.#waits = false;
    super.received(this.#takeSeen());
    if (this.#peerEnded) {
      this.finished();
    }
  }

  override received(chunk: Buffer): void {
    this.#seen.push(chunk);
    if (!this.#waits) {
      super.received(chunk);
    } else if (this.#seen.length >= this.context.limits.maxEarlyBytes) {
      this.connection.pause();
    }
  }

  override finished(): void {
    this.#peerEnded = true;
    if (!this.#waits && this.connection.track === this) {
      super.finished();
    }
  }

  override closing(): void {
    if (!this.#waits) {
      super.closing();
    }
  }

  override next(): void {
    const { early } = this.leave();
    this.#seen.clear();
    this.#reread = false;
    if (early.length > 0) {
      const rest = early.takeAll();
      early.push(rest);
      this.#seen.push(rest);
    }
    super.next();
  }

  /** `awaitsContinue` is false where a 100 has been sent, too. */
  override respond(_collected?: readonly Buffer[], awaitsContinue = true): void {
    const { head } = this;
    const toListeners = head.wantsUpgrade && this.context.adopted!.passes(parseUpgradeList(head.values("upgrade")));
    const bytes = this.#seen.takeAll();
    this.#leaveTo(head.hasUpgradeField && !toListeners ? withoutOffer(bytes, !awaitsContinue) : bytes, toListeners);
  }

  /** The http.Server may be less strict, allow more, or know what is no request to us: CONNECT. */
  protected override unreadable(_error: PeerError): void {
    const bytes = this.#seen.takeAll();
    this.#leaveTo(this.#reread ? withoutOffer(bytes, false) : bytes, false); // with the offer it would come back for ever
  }

  #leaveTo(bytes: Buffer, toListeners: boolean): void {
    this.task = undefined;
    this.context.adopted!.take(this.connection, bytes, { ended: this.#peerEnded, toListeners });
  }

  /** As one, and all the same still seen. */
  #takeSeen(): Buffer {
    const bytes = this.#seen.takeAll();
    this.#seen.push(bytes);
    return bytes;
  }
}
