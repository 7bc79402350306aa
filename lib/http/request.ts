import type { ProxyHeader } from "../proxy/header.ts";
import type { Fields } from "./fields.ts";
import type { RequestBody } from "./request-body.ts";
import { parseUpgradeList } from "./upgrade-list.ts";

/**
 * Who is at the other end of a connection: of its socket, or of the proxy that has said for whom it comes. All undefined
 * where the stream is no socket, or one of UNIX.
 */
export interface Peer {
  readonly address: string | undefined;
  readonly port: number | undefined;
  /** What the proxy has said; there only where a PROXY header came. */
  readonly proxy?: ProxyHeader;
}

/** What a request shows of its head, as the parser read it. */
export interface ParsedHead {
  readonly method: string;
  readonly target: string;
  readonly targetForm: "origin" | "absolute" | "authority" | "asterisk";
  /** `"1.1"`, for example. */
  readonly httpVersion: string;
  /** Where the target is without it, and no Host field has it. */
  readonly authority: string | undefined;
  readonly wantsUpgrade: boolean;
  /** Whether the head stays as it is, so that its fields can be read when they are asked for. */
  readonly stays: boolean;
  fields(): Fields;
}

/** The connection, as far as a request shows it. */
export interface RequestOrigin {
  readonly peer: Peer;
  readonly secure: boolean;
  /** The server that it is one of. */
  readonly context?: { readonly retiring: boolean };
}

/** What is known of a request once its head has been read. */
export class RequestInfo {
  readonly method: string;
  /** The target in origin-form (`/path?query`), or `*`. An absolute-form target (RFC 9112 section 3.2.2) is split. */
  readonly target: string;
  /** `"1.1"`, `"1.0"`, ... as sent; `"2.0"` over HTTP/2. */
  readonly httpVersion: string;
  #headers: Fields | undefined;
  readonly #head: ParsedHead | undefined;
  readonly #origin: RequestOrigin;
  readonly #wantsUpgrade: boolean;
  readonly #authority: string | undefined;
  #abort: AbortController | undefined;
  #abandoned: (() => Error) | undefined;

  constructor(head: ParsedHead, origin: RequestOrigin) {
    this.method = head.method;
    this.httpVersion = head.httpVersion;
    if (head.stays) {
      this.#head = head;
    } else {
      this.#headers = head.fields();
    }
    this.#origin = origin;
    this.#wantsUpgrade = head.wantsUpgrade;
    if (head.targetForm === "absolute") {
      const [authority, target] = splitAbsoluteForm(head.target);
      this.#authority = authority;
      this.target = target;
    } else {
      this.#authority = head.authority;
      this.target = head.target;
    }
  }

  /** The fields of the head. */
  get headers(): Fields {
    this.#headers ??= this.#head!.fields();
    return this.#headers;
  }

  /** The authority that the request is for: the target's, or else the Host field's; `""` where HTTP/1.0 has neither. */
  get host(): string {
    return this.#authority ?? this.headers.get("host") ?? "";
  }

  /** The target up to its query, as sent. */
  get path(): string {
    const mark = this.target.indexOf("?");
    return mark === -1 ? this.target : this.target.slice(0, mark);
  }

  /** The target's query, as sent and without the question mark; `""` where there is none. */
  get query(): string {
    const mark = this.target.indexOf("?");
    return mark === -1 ? "" : this.target.slice(mark + 1);
  }

  /**
   * The protocols that the client offers to switch to, in its order (RFC 9110 section 7.8). Empty where the field does
   * not count: over HTTP/1.0, without the `upgrade` option in Connection, or malformed.
   */
  get offers(): readonly string[] {
    return this.#wantsUpgrade ? parseUpgradeList(this.headers.getAll("upgrade")) : [];
  }

  /** Who is at the other end of the connection. */
  get peer(): Peer {
    return this.#origin.peer;
  }

  /** Whether the server closes, or is about to: `server.draining`. */
  get draining(): boolean {
    return this.#origin.context?.retiring ?? false;
  }

  /** Whether the request came over TLS. */
  get secure(): boolean {
    return this.#origin.secure;
  }

  /** Aborted when the client is gone before it has been answered. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#abandoned !== undefined) {
        this.#abort.abort(this.#abandoned());
      }
    }
    return this.#abort.signal;
  }

  /** @internal It is kept for as long as a connection lives. */
  compact(): void {
    this.#headers?.compact();
  }

  /** @internal Nobody waits for an answer any more. The reason is made only for those who have asked for the signal. */
  abandon(reason: () => Error): void {
    this.#abandoned = reason;
    this.#abort?.abort(reason());
  }
}

/** A request that the application answers. */
export class HttpRequest extends RequestInfo {
  /** The content: an async iterable of `Buffer`s that can be read once. */
  readonly body: RequestBody;

  constructor(head: ParsedHead, origin: RequestOrigin, body: RequestBody) {
    super(head, origin);
    this.body = body;
  }

  /** The whole content. Rejects with a `PeerError` (413) beyond `maxBytes`. */
  bytes(maxBytes?: number): Promise<Buffer> {
    return this.body.bytes(maxBytes);
  }

  /** The whole content, decoded as UTF-8. */
  async text(maxBytes?: number): Promise<string> {
    return (await this.body.bytes(maxBytes)).toString("utf8");
  }

  /** The whole content, parsed as JSON. Rejects with a `SyntaxError` where it is none. */
  async json(maxBytes?: number): Promise<unknown> {
    return JSON.parse(await this.text(maxBytes));
  }

  /** The request as the web's `Request`, for applications in the style of fetch. Its body reads this one's. */
  toWeb(): Request {
    const bodiless = this.method === "GET" || this.method === "HEAD";
    const target = this.target === "*" ? "/" : this.target; // a URL cannot say `*`
    return new Request(`${this.secure ? "https" : "http"}://${this.host || "localhost"}${target}`, {
      method: this.method,
      headers: [...this.headers],
      signal: this.signal,
      ...(bodiless ? {} : { body: ReadableStream.from(this.body), duplex: "half" }),
    } as RequestInit);
  }
}

/** The request that a module answers in its own protocol: the head, and the content, which came before the 101. */
export class OriginalRequest extends RequestInfo {
  /** The content, at most the module's `maxBody` bytes. Empty where there was none. */
  readonly body: Buffer;
  /** The trailer section's fields. */
  readonly trailers: Fields;

  constructor(head: ParsedHead, origin: RequestOrigin, body: Buffer, trailers: Fields) {
    super(head, origin);
    this.body = body;
    this.trailers = trailers;
  }
}

/** `scheme://authority/path?query` into authority and origin-form (RFC 9112 section 3.2.2; an empty path is `/`). */
function splitAbsoluteForm(target: string): [authority: string, originForm: string] {
  const start = target.indexOf("://") + 3;
  const length = target.slice(start).search(/[/?]/);
  if (length === -1) {
    return [target.slice(start), "/"];
  }
  const rest = target.slice(start + length);
  return [target.slice(start, start + length), rest.startsWith("/") ? rest : `/${rest}`];
}
