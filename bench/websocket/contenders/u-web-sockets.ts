import { requirePeer, uWebSocketsBinary } from "../peers.ts";
import type { Workload } from "../workloads.ts";

interface UwsSocket {
  send(message: ArrayBuffer | string, isBinary: boolean): number;
  subscribe(topic: string): boolean;
}

interface UwsBehavior {
  readonly maxPayloadLength: number;
  readonly maxBackpressure: number;
  open(socket: UwsSocket): void;
  message(socket: UwsSocket, message: ArrayBuffer, isBinary: boolean): void;
}

interface UwsApp {
  ws(pattern: string, behavior: UwsBehavior): UwsApp;
  listen(host: string, port: number, listening: (token: object | false) => void): UwsApp;
  publish(topic: string, message: ArrayBuffer | string, isBinary: boolean): boolean;
}

interface Uws {
  App(): UwsApp;
  us_socket_local_port(token: object): number;
}

const mib = 1024 * 1024;

/** A broadcast is a topic's: the server frames the message once. */
export function serve({ kind, message }: Workload): Promise<number> {
  const uws = requirePeer(uWebSocketsBinary) as Uws;
  const app = uws.App();
  const text = message.payload.toString("latin1");
  app.ws("/*", {
    maxPayloadLength: 16 * mib,
    maxBackpressure: 64 * mib,
    open: (socket) => {
      if (kind === "broadcast") {
        socket.subscribe("all");
      }
    },
    message: (socket, data, isBinary) => {
      if (kind === "broadcast") {
        app.publish("all", text, false);
      } else {
        socket.send(data, isBinary);
      }
    },
  });
  return new Promise((resolve, reject) => {
    app.listen("127.0.0.1", 0, (token) =>
      token === false ? reject(new Error("no port")) : resolve(uws.us_socket_local_port(token)),
    );
  });
}
