import { body, payloadOf, type Workload } from "../suites/workload.ts";
import type { Order, Served } from "./index.ts";
import { requirePeer, uWebSocketsBinary } from "./peers.ts";

interface UwsSocket {
  send(message: ArrayBuffer | string, isBinary: boolean): number;
  subscribe(topic: string): boolean;
}

interface UwsResponse {
  writeHeader(name: string, value: string): UwsResponse;
  end(body: string): void;
}

interface UwsBehavior {
  readonly maxPayloadLength: number;
  readonly maxBackpressure: number;
  open(socket: UwsSocket): void;
  message(socket: UwsSocket, message: ArrayBuffer, isBinary: boolean): void;
}

interface UwsApp {
  any(pattern: string, handler: (response: UwsResponse) => void): UwsApp;
  ws(pattern: string, behavior: UwsBehavior): UwsApp;
  listen(host: string, port: number, listening: (token: object | false) => void): UwsApp;
  publish(topic: string, message: ArrayBuffer | string, isBinary: boolean): boolean;
}

interface Uws {
  App(): UwsApp;
  us_socket_local_port(token: object): number;
}

const mib = 1024 * 1024;

export function serve({ workload }: Order): Promise<Served> {
  const uws = requirePeer(uWebSocketsBinary) as Uws;
  const app = uws.App();
  if (workload.speaks === "websocket") {
    app.ws("/*", behavior(app, workload));
  } else {
    app.any("/*", (response) => response.writeHeader("Content-Type", "text/plain").end(body));
  }
  return new Promise((resolve, reject) => {
    app.listen("127.0.0.1", 0, (token) =>
      token === false ? reject(new Error("no port")) : resolve({ port: uws.us_socket_local_port(token) }),
    );
  });
}

/** A broadcast is a topic's: the server frames the message once. */
function behavior(app: UwsApp, { does, message }: Workload): UwsBehavior {
  const text = payloadOf(message).toString("latin1");
  return {
    maxPayloadLength: 16 * mib,
    maxBackpressure: 64 * mib,
    open: (socket) => {
      if (does === "broadcast") {
        socket.subscribe("all");
      }
    },
    message: (socket, data, isBinary) => {
      if (does === "broadcast") {
        app.publish("all", text, false);
      } else {
        socket.send(data, isBinary);
      }
    },
  };
}
