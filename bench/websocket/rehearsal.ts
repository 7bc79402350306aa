import { inflateRawSync, constants as zlib } from "node:zlib";
import { RawClient } from "../../test/support/raw-client.ts";
import { openWebSocket, sampleAccept, takeFrame } from "../../test/support/websocket-frames.ts";
import { clientFrame, offers, serverFrame, trigger } from "./frames.ts";
import { onTheWire, type Workload } from "./workloads.ts";

/**
 * One conversation that is read in full, before the many whose bytes are only counted: the server does what the workload asks
 * of it. Gives the bytes of one answer.
 */
export async function rehearse(port: number, workload: Workload): Promise<number> {
  const client = await RawClient.connect(port);
  const response = await openWebSocket(client, offers(workload.deflate));
  const extension = response.field("Sec-WebSocket-Extensions") ?? "";
  expect("the accept hash", response.field("Sec-WebSocket-Accept"), sampleAccept);
  expect("permessage-deflate", extension.startsWith("permessage-deflate"), workload.deflate);
  expect("no context takeover", extension.includes("server_no_context_takeover"), workload.deflate);
  const bytes = await answer(client, workload);
  client.end();
  await client.gone();
  return bytes;
}

async function answer(client: RawClient, workload: Workload): Promise<number> {
  const { kind, message, deflate } = workload;
  if (kind === "handshakes" || kind === "idle") {
    return 0;
  }
  client.send(clientFrame(kind === "echo" ? onTheWire(workload) : trigger));
  const seen = await takeFrame(client);
  const payload = deflate ? inflateRawSync(seen.payload, { finishFlush: zlib.Z_SYNC_FLUSH }) : seen.payload;
  expect("the last frame of a message", seen.fin, true);
  expect("RSV1 to 3", seen.rsv, deflate ? 4 : 0);
  expect("the opcode", seen.opcode, message.opcode);
  expect("the message", payload.toString("latin1"), message.payload.toString("latin1"));
  return serverFrame({ ...message, payload: seen.payload }).length;
}

function expect(what: string, seen: unknown, wanted: unknown): void {
  if (seen !== wanted) {
    throw new Error(`${what}: ${String(seen).slice(0, 300)} instead of ${String(wanted).slice(0, 300)}`);
  }
}
