import { type ServerWebSocket, type WebSocketOptions, WebSocketProtocol } from "turnout/websocket";
import { losingNothing } from "./lost-rejections.ts";
import type { RawClient } from "./raw-client.ts";
import { type Serving, serving } from "./serving.ts";
import { type HandshakeFields, openWebSocket } from "./websocket-frames.ts";

/** A server with one WebSocket module. */
export interface WebSocketServing<State> extends Serving {
  readonly protocol: WebSocketProtocol<State>;
  /** Opens a socket: both of its ends. */
  open(fields?: HandshakeFields): Promise<{ readonly client: RawClient; readonly socket: ServerWebSocket<State> }>;
}

/** Runs `test` against a server that has one WebSocket module, and closes everything afterwards. */
export function servingWebSockets<State = undefined>(
  options: WebSocketOptions<State>,
  test: (serving: WebSocketServing<State>) => Promise<void>,
): Promise<void> {
  const protocol = new WebSocketProtocol<State>(options);
  return losingNothing(() =>
    serving({ protocols: [protocol] }, (all) =>
      test({
        ...all,
        protocol,
        open: async (fields) => {
          const before = new Set(protocol.sockets);
          const client = await all.connect();
          await openWebSocket(client, fields);
          const [socket] = [...protocol.sockets].filter((one) => !before.has(one));
          return { client, socket: socket! };
        },
      }),
    ),
  );
}
