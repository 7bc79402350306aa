/** The bundled protocols by the names that `--protocols` knows. */
export type BundledName = "websocket" | "http2" | "tls" | "echo" | "example";

/** Their Upgrade tokens, in the order of registration. */
export const bundled: Readonly<Record<BundledName, readonly string[]>> = {
  websocket: ["websocket"],
  http2: ["h2c"],
  tls: [], // Upgrade to TLS is off: together with TLS from the first byte on, it could be desynchronised
  echo: ["echo/1"],
  example: ["example/1", "foo/2"],
};

/** The Upgrade tokens of some protocols. */
export function tokensOf(protocols: readonly BundledName[]): readonly string[] {
  return protocols.flatMap((name) => bundled[name]);
}
