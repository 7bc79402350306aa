/*
 * One server, in a process of its own: `node contender.js NAME`. Says its port on standard output.
 */
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer as createNetServer, type Server as NetServer } from "node:net";
import { type Answered, createServer, type OriginalRequest, ProtocolModule, type Transport } from "../../lib/index.ts";
import { body, firstLine, okHead, switchingHead } from "./workloads.ts";

class BenchProtocol extends ProtocolModule {
  readonly tokens: readonly string[] = ["bench/1"];

  takeOver(request: OriginalRequest, transport: Transport): Answered {
    transport.onData = (chunk) => transport.write(chunk);
    return transport.answer(`${request.method} ${request.target}\n`);
  }
}

const contenders: Readonly<Record<string, () => Promise<AddressInfo>>> = {
  turnout: async () => {
    const server = createServer({
      protocols: [new BenchProtocol()],
      respond: () => ({ headers: { "Content-Type": "text/plain" }, body }),
    });
    return (await server.listen(where)) as AddressInfo;
  },
  "node:http": () => {
    const server = createHttpServer({ keepAliveTimeout: 60_000 }, (_request, response) => {
      response.removeHeader("Connection"); // and with it Keep-Alive: all contenders send the same bytes
      response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": body.length });
      response.end(body);
    });
    server.on("upgrade", (request, socket) => {
      socket.write(`${switchingHead}${request.method} ${request.url}\n`);
      socket.on("data", (chunk) => socket.write(chunk));
      socket.on("error", () => socket.destroy());
      socket.on("end", () => socket.end());
    });
    return listening(server);
  },
  /** The ceiling: canned bytes upon every read, nothing parsed. */
  "node:net": () => {
    const answer = okHead + body;
    const server = createNetServer({ noDelay: true }, (socket) => {
      let echoes = false;
      socket.on("data", (chunk) => {
        if (echoes) {
          socket.write(chunk);
        } else if (chunk.length > 70 && chunk.length < 100) {
          echoes = true;
          socket.write(switchingHead + firstLine, "latin1");
        } else {
          socket.write(chunk.length < 70 ? answer : answer.repeat(Math.round(chunk.length / 35)), "latin1");
        }
      });
      socket.on("error", () => socket.destroy());
    });
    return listening(server);
  },
};

const where = { port: 0, host: "127.0.0.1" };

function listening(server: NetServer): Promise<AddressInfo> {
  return new Promise((resolve) => {
    server.listen(where, () => resolve(server.address() as AddressInfo));
  });
}

const { port } = await contenders[process.argv[2]!]!();
process.stdout.write(`${port}\n`);
process.stdin.resume().on("end", () => process.exit()); // nobody is left to measure
