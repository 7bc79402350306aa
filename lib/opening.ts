import { TLSSocket } from "node:tls";
import type { Connection } from "./connection.ts";
import { ModuleError } from "./errors.ts";
import { HeldBytes } from "./held-bytes.ts";
import type { HttpTrack } from "./http-track.ts";
import { hasten } from "./newcomer.ts";
import { httpTrackOn } from "./offer-track.ts";
import type { Beneath, ProtocolModule } from "./protocol-module.ts";
import { SwitchedTrack } from "./switched-track.ts";
import type { Track } from "./track.ts";

/**
 * Before it is known what a connection speaks: its first bytes are shown to the modules that know theirs. What none of
 * them wants is HTTP/1.1.
 */
export class Opening implements Track {
  readonly spoken: readonly string[] = [];
  readonly #connection: Connection;
  readonly #modules: readonly ProtocolModule<unknown>[];
  #bytes: Buffer = Buffer.alloc(0);

  constructor(connection: Connection, modules: readonly ProtocolModule<unknown>[]) {
    this.#connection = connection;
    this.#modules = modules;
    connection.become("head", connection.context.timeouts.headMs);
  }

  received(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    let undecided = false;
    for (const module of this.#modules) {
      const verdict = this.#ask(module);
      if (verdict === "mine") {
        this.#open(module);
        return;
      }
      if (verdict === "failed") {
        return;
      }
      undecided ||= verdict === "more";
    }
    if (!undecided || this.#bytes.length >= this.#connection.context.limits.maxEarlyBytes) {
      this.#speakHttp().received(this.#bytes);
    }
  }

  finished(): void {
    const http = this.#speakHttp();
    if (this.#bytes.length > 0) {
      http.received(this.#bytes);
    }
    http.finished();
  }

  drained(): void {}

  expired(): void {
    this.#connection.linger(); // nothing was said that could be answered
  }

  closing(): void {
    hasten(this.#connection);
  }

  closed(): void {}

  #ask(module: ProtocolModule<unknown>): ReturnType<ProtocolModule["detect"]> | "failed" {
    try {
      return module.detect(this.#bytes, beneathOf(this.#connection));
    } catch (cause) {
      const error = new ModuleError("ERR_TURNOUT_MODULE", module.constructor.name, "detect threw", { cause });
      this.#connection.context.observer.fault(error, this.#connection);
      this.#connection.destroy();
      return "failed";
    }
  }

  #speakHttp(): HttpTrack {
    const http = httpTrackOn(this.#connection);
    this.#connection.speak(http);
    return http;
  }

  #open(module: ProtocolModule<unknown>): void {
    const held = new HeldBytes();
    held.push(this.#bytes);
    const token = module.openedAs || (module.tokens[0] ?? module.constructor.name);
    this.#connection.become("switched", Number.POSITIVE_INFINITY);
    const track = new SwitchedTrack(this.#connection, { module, token }, undefined, undefined);
    this.#connection.speak(track);
    this.#connection.context.observer.opened(this.#connection, token);
    track.open(held);
    if (this.#connection.context.draining) {
      track.closing();
    }
  }
}

const inClearText: Beneath = { secure: false, alpnProtocol: undefined };

function beneathOf({ secure, stream }: Connection): Beneath {
  return secure
    ? { secure, alpnProtocol: (stream instanceof TLSSocket && stream.alpnProtocol) || undefined }
    : inClearText;
}
