import { once } from "node:events";
import type { Socket } from "node:net";
import type { ServerOptions } from "turnout";
import { deliveries } from "./cuts.ts";
import { servingBehind, tcpFront } from "./fronts.ts";
import type { RawClient } from "./raw-client.ts";

/** Sends each piece when the server has read the one before: each comes in a read of its own. */
export async function deliver(client: RawClient, socket: Socket, pieces: readonly Buffer[]): Promise<void> {
  for (const piece of pieces) {
    const read = once(socket, "data");
    client.send(piece);
    await read;
  }
}

/**
 * Sends `bytes` and a FIN in every way in which the network may cut them, each time on a new connection to one server.
 * `check` gets all that the server sent until its own FIN.
 */
export function overEveryDelivery(
  options: ServerOptions,
  bytes: string,
  check: (output: string, how: string) => void,
): Promise<void> {
  return servingBehind(tcpFront, options, async ({ connect, sockets }) => {
    for (const { how, pieces } of deliveries(Buffer.from(bytes, "latin1"))) {
      const client = await connect();
      await deliver(client, sockets.at(-1)!, pieces);
      check(await client.end().rest(), how);
      client.stream.destroy();
    }
  });
}
