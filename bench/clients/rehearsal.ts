import { once } from "node:events";
import { inflateRawSync, constants as zlib } from "node:zlib";
import { RawClient, type SeenResponse } from "../../test/support/raw-client.ts";
import { sampleAccept, takeFrame } from "../../test/support/websocket-frames.ts";
import { frameOf, serverFrame } from "../suites/frames.ts";
import { scriptOf } from "../suites/script.ts";
import { body, payloadOf, type Workload } from "../suites/workload.ts";
import { connectSecurely } from "./link.ts";

/** How many bytes a server's answers have: to the opening, and to what is said again and again. */
export interface Heard {
  readonly opening: number;
  readonly unit: number;
}

/**
 * One conversation that is read in full, before the many whose bytes are only counted: the server does what the workload asks
 * of it.
 */
export async function rehearse(port: number, workload: Workload): Promise<Heard> {
  const client = workload.secure ? await secureClient(port) : await RawClient.connect(port);
  const { opening, unit } = scriptOf(workload);
  const bytes = { opening: 0, unit: 0 };
  if (opening !== undefined) {
    client.send(opening.says);
    bytes.opening = await readOpening(client, workload);
  }
  if (workload.does !== "idle") {
    client.send(unit.says);
    bytes.unit = await (workload.does === "connections" ? readOpening : readUnit)(client, workload);
  }
  expect("bytes too many", client.pending, "");
  client.end();
  await client.gone();
  return bytes;
}

async function secureClient(port: number): Promise<RawClient> {
  const socket = connectSecurely(port);
  await once(socket, "secureConnect");
  expect("the version of TLS", socket.getProtocol(), "TLSv1.3");
  expect("the protocol in it", socket.alpnProtocol, "http/1.1");
  expect("the certificate", socket.authorized, true);
  return new RawClient(socket);
}

async function readOpening(client: RawClient, workload: Workload): Promise<number> {
  if (workload.speaks === "http") {
    return readResponse(client);
  }
  const response = await client.response();
  expect("the status", response.status, 101);
  if (workload.speaks === "bench/1") {
    const line = "GET /\n";
    expect("the answer", await client.take(line.length), line);
    return headBytes(response) + line.length;
  }
  const extension = response.field("Sec-WebSocket-Extensions") ?? "";
  expect("the accept hash", response.field("Sec-WebSocket-Accept"), sampleAccept);
  expect("permessage-deflate", extension.startsWith("permessage-deflate"), workload.deflate);
  expect("no context takeover", extension.includes("server_no_context_takeover"), workload.deflate);
  return headBytes(response);
}

async function readUnit(client: RawClient, workload: Workload): Promise<number> {
  switch (workload.speaks) {
    case "bench/1": {
      const payload = payloadOf(workload.message).toString("latin1");
      expect("the echo", await client.take(payload.length), payload);
      return payload.length;
    }
    case "websocket":
      return readMessage(client, workload);
    default:
      return readResponse(client);
  }
}

async function readResponse(client: RawClient): Promise<number> {
  const response = await client.response();
  expect("the status", response.status, 200);
  expect("the content", response.body, body);
  return headBytes(response) + body.length;
}

async function readMessage(client: RawClient, workload: Workload): Promise<number> {
  const { deflate } = workload;
  const message = frameOf(workload);
  const seen = await takeFrame(client);
  const payload = deflate ? inflateRawSync(seen.payload, { finishFlush: zlib.Z_SYNC_FLUSH }) : seen.payload;
  expect("the last frame of a message", seen.fin, true);
  expect("RSV1 to 3", seen.rsv, deflate ? 4 : 0);
  expect("the opcode", seen.opcode, message.opcode);
  expect("the message", payload.toString("latin1"), message.payload.toString("latin1"));
  return serverFrame({ ...message, payload: seen.payload }).length;
}

/** With the empty line. */
function headBytes({ head }: SeenResponse): number {
  return head.length + 4;
}

function expect(what: string, seen: unknown, wanted: unknown): void {
  if (seen !== wanted) {
    throw new Error(`${what}: ${String(seen).slice(0, 300)} instead of ${String(wanted).slice(0, 300)}`);
  }
}
