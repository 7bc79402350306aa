import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";

/**
 * The stream that a TLS socket was made of. `tls.Server` does not say which of the streams that it was given has become
 * secure; the property that does is not documented.
 */
export function originOf(socket: TLSSocket): Duplex | undefined {
  return (socket as TLSSocket & { readonly _parent?: Duplex })._parent;
}
