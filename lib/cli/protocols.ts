import type { ProtocolModule } from "turnout";
import { EchoProtocol } from "turnout/echo";
import { ExampleProtocol } from "turnout/example";
import { Http2Protocol } from "turnout/http2";
import type { BundledName } from "./bundled.ts";
import type { Tls } from "./tls.ts";

/** What the modules need to be made. */
export interface ModuleOptions {
  readonly protocols: readonly BundledName[];
  /** Where it is spoken. */
  readonly tls: Tls | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: each module has a State of its own, which only it sees
  readonly webSocket: ProtocolModule<any>;
}

/** The modules of the protocols that are spoken, in their order. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export function makeModules({ protocols, tls, webSocket }: ModuleOptions): ProtocolModule<any>[] {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const make: Readonly<Record<BundledName, () => ProtocolModule<any>>> = {
    websocket: () => webSocket,
    http2: () => new Http2Protocol(),
    tls: () => tls!.protocol,
    echo: () => new EchoProtocol(),
    example: () => new ExampleProtocol(),
  };
  return protocols.map((name) => make[name]());
}
