import type { AddressInfo } from "node:net";
import { createServer } from "../../../lib/index.ts";
import { WebSocketProtocol } from "../../../protocols/websocket/index.ts";
import { compression, type Workload } from "../workloads.ts";

/** Text is handed over and sent as a string, which is how an application gets it. */
export async function serve({ kind, message, deflate }: Workload): Promise<number> {
  const text = message.payload.toString("latin1");
  const protocol: WebSocketProtocol = new WebSocketProtocol({
    origin: "any",
    perMessageDeflate: deflate && { ...compression, contextTakeover: false },
    message:
      kind === "broadcast"
        ? () => {
            protocol.broadcast(text);
          }
        : (socket, data) => {
            socket.send(data);
          },
  });
  const server = createServer({ protocols: [protocol] });
  return ((await server.listen({ port: 0, host: "127.0.0.1" })) as AddressInfo).port;
}
