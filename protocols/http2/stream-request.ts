import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { Fields, type StreamRequest } from "turnout";
import { reset } from "./open-streams.ts";
import { onTrailers } from "./undocumented.ts";

/** A stream as a request that the core can have answered. Made for each request: what is not asked for is not made. */
export class Http2Request implements StreamRequest {
  readonly stream: ServerHttp2Stream;
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly httpVersion: string = "2.0";
  readonly protocol: string | undefined;
  readonly #headers: IncomingHttpHeaders;
  readonly #raw: readonly string[];
  #trailers: Fields = Fields.empty;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: readonly string[]) {
    this.stream = stream;
    this.#headers = headers;
    this.#raw = raw;
    this.method = headers[":method"]!;
    this.target = headers[":path"] ?? "*";
    const { ":authority": authority, host } = headers;
    this.authority =
      authority !== undefined && host !== undefined && authority !== host ? "" : (authority ?? host ?? "");
    this.protocol = headers[":protocol"] as string | undefined;
    if (!stream.endAfterHeaders) {
      onTrailers(stream, (fields) => {
        this.#trailers = Fields.from(pairs(fields));
      });
    }
  }

  /** With Host, which an application may want to see. */
  get headers(): Fields {
    const fields = pairs(this.#raw);
    if (this.#headers.host === undefined && this.authority !== "") {
      fields.push(["host", this.authority]);
    }
    return Fields.from(fields);
  }

  get trailers(): Fields {
    return this.#trailers;
  }

  get ended(): boolean {
    return this.stream.endAfterHeaders;
  }

  get aborted(): boolean {
    return this.stream.aborted;
  }

  get expectation(): string | undefined {
    return this.#headers.expect;
  }

  sendContinue(): void {
    if (this.#canSendHead) {
      this.stream.additionalHeaders({ ":status": 100 });
    }
  }

  sendHead(head: Readonly<Record<string, string | string[]>>, ends: boolean, trails = false): void {
    if (this.#canSendHead) {
      this.stream.respond(head, { endStream: ends, waitForTrailers: trails });
    }
  }

  sendTrailers(fields: Readonly<Record<string, string>>): void {
    this.stream.once("wantTrailers", () => {
      if (!this.stream.closed) {
        this.stream.sendTrailers(fields);
      }
    });
  }

  reset(complete: boolean): void {
    if (this.stream.destroyed) {
      return;
    }
    if (complete) {
      this.stream.close(constants.NGHTTP2_NO_ERROR);
    } else {
      reset(this.stream);
    }
  }

  get #canSendHead(): boolean {
    return !this.stream.destroyed && !this.stream.headersSent;
  }
}

/** What a request's fields come to, as RFC 9113 section 6.5.2 counts them. */
export function headerListBytes(rawHeaders: readonly string[]): number {
  let bytes = rawHeaders.length * 16; // 32 for each field
  for (const text of rawHeaders) {
    bytes += text.length;
  }
  return bytes;
}

/** The fields, without pseudo-fields. */
function pairs(raw: readonly string[]): [name: string, value: string][] {
  const fields: [string, string][] = [];
  for (let at = 0; at < raw.length; at += 2) {
    if (!raw[at]!.startsWith(":")) {
      fields.push([raw[at]!, raw[at + 1]!]);
    }
  }
  return fields;
}
