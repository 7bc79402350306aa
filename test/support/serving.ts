import type { AddressInfo } from "node:net";
import { createServer, type ModuleError, type Server, type ServerOptions } from "turnout";
import { RawClient } from "./raw-client.ts";

/** A server on a free port of loopback, the clients that came to it, and what it reported. */
export interface Serving {
  readonly server: Server;
  readonly port: number;
  /** Reported failures of modules and the application, in order. */
  readonly faults: readonly ModuleError[];
  connect(): Promise<RawClient>;
}

/** Runs `test` against a server, and closes everything afterwards, also when it fails. */
export async function serving(options: ServerOptions, test: (serving: Serving) => Promise<void>): Promise<void> {
  const server = createServer(options);
  const faults: ModuleError[] = [];
  const clients: RawClient[] = [];
  server.on("fault", (error) => faults.push(error));
  const { port } = (await server.listen({ port: 0, host: "127.0.0.1" })) as AddressInfo;
  const connect = async (): Promise<RawClient> => {
    const client = await RawClient.connect(port);
    clients.push(client);
    return client;
  };
  try {
    await test({ server, port, faults, connect });
  } finally {
    for (const { stream } of clients) {
      stream.destroy();
    }
    await server.close({ graceMs: 0 });
  }
}
