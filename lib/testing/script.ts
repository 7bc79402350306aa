/** A request that offers a module's protocol, and what the client says once it is switched. */
export interface Script {
  /** Default GET. */
  readonly method?: string;
  /** Default `/`. */
  readonly target?: string;
  /** Further fields. Those that are named in the module's `hopFields` are named in Connection by themselves. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** The token to offer. Default: the module's first. */
  readonly token?: string;
}

/** The request's bytes. */
export function requestBytes(
  { method = "GET", target = "/", headers = {}, body = "", token }: Script,
  module: { readonly tokens: readonly string[]; readonly hopFields: readonly string[] },
): Buffer {
  const content = Buffer.from(body as string);
  const lines = [
    `${method} ${target} HTTP/1.1`,
    "Host: localhost",
    `Connection: ${["Upgrade", ...module.hopFields].join(", ")}`,
    `Upgrade: ${token ?? module.tokens[0]}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(content.length > 0 ? [`Content-Length: ${content.length}`] : []),
    "",
    "",
  ];
  return Buffer.concat([Buffer.from(lines.join("\r\n"), "latin1"), content]);
}
