import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";

/** None of these is documented: a native socket is `_parent`; any other stream has a wrapper, of which the handle knows. */
type Undocumented = TLSSocket & {
  readonly _parent?: Duplex | null;
  readonly ssl?: { readonly _parentWrap?: { readonly stream?: Duplex } } | null;
};

/** The stream that a TLS socket was made of. `tls.Server` does not say which of those that it was given has become secure. */
export function originOf(socket: TLSSocket): Duplex | undefined {
  const { _parent: parent, ssl } = socket as Undocumented;
  return parent ?? ssl?._parentWrap?.stream;
}
