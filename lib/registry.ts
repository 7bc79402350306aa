import { UsageError } from "./errors.ts";
import { isProtocol, protocolKey } from "./http/upgrade-list.ts";
import { ProtocolModule } from "./protocol-module.ts";

/** One token of one module, as registered: what deciding needs, read once. */
export interface Registration {
  readonly module: ProtocolModule<unknown>;
  /** The registered spelling. */
  readonly token: string;
  /** Place in the server's order of preference. */
  readonly rank: number;
  /** The value of the Upgrade field in the 101. */
  readonly upgrade: string;
  readonly methods: ReadonlySet<string> | "*";
  readonly hopFields: readonly string[];
  readonly maxBody: number;
}

/** The protocols that a server can switch to. */
export class Registry {
  readonly #byKey: Map<string, Registration> = new Map();
  /** All tokens, in the server's order, as the Upgrade field names them; `""` where there are none. */
  readonly advertisement: string;
  /** What TLS can be told that is spoken inside it, in the server's order (RFC 7301). */
  readonly alpn: readonly string[];
  /** The modules that know their protocol by its opening bytes. */
  readonly detectors: readonly ProtocolModule<unknown>[];

  constructor(modules: readonly ProtocolModule<unknown>[]) {
    this.alpn = [...modules.flatMap(({ alpn }) => alpn), "http/1.1"];
    this.detectors = modules.filter(({ detect }) => detect !== ProtocolModule.prototype.detect);
    for (const module of modules) {
      for (const token of module.tokens) {
        this.#add(module, token);
      }
    }
    this.advertisement = [...this.#byKey.values()].map(({ token }) => token).join(", ");
  }

  find(offer: string): Registration | undefined {
    return this.#byKey.get(protocolKey(offer));
  }

  #add(module: ProtocolModule<unknown>, token: string): void {
    const name = module.constructor.name;
    for (const protocol of [token, ...module.above]) {
      if (!isProtocol(protocol)) {
        throw new UsageError("ERR_TURNOUT_TOKEN", `${name}: ${JSON.stringify(protocol)} is not name[/version]`);
      }
    }
    const key = protocolKey(token);
    const other = this.#byKey.get(key);
    if (other !== undefined) {
      const otherName = other.module.constructor.name;
      throw new UsageError("ERR_TURNOUT_TOKEN_TAKEN", `${name}: ${otherName} has the token ${token} already`);
    }
    this.#byKey.set(key, {
      module,
      token,
      rank: this.#byKey.size,
      upgrade: [token, ...module.above].join(", "),
      methods: module.methods === "*" ? "*" : new Set(module.methods),
      hopFields: module.hopFields.map((field) => field.toLowerCase()),
      maxBody: module.maxBody,
    });
  }
}
