import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import type { Served } from "./index.ts";

/** Where every server listens. */
export const where = { port: 0, host: "127.0.0.1" } as const;

/** Has a server of Node's listen. */
export async function listening(server: Server): Promise<Served> {
  server.listen(where);
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port };
}
