import type { Server as HttpServer, IncomingMessage } from "node:http";
import { type Duplex, duplexPair } from "node:stream";
import { pipeline } from "node:stream/promises";
import { nodeHttp } from "./http/node-http.ts";
import type { HttpRequest } from "./http/request.ts";
import { RequestBody } from "./http/request-body.ts";
import type { ResponseLike } from "./http/response.ts";
import type { Respond } from "./options.ts";

/** Fields that belong to a connection, or that the core has dealt with. */
const ownFields = new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Has an http.Server answer what came otherwise than over HTTP/1.1, such as the streams of HTTP/2: each request goes to it over a
 * connection in memory, so that any application will do.
 */
export function respondInMemory(http: HttpServer): Respond {
  return (request) =>
    new Promise((resolve, reject) => {
      const [near, far] = connectionInMemory();
      showOrigin(far, request);
      http.emit("connection", far);
      const hasBody = request.body !== RequestBody.empty;
      const sent = nodeHttp.request({
        createConnection: () => near as never,
        method: request.method,
        path: request.target,
        headers: fieldsFor(request, hasBody) as never,
        signal: request.signal,
      });
      sent.on("error", reject);
      sent.on("response", (response) => resolve(responseOf(response, near)));
      if (hasBody) {
        pipeline(request.body, sent).catch(reject);
      } else {
        sent.end();
      }
    });
}

/** Two ends, of which each hears that the other has broken off; a pair of node 20 would not. */
function connectionInMemory(): [near: Duplex, far: Duplex] {
  const [near, far] = duplexPair();
  far.on("error", () => {}); // the near end tells
  far.once("close", () => {
    if (!far.writableFinished) {
      near.destroy(new Error("the http.Server has broken off"));
    }
  });
  near.once("close", () => far.destroy());
  return [near, far];
}

/** Names and values in turn, as they came. */
function fieldsFor(request: HttpRequest, hasBody: boolean): string[] {
  const fields = [...request.headers].filter(([name]) => !ownFields.has(name.toLowerCase()) && name !== "host");
  const framing = hasBody && !request.headers.has("content-length") ? [["Transfer-Encoding", "chunked"]] : [];
  return [["Host", request.host], ...fields, ...framing, ["Connection", "close"]].flat();
}

function responseOf(response: IncomingMessage, near: Duplex): ResponseLike {
  const { rawHeaders, statusCode } = response;
  const headers: [string, string][] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    headers.push([rawHeaders[at]!, rawHeaders[at + 1]!]);
  }
  response.once("close", () => near.destroy());
  return {
    status: statusCode!,
    headers: headers.filter(([name]) => !ownFields.has(name.toLowerCase())),
    body: response,
  };
}

/** What applications ask of a request's socket. */
function showOrigin(far: Duplex, { peer, secure }: HttpRequest): void {
  Object.assign(far, { remoteAddress: peer.address, remotePort: peer.port, encrypted: secure });
}
